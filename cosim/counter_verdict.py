"""Judge the counters of a network engine, image by image."""

from collections.abc import Mapping, Sequence

import numpy as np

from arch.network_cycles import NetworkCycles
from arch.registers import COUNTER_BITS, COUNTERS, IDLE_CAUSES
from cosim.network_case import StepResult

__all__ = ["counts_of_images", "counts_of_model", "wrong_counters"]

_BEFORE_IMAGE = {"cycles", "idle_stopped", "idle_steps", "idle_load"}
"""What the first image of a run adds to, before its first byte is there."""


def counts_of_images(
    counters: np.ndarray, *, bits: int = COUNTER_BITS
) -> tuple[dict[str, int], ...]:
    """How much every counter grew in every image, modulo ``2**bits``.

    Parameters
    ----------
    counters : int64 array, shape (images, len(COUNTERS))
        :data:`arch.registers.COUNTERS` at the end of each image; all were zero at the beginning.
    bits : int
        Width of a counter, which wraps.
    """
    growth = [
        [count % (1 << bits) for count in row]
        for row in np.diff(counters, axis=0, prepend=0).tolist()
    ]
    return tuple(dict(zip(COUNTERS, row, strict=True)) for row in growth)


def counts_of_model(model: NetworkCycles, *, bits: int = COUNTER_BITS) -> dict[str, int]:
    """What one image adds to every counter when neither stream stalls, modulo ``2**bits``."""
    idle = {f"idle_{cause}": model.idle(cause) for cause in IDLE_CAUSES}
    counts = {"cycles": model.total, "images": 1, "planes": model.planes}
    counts |= idle | {"planes_skipped": model.skipped}
    return {name: counts[name] % (1 << bits) for name in COUNTERS}


def wrong_counters(
    counters: Sequence[Mapping[str, int]],
    steps: Sequence[StepResult],
    models: Sequence[NetworkCycles],
    *,
    exact: bool,
    bits: int = COUNTER_BITS,
) -> str:
    """The first disagreement of the counters, or an empty text.

    There must be an interrupt an image; planes and idle cycles must be the cycles of all tiles;
    cycles and planes must be those of the monitor, which counts by itself; planes that are skipped
    must be those of the model, and without stalls every count must be. All of it holds modulo
    ``2**bits``.

    Parameters
    ----------
    counters : sequence of mapping
        From :func:`counts_of_images`.
    steps : sequence of StepResult
        Every step of every image, as the monitor shows them.
    models : sequence of NetworkCycles
        What each image that ran must take.
    exact : bool
        Whether there were no stalls.
    bits : int
        Width of a counter, which wraps.
    """
    wrap = 1 << bits
    if len(counters) != len(models):
        return f"raised {len(counters)} interrupts, expected {len(models)}"
    for image, (counts, model) in enumerate(zip(counters, models, strict=True)):
        per_image, predicted = len(model.steps), counts_of_model(model)
        shown = steps[image * per_image : (image + 1) * per_image]
        expected = {
            "images": 1,
            "cycles": sum(step.cycles for step in shown),
            "planes": sum(step.planes for step in shown),
            "planes_skipped": model.skipped,
        }
        if exact:
            known = predicted.keys() - (set() if image else _BEFORE_IMAGE)
            expected |= {name: predicted[name] for name in COUNTERS if name in known}
        for name, count in expected.items():
            if counts[name] != count % wrap:
                return (
                    f"image {image}: counter {name} counted {counts[name]}, expected {count % wrap}"
                )
        idle = sum(counts[f"idle_{cause}"] for cause in IDLE_CAUSES)
        if (counts["planes"] + idle - counts["cycles"] * model.tiles) % wrap:
            tiles = f" of {model.tiles} tiles" if model.tiles > 1 else ""
            return (
                f"image {image}: {counts['planes']} planes and {idle} idle cycles are not "
                f"{counts['cycles']} cycles{tiles}"
            )
    return ""
