"""The index record of an OU, as the hardware reads it out of its memory."""

from collections.abc import Callable
from dataclasses import dataclass

from arch.geometry import Geometry
from arch.program import Program
from arch.tables import MappingTables
from arch.tiles import ous_by_tile, tile_name

__all__ = ["IndexEntry", "IndexField", "index_entry"]


@dataclass(frozen=True, kw_only=True)
class IndexField:
    """One element of a field.

    Parameters
    ----------
    name : str
        ``block`` or ``group``, or ``blocks``, ``lanes`` or ``outputs`` with the element in
        brackets.
    high, low : int
        Its bits in the word.
    value : int
        What they hold.
    meaning : str
        What follows from it.
    lane, column : int or None
        The word line or weight column of the OU that it is of; None if it is of all.
    """

    name: str
    high: int
    low: int
    value: int
    meaning: str
    lane: int | None = None
    column: int | None = None


@dataclass(frozen=True, kw_only=True)
class IndexEntry:
    """A word of the index memory of a tile.

    Parameters
    ----------
    memory : str
        Name of the memory, as in :attr:`arch.program.Program.memories`.
    address : int
        Its address; the same address of the cell memory holds the cells of the OU.
    bits, word : int
        Width and value.
    fields : tuple of IndexField
        The least significant first.
    """

    memory: str
    address: int
    bits: int
    word: int
    fields: tuple[IndexField, ...]

    @property
    def digits(self) -> str:
        """The word in hexadecimal, with all its digits."""
        return f"{self.bits}'h{self.word:0{-(-self.bits // 4)}x}"

    def of_weight(self, lane: int, column: int) -> tuple[IndexField, ...]:
        """The fields that feed a word line and take the result of a weight column."""
        return tuple(
            field
            for field in self.fields
            if field.lane in (None, lane) and field.column in (None, column)
        )


def index_entry(tables: MappingTables, program: Program, layer: str, ou: int) -> IndexEntry:
    """The index record of OU ``ou`` of a layer.

    Parameters
    ----------
    tables : MappingTables
        The tables that the program was made from.
    program : Program
        Memories of the layer engine.

    Raises
    ------
    :exc:`ValueError`
        If there is no such layer or OU.
    """
    table, tiles = tables.layer(layer), program.shape.tiles
    if not 0 <= ou < table.ous:
        raise ValueError(f"layer {layer} has no OU {ou}")
    tile = int(table.crossbar[ou]) % tiles
    memory = tile_name("index", tile, tiles)
    layout, words = program.memories[memory]
    address = 0
    for before in tables.layers:
        own = ous_by_tile(before, tiles)[tile]
        if before is table:
            address += int(own.searchsorted(ou))
            break
        address += max(1, len(own))
    word, low = words[address], 0
    values: dict[str, list[int]] = {}
    fields: list[tuple[str, int | None, int, int]] = []
    for field in layout.fields:
        for element in range(field.count or 1):
            value = word >> low & ((1 << field.bits) - 1)
            values.setdefault(field.name, []).append(value)
            fields.append((field.name, None if field.count is None else element, low, field.bits))
            low += field.bits
    meaning = _Meaning(tables.geometry, table.spec.rows, table.spec.cols, values)
    return IndexEntry(
        memory=memory,
        address=address,
        bits=layout.width,
        word=word,
        fields=tuple(
            IndexField(
                name=name if element is None else f"{name}[{element}]",
                high=low + bits - 1,
                low=low,
                value=values[name][element or 0],
                meaning=meaning.of(name, element or 0),
                lane=element if name in ("blocks", "lanes") else None,
                column=element if name == "outputs" else None,
            )
            for name, element, low, bits in fields
        ),
    )


class _Meaning:
    """What follows from the fields of a record, in words."""

    def __init__(
        self, geometry: Geometry, rows: int, cols: int, values: dict[str, list[int]]
    ) -> None:
        self._geometry = geometry
        self._rows = rows
        self._cols = cols
        self._values = values

    def of(self, name: str, element: int) -> str:
        """The meaning of an element of a field."""
        tell: dict[str, Callable[[int], str]] = {
            "block": self._block,
            "blocks": self._blocks,
            "lanes": self._lanes,
            "group": self._group,
            "outputs": self._outputs,
        }
        return tell[name](element)

    def _block(self, element: int) -> str:
        ou_rows = self._geometry.ou_rows
        first = self._values["block"][element] * ou_rows
        last = min(first + ou_rows, self._rows) - 1
        return f"word lines 0 to {last - first} carry inputs {first} to {last}"

    def _blocks(self, element: int) -> str:
        return f"word line {element} reads row block {self._values['blocks'][element]}"

    def _lanes(self, element: int) -> str:
        lane, ou_rows = self._values["lanes"][element], self._geometry.ou_rows
        if lane == ou_rows:
            return f"word line {element} carries no input"
        row = self._values["blocks"][element] * ou_rows + lane
        return f"of it lane {lane}: word line {element} carries input {row}"

    def _group(self, element: int) -> str:
        weights = self._geometry.ou_weights
        first = self._values["group"][element] * weights
        last = min(first + weights, self._cols) - 1
        return f"weight columns 0 to {last - first} add into outputs {first} to {last}"

    def _outputs(self, element: int) -> str:
        output = self._values["outputs"][element]
        if output >= self._cols:
            return f"weight column {element} adds into no output"
        return f"weight column {element} adds into output {output}"
