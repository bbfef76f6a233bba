"""Cycles by formula and by RTL, layer by layer and for whole images."""

from typing import Any

from flow.page.run import Run

__all__ = ["cycles"]

_NETWORKS = (
    ("dense", "dense", "no segment pruned, every plane issued"),
    ("pruned", "pruned", "every plane issued"),
    ("skipping", "pruned, planes skipped", "planes in which no input has a one cost nothing"),
)


def cycles(run: Run) -> dict[str, Any] | None:
    """The layers of the cosimulation and what an image takes; None before the cosimulation."""
    report = run.report
    if "cosim" not in report:
        return None
    taken = report.get("image_cycles", {})
    most = max((taken[name]["most"] for name, *_ in _NETWORKS if name in taken), default=1)
    skips = bool(run.hardware.get("skip_zero_planes"))
    built = "skipping" if skips else "pruned"
    network = report["cosim"].get("network")
    return {
        "skips": skips,
        "layers": report["layers"],
        "totals": report["totals"],
        "images": [
            {
                "label": label,
                "meaning": meaning,
                "share": taken[name]["cycles"] / most,
                "built": name == built,
                **taken[name],
            }
            for name, label, meaning in _NETWORKS
            if name in taken
        ],
        "steps": network["steps"] if network else [],
        "network": network,
        "waited": bool(network) and network["images"] == 1,
        "cosim_images": report["cosim"]["images"],
        "positions": report["cosim"].get("positions"),
    }
