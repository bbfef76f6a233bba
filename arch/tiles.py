"""Tiles: layer datapaths side by side, and which of them has which OU.

A crossbar has one active OU a cycle, so it belongs to one tile: crossbar ``c`` to tile
``c % tiles``. OUs are dealt one after the other, OU ``n`` to tile ``n % tiles``, so that no tile
has more than one OU more than another, and all tiles see neighbours, whose inputs are alike.
"""

import numpy as np

from arch.geometry import Geometry
from arch.tables import LayerTable

__all__ = ["count_crossbars", "ous_by_tile", "place_ous", "tile_name"]


def place_ous(ous: int, geometry: Geometry) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the OUs of a layer lie: the crossbars of each tile are filled slot after slot.

    Returns
    -------
    crossbar, slot_row, slot_col : int32 array, shape (N,)
        As in :class:`arch.tables.LayerTable`.
    """
    place, tile = np.divmod(np.arange(ous, dtype=np.int32), np.int32(geometry.tiles))
    number, slot = np.divmod(place, np.int32(geometry.slots))
    return number * geometry.tiles + tile, slot // geometry.slot_cols, slot % geometry.slot_cols


def count_crossbars(ous: int, geometry: Geometry) -> int:
    """Crossbar numbers that :func:`place_ous` uses; differential encoding counts pairs."""
    most, others = divmod(ous, geometry.tiles)
    full, one = -(-most // geometry.slots), -(-(most + 1) // geometry.slots)
    return others * one + (geometry.tiles - others) * full


def ous_by_tile(table: LayerTable, tiles: int) -> list[np.ndarray]:
    """Numbers of the OUs of each tile, ascending: the order in which it issues them."""
    return [np.flatnonzero(table.crossbar % tiles == tile) for tile in range(tiles)]


def tile_name(name: str, tile: int, tiles: int) -> str:
    """What is called ``name`` in an engine of one tile, in ``tile`` of several."""
    return name if tiles == 1 else f"{name}{tile}"
