"""How many times less a pruned network takes, in the four ways that papers count."""

from collections.abc import Collection, Mapping

from arch.geometry import Geometry
from arch.tiles import count_crossbars

__all__ = ["COMPRESSIONS", "compression", "dense_and_stored_bits", "float32_crossbars"]

COMPRESSIONS = ("weights", "cells", "crossbars", "vs_float32")
"""Baselines of the four: dense weights; bits of all weights; dense crossbars at the same precision
and sign encoding; dense crossbars with 32 bits a weight in a positive and a negative array."""
_SIDES = {
    "weights": ("weights", "weights_kept"),
    "cells": ("cell_bits_dense", "cell_bits_stored"),
    "crossbars": ("crossbars_dense", "crossbars"),
    "vs_float32": ("crossbars_float32", "crossbars"),
}


def compression(layers: Collection[Mapping[str, int]]) -> dict[str, float | None]:
    """Dense / left, summed over layers, for each of :data:`COMPRESSIONS`.

    Parameters
    ----------
    layers : collection of mapping
        Of each layer ``weights``, ``weights_kept``, ``cell_bits_dense``, ``cell_bits_stored``,
        ``crossbars_dense``, ``crossbars`` and ``crossbars_float32``.

    Returns
    -------
    dict of str to float or None
        None if nothing is left.
    """
    found: dict[str, float | None] = {}
    for name in COMPRESSIONS:
        dense, left = (sum(layer[side] for layer in layers) for side in _SIDES[name])
        found[name] = dense / left if left else None
    return found


def dense_and_stored_bits(
    rows: int, cols: int, ous: int, geometry: Geometry, *, groups: int = 1
) -> tuple[int, int]:
    """Bits of all weights of a layer in its cells, and of every cell of its ``ous``."""
    cell = geometry.cell_bits * geometry.arrays
    dense = rows * cols // groups * geometry.slices * cell
    return dense, ous * geometry.ou_rows * geometry.ou_cols * cell


def float32_crossbars(rows: int, cols: int, geometry: Geometry, *, groups: int = 1) -> int:
    """Crossbars of the dense layer with 32 bits a weight, in a positive and a negative array.

    The matrices of groups are side by side, as in :func:`sw.mapping.counts.dense_count`.
    """
    columns = cols // groups * -(-32 // geometry.cell_bits)
    ous = groups * -(-(rows // groups) // geometry.ou_rows) * -(-columns // geometry.ou_cols)
    return count_crossbars(ous, geometry) * 2
