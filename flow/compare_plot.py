"""A picture of a comparison: what was reached, and how soon."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["best_so_far", "draw_comparison"]

_SIZE = (11.0, 4.4)
_DPI = 110
_MARKERS = "osD^vP*X"


def draw_comparison(
    path: Path, searches: Sequence[Mapping[str, Any]], logs: Mapping[str, Path], *, title: str
) -> None:
    """Write the picture: the drop against OUs, and the lowest cost so far against the episode.

    Parameters
    ----------
    searches : sequence of mapping
        What :func:`flow.compare_figures.search_figures` gives, with ``scheme`` and ``agent``.
    logs : mapping of str to Path
        Log of each search by its ``directory``; those that failed early have none.
    title : str
        Stands over it.
    """
    # Without pyplot: no state of the process, and no screen is looked for.
    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    reached, soon = figure.subplots(1, 2)
    schemes = {one["scheme"] for one in searches}
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in searches:
        label = f"{one['agent']}, {one['scheme']}" if len(schemes) > 1 else one["agent"]
        groups.setdefault(label, []).append(one)
    for number, (label, mine) in enumerate(groups.items()):
        style = {"color": f"C{number % 10}", "label": label}
        _draw_reached(reached, mine, style | {"marker": _MARKERS[number % len(_MARKERS)]})
        _draw_soon(soon, [logs[one["directory"]] for one in mine], style)
    reached.set_xlabel("OUs")
    reached.set_ylabel("test accuracy lost, points")
    soon.set_xlabel("episode")
    soon.set_ylabel("lowest cost so far that is allowed")
    for axes in (reached, soon):
        if axes.has_data():
            axes.legend()
    figure.savefig(path, metadata={"Software": None})


def best_so_far(log: Path) -> list[float]:
    """The lowest cost of an allowed policy up to each episode; NaN before the first."""
    best, costs = np.inf, []
    for text in log.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if line["event"] == "episode":
            best = min(best, line["cost"]) if line["allowed"] else best
            costs.append(best)
    return [cost if np.isfinite(cost) else float("nan") for cost in costs]


def _draw_reached(
    axes: Axes, searches: Sequence[Mapping[str, Any]], style: Mapping[str, Any]
) -> None:
    won = [one for one in searches if not one["problem"]]
    if not won:
        return
    ous, drops = [one["ous"] for one in won], [one["drop"] for one in won]
    axes.plot(ous, drops, linestyle="none", markersize=4, alpha=0.4, **{**style, "label": None})
    axes.plot([np.mean(ous)], [np.mean(drops)], linestyle="none", markersize=9, **style)


def _draw_soon(axes: Axes, logs: Sequence[Path], style: Mapping[str, Any]) -> None:
    curves = [best_so_far(log) for log in logs if log.is_file()]
    if not curves:
        return
    # Over the seeds; before the first allowed policy of the last of them there is no mean.
    values = np.array([curve[: min(map(len, curves))] for curve in curves])
    places = np.arange(values.shape[1])
    axes.plot(places, values.mean(axis=0), **style)
    axes.fill_between(
        places, values.min(axis=0), values.max(axis=0), color=style["color"], alpha=0.15
    )
