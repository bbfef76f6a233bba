"""The crossbar macro: its sizes, its timing, where each OU lies in it and what its cells hold.

``docs/crossbar-macro.md`` is the page for whoever builds one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from arch.geometry import Geometry
from arch.index_fields import range_bits
from arch.tables import LayerTable, MappingTables
from arch.tiles import ous_by_tile
from arch.words import Field, WordLayout

__all__ = ["LATENCY_MAX", "MACRO_LATENCY", "MacroShape", "count_crossbars", "macro_words"]

MACRO_LATENCY = 2
"""Cycles from a sample to its codes unless stated otherwise: as fast as the emulated crossbar."""
LATENCY_MAX = 64
"""The longest latency."""
_PINS = 2
"""Cycles from a plane of the OU controller to the pins: the slot memory, and a register."""


@dataclass(frozen=True, kw_only=True)
class MacroShape:
    """Everything that a crossbar macro is told before it is built.

    Parameters
    ----------
    geometry : Geometry
        Crossbar, OU and converters.
    crossbars : int
        Crossbars of all layers, one after the other, of the tile that has most; each is two arrays
        when differential.
    latency : int
        Cycles from a sample to its codes, 1 to :data:`LATENCY_MAX`.

    Raises
    ------
    :exc:`ValueError`
        If a number is out of range.
    """

    geometry: Geometry
    crossbars: int
    latency: int = MACRO_LATENCY

    def __post_init__(self) -> None:
        if self.crossbars < 1:
            raise ValueError(f"crossbars must be at least 1, not {self.crossbars}")
        if not 1 <= self.latency <= LATENCY_MAX:
            raise ValueError(f"latency must be 1 to {LATENCY_MAX}, not {self.latency}")

    @property
    def conversion(self) -> int:
        """Cycles from a plane of the OU controller to its codes."""
        return _PINS + self.latency

    @property
    def slot_layout(self) -> WordLayout:
        """Where an OU lies, as the pins of the macro take it."""
        sizes = {
            "crossbar": self.crossbars,
            "slot_row": self.geometry.slot_rows,
            "slot_col": self.geometry.slot_cols,
        }
        return WordLayout(
            tuple(Field(name, max(1, range_bits(size))) for name, size in sizes.items())
        )

    @property
    def line_layout(self) -> WordLayout:
        """The cells of one word line of a crossbar; bit line 0 is least significant."""
        return WordLayout((Field("levels", self.geometry.cell_bits, self.geometry.cols),))


def count_crossbars(tables: MappingTables) -> int:
    """Crossbars of all layers together in the macro of a tile, at least one.

    Differential encoding counts pairs. Every tile has a macro of this size.
    """
    tiles = tables.geometry.tiles
    return max(1, *(sum(_crossbars(tables, tile)) for tile in range(tiles)))


def macro_words(
    tables: MappingTables, shape: MacroShape
) -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]:
    """Where the OUs lie in the macro of their tile, and the contents of its cells.

    The crossbars of a layer follow those of the layer before. A tile without OUs of a layer, which
    issues one OU without inputs, needs no crossbar: its OU drives no word line, wherever it is.

    Returns
    -------
    slots : tuple of tuple of int
        For each tile, one word an OU in issue order, laid out as :attr:`MacroShape.slot_layout`.
    lines : tuple of tuple of int
        For each tile, one word a word line, laid out as :attr:`MacroShape.line_layout`: word line
        by word line, crossbar by crossbar; all of the negative array follow all of the positive
        one.

    Raises
    ------
    :exc:`ValueError`
        If an OU lies outside of its crossbar, or two share a slot.
    """
    words = [_macro_words(tables, shape, tile) for tile in range(tables.geometry.tiles)]
    return tuple(slots for slots, _ in words), tuple(lines for _, lines in words)


def _macro_words(
    tables: MappingTables, shape: MacroShape, tile: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    geometry = shape.geometry
    size = (geometry.arrays, shape.crossbars, geometry.rows, geometry.cols)
    arrays = np.zeros(size, dtype=np.uint8)
    slots: list[int] = []
    taken: set[int] = set()
    first = 0
    for table, crossbars in zip(tables.layers, _crossbars(tables, tile), strict=True):
        ous = ous_by_tile(table, geometry.tiles)[tile].tolist()
        for ou, place in zip(ous, _places(table, ous, first, geometry), strict=True):
            word = shape.slot_layout.pack(place)
            inside = (
                place["slot_row"] < geometry.slot_rows and place["slot_col"] < geometry.slot_cols
            )
            if word in taken or not inside:
                reason = "shares its slot" if inside else "lies outside of its crossbar"
                raise ValueError(f"layer {table.spec.name}: OU {ou} {reason}")
            taken.add(word)
            slots.append(word)
            _store(arrays, table, ou, place, geometry)
        if not ous:
            slots.append(0)
        first += crossbars
    lines = [
        word for crossbar in arrays.reshape(-1, *size[2:]) for word in _words(crossbar, geometry)
    ]
    return tuple(slots), tuple(lines)


def _crossbars(tables: MappingTables, tile: int) -> list[int]:
    """Crossbars of each layer in a tile."""
    tiles = tables.geometry.tiles
    numbers = (table.crossbar[ous_by_tile(table, tiles)[tile]] // tiles for table in tables.layers)
    return [int(own.max()) + 1 if len(own) else 0 for own in numbers]


def _places(
    table: LayerTable, ous: Sequence[int], first: int, geometry: Geometry
) -> Iterator[dict[str, int]]:
    """Crossbar and slot of OUs of a tile, whose crossbars of the layer begin with ``first``."""
    for ou in ous:
        yield {
            "crossbar": first + int(table.crossbar[ou]) // geometry.tiles,
            "slot_row": int(table.slot_row[ou]),
            "slot_col": int(table.slot_col[ou]),
        }


def _store(
    arrays: np.ndarray, table: LayerTable, ou: int, place: Mapping[str, int], geometry: Geometry
) -> None:
    row, col = place["slot_row"] * geometry.ou_rows, place["slot_col"] * geometry.ou_cols
    lines, columns = slice(row, row + geometry.ou_rows), slice(col, col + geometry.ou_cols)
    arrays[0, place["crossbar"], lines, columns] = table.cells[ou]
    if table.cells_negative is not None:
        arrays[1, place["crossbar"], lines, columns] = table.cells_negative[ou]


def _words(levels: np.ndarray, geometry: Geometry) -> list[int]:
    """The word lines of a crossbar, uint8 levels of shape (rows, cols), as words."""
    bits = levels[..., None] >> np.arange(geometry.cell_bits, dtype=np.uint8) & 1
    packed = np.packbits(bits.reshape(len(levels), -1), axis=1, bitorder="little")
    return [int.from_bytes(line.tobytes(), "little") for line in packed]
