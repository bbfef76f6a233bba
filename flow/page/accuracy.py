"""Accuracy at each step from the float network to the crossbars."""

import math
from typing import Any

from flow.page.run import Run
from flow.page.scale import strip_scale

__all__ = ["accuracy", "wilson"]

_STEPS = (
    ("float", "dense, in floats", "the network as it was trained"),
    ("quantised", "dense, in integers", "weights and activations quantised, nothing pruned"),
    ("pruned", "pruned, in integers", "pruned, fine-tuned, quantised"),
    ("golden", "through the crossbars", "the golden model: OU by OU, with the ADC as it is"),
)
_Z = 1.959963984540054


def accuracy(run: Run) -> dict[str, Any] | None:
    """Each step with its accuracy and the interval that the number of test images leaves."""
    known = run.report["accuracy"]
    if not known:
        return None
    images = run.report["images"]["test"]
    rows = []
    for name, label, meaning in _STEPS:
        if name in known:
            low, high = wilson(known[name], images)
            rows.append(
                {
                    "label": label,
                    "meaning": meaning,
                    "value": known[name],
                    "low": low,
                    "high": high,
                    "change": known[name] - known["float"],
                }
            )
    scale = strip_scale(
        100 * min(row["low"] for row in rows), 100 * max(row["high"] for row in rows)
    )
    return {
        "images": run.report["images"],
        "rows": rows,
        "scale": scale,
        "image_points": 1 / images if images else 0,
    }


def wilson(share: float, images: int) -> tuple[float, float]:
    """The 95 % score interval of a share of so many images (Wilson, 1927); 0 to 1 if of none."""
    if not images:
        return 0.0, 1.0
    square = _Z * _Z
    middle = (share + square / (2 * images)) / (1 + square / images)
    half = (
        _Z
        * math.sqrt(share * (1 - share) / images + square / (4 * images * images))
        / (1 + square / images)
    )
    return max(0.0, middle - half), min(1.0, middle + half)
