"""The summary: what was reached, and the four ways of saying how much smaller it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flow.page.numbers import count, decimal, factor, percent, points
from flow.page.run import Run

__all__ = ["summary"]

_COMPRESSIONS = (
    ("weights", "weights", "weights_kept", "weights"),
    ("cells", "cell_bits_dense", "cell_bits_stored", "bits"),
    ("crossbars", "crossbars_dense", "crossbars", "crossbars"),
    ("vs float32", "crossbars_float32", "crossbars", "crossbars"),
)
"""Name, what is counted dense and what is left, and the unit."""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One figure that stands out."""

    label: str
    value: str
    note: str


def summary(run: Run) -> dict[str, Any]:
    """Verdict, the figures that stand out, and the four compressions."""
    report = run.report
    return {
        "verdict": _verdict(report),
        "tiles": _tiles(run),
        "compressions": _compressions(report.get("layers", ())),
        "geometry": report.get("geometry"),
        "hardware": run.hardware,
    }


def _verdict(report: Mapping[str, Any]) -> dict[str, Any]:
    cosim = report.get("cosim")
    if cosim is None:
        return {"state": "open", "text": "Not cosimulated: nothing here is proven in RTL yet."}
    network = cosim.get("network") or {"outputs_compared": 0, "mismatches": 0}
    compared = report["totals"]["outputs_compared"] + network["outputs_compared"]
    wrong = report["totals"]["mismatches"] + network["mismatches"]
    late = [one["name"] for one in report["layers"] if one["cycles_rtl"] != one["cycles_model"]]
    if wrong:
        text = (
            f"{count(wrong)} of {count(compared)} outputs of the RTL differ from the golden model."
        )
        return {"state": "wrong", "text": text}
    text = f"All {count(compared)} outputs that were compared are equal in RTL and golden model"
    if late:
        return {"state": "wrong", "text": f"{text}, but cycles differ in {', '.join(late)}."}
    return {"state": "right", "text": f"{text}, and every layer takes the cycles of the formula."}


def _tiles(run: Run) -> list[Tile]:
    tiles, report = [], run.report
    accuracy = report["accuracy"]
    if "pruned" in accuracy:
        change = points(accuracy["pruned"] - accuracy["float"])
        tiles.append(
            Tile(
                label="test accuracy",
                value=percent(accuracy["pruned"], 2),
                note=f"pruned, in integers; {change} points to the dense float network",
            )
        )
    if totals := report.get("totals"):
        tiles += [
            Tile(
                label=label,
                value=count(totals[name]),
                note=f"of {count(totals[f'{name}_dense'])} dense: "
                f"{factor(_ratio(totals[f'{name}_dense'], totals[name]))} fewer",
            )
            for label, name in (("crossbars", "crossbars"), ("operation units", "ous"))
        ]
    if taken := report.get("image_cycles"):
        built = taken["skipping" if run.hardware.get("skip_zero_planes") else "pruned"]
        tiles.append(
            Tile(
                label="cycles an image",
                value=decimal(built["cycles"], 0),
                note=f"of {decimal(taken['dense']['cycles'], 0)} dense; an OU works in "
                f"{percent(built['ou_issue_utilisation'])} of them",
            )
        )
    return tiles


def _compressions(layers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for name, dense_key, left_key, unit in _COMPRESSIONS if layers else ():
        dense, left = (sum(layer[key] for layer in layers) for key in (dense_key, left_key))
        rows.append(
            {
                "name": name,
                "dense": dense,
                "left": left,
                "unit": unit,
                "factor": _ratio(dense, left),
                "share": left / dense,
            }
        )
    return rows


def _ratio(dense: int, left: int) -> float | None:
    return dense / left if left else None
