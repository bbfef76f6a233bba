"""Three pictures of a search: reward, accuracy against hardware cost, ratio of each layer."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sw.search.history import Episode, History, pareto_front
from sw.search.problem import Problem

__all__ = ["draw_plots"]

_SIZE = (7.0, 4.2)
_DPI = 110
_GREY, _BLUE, _ORANGE = "0.6", "tab:blue", "tab:orange"


def draw_plots(
    directory: Path, problem: Problem, history: History, winner: Episode | None, *, title: str
) -> None:
    """Write ``reward.png``, ``pareto.png`` and ``ratios.png``.

    Parameters
    ----------
    directory : Path
        Where; it is there.
    history : History
        At least one episode.
    winner : Episode or None
        The policy that was chosen.
    title : str
        Stands over each picture.
    """
    for name, draw in (("reward", _reward), ("pareto", _pareto), ("ratios", _ratios)):
        # Without pyplot: no state of the process, and no screen is looked for.
        figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set_title(title)
        draw(axes, problem, history, winner)
        figure.savefig(directory / f"{name}.png", metadata={"Software": None})


def _reward(axes: Axes, problem: Problem, history: History, winner: Episode | None) -> None:
    rewards = [episode.reward for episode in history.episodes]
    best = [max(rewards[: number + 1]) for number in range(len(rewards))]
    axes.plot(rewards, ".", color=_GREY, label="episode")
    axes.plot(best, color=_BLUE, label="best so far")
    if winner is not None:
        axes.plot(winner.number, winner.reward, "*", color=_ORANGE, markersize=12, label="chosen")
    axes.set_xlabel("episode")
    axes.set_ylabel(f"reward ({problem.reward})")
    axes.legend()


def _pareto(axes: Axes, problem: Problem, history: History, winner: Episode | None) -> None:
    episodes = history.distinct()
    front = pareto_front(episodes, lambda episode: -episode.accuracy)
    axes.plot(*_points(episodes), ".", color=_GREY, label="evaluated policy")
    axes.step(*_points(front), where="post", color=_BLUE, label="Pareto front")
    axes.axhline(100 * problem.dense_accuracy, color="black", linewidth=0.8, label="dense")
    bottom = [100 * episode.accuracy for episode in front]
    if problem.feedback == "accuracy":
        limit = 100 * (problem.dense_accuracy - problem.max_drop)
        axes.axhline(limit, color="black", linewidth=0.8, linestyle="--", label="allowed")
        bottom.append(limit)
    if winner is not None:
        axes.plot(*_points([winner]), "*", color=_ORANGE, markersize=12, label="chosen")
    axes.set_ylim(bottom=max(0.0, min(bottom) - 10))  # What is far below tells nothing.
    axes.set_xlabel(f"hardware cost ({problem.objective.name.replace('_', ' ')})")
    axes.set_ylabel("validation accuracy in the search, %")
    axes.legend()


def _ratios(axes: Axes, problem: Problem, history: History, winner: Episode | None) -> None:
    names = [layer.name for layer in problem.layers]
    shown = winner or history.best
    places = range(len(names))
    axes.bar(places, [layer.top_ratio for layer in problem.layers], color="0.9", label="largest")
    axes.bar(
        places, shown.ratios, width=0.6, color=_BLUE, label="chosen" if winner else "best reward"
    )
    axes.set_xticks(places, names, rotation=90 if len(names) > 8 else 0)
    axes.set_ylim(0, 1)
    axes.set_ylabel("pruned share of the segments")
    axes.legend()


def _points(episodes: Sequence[Episode]) -> tuple[list[float], list[float]]:
    costs = [episode.cost for episode in episodes]
    return costs, [100 * episode.accuracy for episode in episodes]
