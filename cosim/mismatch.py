"""Name the place of a mismatch: OU, plane, expected and seen."""

from collections.abc import Sequence

import numpy as np

from arch.fixed import ActFormat
from arch.geometry import Geometry
from arch.plane_counts import plane_mask
from cosim.golden import LayerTrace

__all__ = ["EVERY_OU_IS_RIGHT", "issued_order", "locate", "unpack_word"]

EVERY_OU_IS_RIGHT = (
    "every OU is right: look at the accumulators, the index of outputs or the requantisation"
)
"""Where to look if no tile went wrong."""


def unpack_word(word: int, count: int, bits: int, *, signed: bool = False) -> list[int]:
    """The elements of a word, ``count`` of ``bits`` bits each, the least significant first."""
    elements = [word >> (place * bits) & ((1 << bits) - 1) for place in range(count)]
    if not signed:
        return elements
    return [value - (value >> (bits - 1) << bits) for value in elements]


def issued_order(
    trace: LayerTrace,
    geometry: Geometry,
    *,
    skip_zero_planes: bool,
    ous: np.ndarray | None = None,
) -> list[tuple[int, int]]:
    """OU and plane of everything that a tile issues for an output position, in order.

    The tile has the OUs numbered ``ous``, or all of them.
    """
    planes = range(geometry.act_bits)
    numbers = np.arange(len(trace.drive)) if ous is None else ous
    masks = np.full(len(numbers), (1 << geometry.act_bits) - 1)
    if skip_zero_planes:
        masks = plane_mask(trace.drive[numbers], geometry.act_bits)
        if len(masks) and not masks[-1]:
            masks[-1] = 1  # a plane of zeros ends the position
    return [
        (ou, plane)
        for ou, mask in zip(numbers.tolist(), masks.tolist(), strict=True)
        for plane in reversed(planes)
        if mask >> plane & 1
    ]


def locate(
    trace: LayerTrace,
    geometry: Geometry,
    activation: ActFormat,
    *,
    codes: Sequence[int],
    values: Sequence[int],
    code_bits: int,
    value_bits: int,
    skip_zero_planes: bool = False,
    ous: np.ndarray | None = None,
) -> str:
    """Where a tile first left the golden model within one output position.

    Parameters
    ----------
    trace : LayerTrace
        The position, from the golden model.
    codes : sequence of int
        One word a plane, in issue order: the ADC codes of all bit lines.
    values : sequence of int
        One word an OU: what it added to its outputs.
    code_bits, value_bits : int
        Width of one code and of one value.
    skip_zero_planes : bool
        Whether the hardware issues only planes with a one.
    ous : int array, shape (n,), optional
        Numbers of the OUs of the tile; all unless given.

    Returns
    -------
    str
        One line; empty if every OU is right.
    """
    golden = trace.codes
    if trace.codes_negative is not None:
        golden = np.concatenate([trace.codes, trace.codes_negative], axis=2)
    columns = golden.shape[2]
    issued = issued_order(trace, geometry, skip_zero_planes=skip_zero_planes, ous=ous)
    if len(codes) < len(issued):
        return f"only {len(codes)} of {len(issued)} planes were issued"
    for (ou, plane), word in zip(issued, codes, strict=False):
        expected = _codes_of_plane(golden[ou], plane, activation)
        seen = unpack_word(word, columns, code_bits)
        for line, (want, got) in enumerate(zip(expected, seen, strict=True)):
            if want != got:
                return f"OU {ou}, plane {plane}, bit line {line}: ADC code {got}, expected {want}"
    for ou, word in zip(dict(issued), values, strict=False):
        seen = unpack_word(word, geometry.ou_weights, value_bits, signed=True)
        for column, (want, got) in enumerate(zip(trace.partials[ou].tolist(), seen, strict=True)):
            if want != got:
                return (
                    f"OU {ou}, weight column {column}: shift-and-add gave {got}, expected {want}, "
                    f"though all its ADC codes are right"
                )
    return ""


def _codes_of_plane(codes: np.ndarray, plane: int, activation: ActFormat) -> list[int]:
    if plane < activation.bits:
        row = codes[plane]
    elif activation.signed:
        row = codes[-1]  # The sign bit fills the planes above.
    else:
        row = np.zeros_like(codes[0])
    return [int(code) for code in row]
