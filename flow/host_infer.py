"""What ``ohmforge host DIR infer`` does and says."""

from collections.abc import Callable
from typing import Any

from arch.errors import InputError
from flow.host_session import Session
from host.inference import infer

__all__ = ["infer_lines", "run_images"]

_SHOWN = 10


def run_images(
    there: Session, count: int | None, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Run images of the run directory; tables are loaded first if the device has none.

    Parameters
    ----------
    count : int, optional
        The first so many; all unless given.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the run has fewer images, or the device is not one for it.
    """
    device, target = there.device, there.target
    known = there.run.images(target)
    codes, labels = known.codes, known.labels
    if count is not None and count > len(codes):
        raise InputError(f"--images must be at most {len(codes)}, those of {known.origin}")
    codes = codes[:count]
    loaded = target.loadable and not device.engine.fields("status")["loaded"]
    if loaded:
        device.check(target, tables=False)
        device.load(target)
    device.check(target)
    results = infer(device, target, codes, progress=progress, seconds=there.seconds)
    right = None if labels is None else int((results.index == labels[:count]).sum())
    return {
        "images": len(codes),
        "from": known.origin,
        "loaded": loaded,
        "right": right,
        "accuracy": None if right is None else right / len(codes),
        "seconds": results.seconds,
        "classes": results.index.tolist(),
        "labels": None if labels is None else labels[:count].tolist(),
        "results": results.values.tolist(),
    }


def infer_lines(found: dict[str, Any]) -> list[str]:
    """The same as lines: the first images one by one, then all together."""
    labels = found["labels"]
    lines = []
    for number, index in enumerate(found["classes"][:_SHOWN]):
        verdict = ""
        if labels is not None:
            verdict = "right" if labels[number] == index else f"not {labels[number]}"
        lines.append(f"image {number:<4} class {index:<4} {verdict}")
    if found["images"] > _SHOWN:
        lines.append(f"... and {found['images'] - _SHOWN} more (--json has all)")
    count = found["images"]
    lines.append(
        f"{count} images of {found['from']} in {found['seconds']:.3f} s by the clock of the line"
    )
    if found["right"] is not None:
        lines.append(f"accuracy {found['accuracy']:.2%}: {found['right']} of {count} classes right")
    return [line.rstrip() for line in lines]
