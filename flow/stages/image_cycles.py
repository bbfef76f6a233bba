"""Cycles of an image on the network engine: dense, pruned, and pruned with planes skipped."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from arch.network_cycles import NetworkCycles, image_cycles, network_cycles
from arch.network_program import build_network_program
from arch.tables import MappingTables
from cosim.golden import GoldenNetwork
from cosim.network_case import NetworkResult
from flow.hardware_section import HardwareSection

__all__ = ["cycles_of_images", "measured_images", "steps_of_image"]

Work = tuple[int, int]
"""Cycles, and planes issued by all tiles."""


def cycles_of_images(
    dense: MappingTables,
    pruned: MappingTables,
    hardware: HardwareSection,
    codes: np.ndarray,
    measured: Sequence[Work],
) -> dict[str, dict[str, Any]]:
    """What the report says of ``dense``, ``pruned`` and ``skipping``.

    Dense and pruned with every plane issued take the same for all images: the closed form, or for
    the pruned network what was measured. With planes skipped it depends on the image: what was
    measured, or the model.

    Parameters
    ----------
    dense, pruned : MappingTables
        The network without and with pruned segments.
    hardware : HardwareSection
        What was built.
    codes : int array, shape (n, C, H, W)
        Quantised images for the model; at least one.
    measured : sequence of tuple of int
        From :func:`measured_images`; empty if the network was not cosimulated.
    """
    every = hardware.network_built_as | {"skip_zero_planes": False}
    skipping = hardware.network_built_as | {"skip_zero_planes": True}
    closed = network_cycles(pruned, build_network_program(pruned, **every))
    # What the engine that is built can hold may be too little for this one.
    large = hardware.built_as | {"skip_zero_planes": False}
    full = network_cycles(dense, build_network_program(dense, **large))
    skips, tiles = hardware.skip_zero_planes, pruned.geometry.tiles
    taken_pruned = [] if skips else measured
    taken = measured if skips else []
    return {
        "dense": _figures([_work(full)], tiles, measured=False),
        "pruned": _figures(taken_pruned or [_work(closed)], tiles, measured=bool(taken_pruned)),
        "skipping": _figures(
            taken or [_work(model) for model in _models(pruned, skipping, codes)],
            tiles,
            measured=bool(taken),
        ),
    }


def steps_of_image(
    tables: MappingTables, hardware: HardwareSection, codes: np.ndarray, number: int
) -> dict[str, Any]:
    """What one image does, step by step, by the model: cycles, planes, and idle cycles by cause.

    Parameters
    ----------
    tables : MappingTables
        The network that was built.
    hardware : HardwareSection
        What was built.
    codes : int array, shape (n, C, H, W)
        Quantised images.
    number : int
        Which of them; it decides something only if planes are skipped.
    """
    built_as = hardware.network_built_as
    if hardware.skip_zero_planes:
        (model,) = _models(tables, built_as, codes[number : number + 1])
    else:
        model = network_cycles(tables, build_network_program(tables, **built_as))
    return {"image": number, **model.to_dict()}


def measured_images(run: NetworkResult, steps: int) -> list[Work]:
    """What each image of a run took by the counters of the hardware.

    The first step of a run begins before its first byte is there; it counts with the cycles of the
    model. Images that did not end are left out.

    Parameters
    ----------
    run : NetworkResult
        A run without stalls.
    steps : int
        Steps of an image.
    """
    images = []
    for start in range(0, len(run.steps) - steps + 1, steps):
        image = run.steps[start : start + steps]
        cycles = sum(step.cycles for step in image)
        if not start:
            cycles += image[0].cycles_model - image[0].cycles
        images.append((cycles, sum(step.planes for step in image)))
    return images


def _models(
    tables: MappingTables, built_as: dict[str, Any], codes: np.ndarray
) -> list[NetworkCycles]:
    program = build_network_program(tables, **built_as)
    golden = GoldenNetwork(tables)
    models = []
    for start in range(len(codes)):  # the feature maps of an image at a time
        image = codes[start : start + 1]
        outputs = golden.run(image)
        windows = {name: golden.inputs(name, image, outputs) for name in golden.layers}
        models.append(image_cycles(tables, program, windows))
    return models


def _work(model: NetworkCycles) -> Work:
    return model.total, model.planes


def _figures(images: Sequence[Work], tiles: int, *, measured: bool) -> dict[str, Any]:
    cycles = [taken for taken, _ in images]
    return {
        "cycles": sum(cycles) / len(cycles),
        "fewest": min(cycles),
        "most": max(cycles),
        "ou_issue_utilisation": sum(planes for _, planes in images) / (sum(cycles) * tiles),
        "images": len(cycles),
        "measured": measured,
    }
