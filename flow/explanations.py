"""What ``ohmforge explain`` says of a weight, an OU or a cycle of a run directory."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from arch.errors import InputError
from flow.explained_run import chosen_ratio, hardware_view, segment_rank
from sw.capture import identifier
from sw.mapping.cycle_explanation import explain_cycle
from sw.mapping.explanation import explain, explain_ou
from sw.mapping.explanation_text import cycle_lines, ou_lines, weight_lines

__all__ = ["Explained", "cycle_explained", "ou_explained", "weight_explained"]


@dataclass(frozen=True, kw_only=True)
class Explained:
    """An explanation, for programs and for people.

    Parameters
    ----------
    found : dict
        Plain values by name.
    lines : sequence of str
        The same, in words.
    """

    found: dict[str, Any]
    lines: Sequence[str]


def weight_explained(
    directory: Path, place: tuple[str, int, int], *, position: int | None
) -> Explained:
    """Explain the weight at a layer, row and column."""
    layer, row, col = identifier(place[0]), *place[1:]
    hardware = hardware_view(directory)
    weight = explain(
        hardware,
        layer,
        row,
        col,
        rank=segment_rank(directory, hardware.tables, (layer, row, col)),
        ratio=chosen_ratio(directory, layer),
        position=position,
    )
    return Explained(found=asdict(weight), lines=weight_lines(weight))


def ou_explained(
    directory: Path, layer: str, ou: int, *, plane: int | None, position: int | None
) -> Explained:
    """Explain an OU of a layer."""
    hardware = hardware_view(directory)
    unit = explain_ou(hardware, identifier(layer), ou, plane=plane, position=position)
    return Explained(found=asdict(unit), lines=ou_lines(unit))


def cycle_explained(
    directory: Path, layer: str | None, cycle: int, *, image: int | None, trust: bool
) -> Explained:
    """Explain a cycle of an image, or of a layer; ``trust`` lets functions of the run be called.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If an image is given though the engine skips no planes.
    """
    hardware = hardware_view(directory)
    if image is not None:
        if not hardware.may_skip:
            raise InputError("the engine skips no planes: leave --image out, all take these cycles")
        from flow.explained_image import image_windows  # which takes seconds to import

        windows = image_windows(directory, hardware.tables, image, trust=trust)
        hardware = hardware.for_image(windows)
    moment = explain_cycle(hardware, cycle, layer=None if layer is None else identifier(layer))
    return Explained(found=asdict(moment), lines=cycle_lines(moment))
