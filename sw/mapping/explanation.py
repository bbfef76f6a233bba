"""Explains where a weight went, or why it is gone, and what an operation unit holds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from arch.errors import InputError
from arch.fixed import weight_range
from arch.geometry import Geometry
from arch.index_fields import input_mode, output_mode
from arch.matrix import stored_weights
from arch.tables import LayerTable, MappingTables

__all__ = ["OuExplanation", "OuPlace", "WeightExplanation", "WeightPlace", "explain", "explain_ou"]


@dataclass(frozen=True, kw_only=True)
class OuPlace:
    """Where an OU lies: its number in the layer, crossbar, slot, and the slot's row and column.

    ``tile`` is None if there is only one.
    """

    ou: int
    crossbar: int
    slot: int
    slot_row: int
    slot_col: int
    tile: int | None = None

    def __str__(self) -> str:
        tile = "" if self.tile is None else f"tile {self.tile}, "
        return (
            f"OU {self.ou}: {tile}crossbar {self.crossbar}, slot {self.slot} "
            f"(slot row {self.slot_row}, slot column {self.slot_col})"
        )


@dataclass(frozen=True, kw_only=True)
class WeightPlace:
    """Where a weight is stored.

    Parameters
    ----------
    at : OuPlace
        The OU.
    lane : int
        Word line within the OU.
    column : int
        Weight column within the OU.
    word_line : int
        Word line of the crossbar.
    bit_lines : tuple of int
        Bit lines of the crossbar, least significant slice first.
    levels : tuple of int
        Cell level of each slice; of the positive array when differential.
    levels_negative : tuple of int or None
        Cell levels of the negative array when differential.
    index : str
        The index entries that feed the word line and take the result.
    """

    at: OuPlace
    lane: int
    column: int
    word_line: int
    bit_lines: tuple[int, ...]
    levels: tuple[int, ...]
    levels_negative: tuple[int, ...] | None
    index: str


@dataclass(frozen=True, kw_only=True)
class WeightExplanation:
    """One weight of a layer; ``place`` is None when its segment was pruned.

    ``segment`` names the segment in words, ``code`` how the weight follows from the cells.
    """

    layer: str
    row: int
    col: int
    weight: int
    segment: str
    code: str
    place: WeightPlace | None

    def lines(self) -> list[str]:
        """The explanation as text."""
        head = f"weight ({self.row}, {self.col}) of layer {self.layer} is "
        if self.place is None:
            return [f"{head}0: it was pruned", f"its segment, {self.segment}, is stored nowhere"]
        place = self.place
        first, last = place.bit_lines[0], place.bit_lines[-1]
        bit_lines = f"bit line {first}" if first == last else f"bit lines {first} to {last}"
        levels = f"cell levels {_numbers(place.levels)}"
        if place.levels_negative is not None:
            negative = _numbers(place.levels_negative)
            levels += f" in the positive array and {negative} in the negative"
        return [
            f"{head}{self.weight}",
            f"its segment, {self.segment}, was kept",
            str(place.at),
            f"word line {place.word_line} (line {place.lane} of the OU)",
            f"{bit_lines} (weight column {place.column} of the OU)",
            f"{levels}, least significant slice first",
            f"weight = {self.code}",
            place.index,
        ]


@dataclass(frozen=True, kw_only=True)
class OuExplanation:
    """What an OU holds: ``weights`` are (row, column, weight), word line by word line."""

    layer: str
    at: OuPlace
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    weights: tuple[tuple[int, int, int], ...]

    def lines(self) -> list[str]:
        """The explanation as text."""
        return [
            f"layer {self.layer}, {self.at}",
            f"word lines read inputs {_numbers(self.inputs)}",
            f"weight columns add into outputs {_numbers(self.outputs)}",
            *(f"weight ({row}, {col}) is {weight}" for row, col, weight in self.weights),
        ]


def explain(tables: MappingTables, layer: str, row: int, col: int) -> WeightExplanation:
    """Where weight ``(row, col)`` of a layer is stored, or which pruned segment it was in.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is no such layer, row or column; the message states what there is.
    """
    table, geometry = _layer(tables, layer), tables.geometry
    _in_range("row", row, table.spec.rows, layer)
    _in_range("column", col, table.spec.cols, layer)
    segment = _segment(table, geometry, row, col)
    holders = np.flatnonzero((table.inputs == row).any(axis=1) & (table.outputs == col).any(axis=1))
    if not len(holders):
        return WeightExplanation(
            layer=layer, row=row, col=col, weight=0, segment=segment, code="0", place=None
        )
    ou = int(holders[0])
    lane = int(np.flatnonzero(table.inputs[ou] == row)[0])
    column = int(np.flatnonzero(table.outputs[ou] == col)[0])
    weight = int(stored_weights(table, geometry, slice(ou, ou + 1))[0, lane, column])
    return WeightExplanation(
        layer=layer,
        row=row,
        col=col,
        weight=weight,
        segment=segment,
        code=_code(weight, geometry),
        place=_place(table, geometry, ou, lane, column),
    )


def explain_ou(tables: MappingTables, layer: str, ou: int) -> OuExplanation:
    """Which weights OU number ``ou`` of a layer holds.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is no such layer or OU; the message states what there is.
    """
    table = _layer(tables, layer)
    _in_range("OU", ou, table.ous, layer)
    inputs = tuple(table.inputs[ou].tolist())
    outputs = tuple(table.outputs[ou].tolist())
    weights = stored_weights(table, tables.geometry, slice(ou, ou + 1))[0].tolist()
    return OuExplanation(
        layer=layer,
        at=_ou_place(table, tables.geometry, ou),
        inputs=inputs,
        outputs=outputs,
        weights=tuple(
            (row, col, weights[lane][column])
            for lane, row in enumerate(inputs)
            for column, col in enumerate(outputs)
            if row >= 0 and col >= 0
        ),
    )


def _layer(tables: MappingTables, name: str) -> LayerTable:
    try:
        return tables.layer(name)
    except ValueError as error:
        raise InputError(str(error)) from error


def _in_range(what: str, number: int, count: int, layer: str) -> None:
    if not 0 <= number < count:
        legal = f"0 to {count - 1}" if count else "none: all of it was pruned"
        raise InputError(f"layer {layer} has no {what} {number}; legal is {legal}")


def _segment(table: LayerTable, geometry: Geometry, row: int, col: int) -> str:
    spec = table.spec
    if spec.scheme == "column_vector":
        block = row // geometry.ou_rows
        last = min((block + 1) * geometry.ou_rows, spec.rows) - 1
        return f"rows {block * geometry.ou_rows} to {last} (row block {block}) of column {col}"
    group = col // geometry.ou_weights
    last = min((group + 1) * geometry.ou_weights, spec.cols) - 1
    return f"columns {group * geometry.ou_weights} to {last} (column group {group}) of row {row}"


def _ou_place(table: LayerTable, geometry: Geometry, ou: int) -> OuPlace:
    slot_row, slot_col = int(table.slot_row[ou]), int(table.slot_col[ou])
    return OuPlace(
        ou=ou,
        crossbar=int(table.crossbar[ou]),
        slot=slot_row * geometry.slot_cols + slot_col,
        slot_row=slot_row,
        slot_col=slot_col,
        tile=int(table.crossbar[ou]) % geometry.tiles if geometry.tiles > 1 else None,
    )


def _place(table: LayerTable, geometry: Geometry, ou: int, lane: int, column: int) -> WeightPlace:
    at = _ou_place(table, geometry, ou)
    first = column * geometry.slices
    cells = slice(first, first + geometry.slices)
    negative = table.cells_negative
    bit_line = at.slot_col * geometry.ou_cols + first
    return WeightPlace(
        at=at,
        lane=lane,
        column=column,
        word_line=at.slot_row * geometry.ou_rows + lane,
        bit_lines=tuple(range(bit_line, bit_line + geometry.slices)),
        levels=tuple(table.cells[ou, lane, cells].tolist()),
        levels_negative=None if negative is None else tuple(negative[ou, lane, cells].tolist()),
        index=f"index record {ou}: {'; '.join(_index(table, geometry, ou, lane, column))}",
    )


def _index(table: LayerTable, geometry: Geometry, ou: int, lane: int, column: int) -> Iterator[str]:
    row, col = int(table.inputs[ou, lane]), int(table.outputs[ou, column])
    block, offset = divmod(row, geometry.ou_rows)
    if input_mode(table) == "block":
        yield f"row block {block} feeds input {row}"
    else:
        yield f"input entry {lane} (block {block}, lane {offset}) feeds input {row}"
    if output_mode(table) == "group":
        yield f"column group {col // geometry.ou_weights} takes output {col}"
    else:
        yield f"output entry {column} takes output {col}"


def _code(weight: int, geometry: Geometry) -> str:
    if geometry.encoding == "differential":
        return f"{max(weight, 0)} - {max(-weight, 0)}"
    low = weight_range(geometry.weight_bits)[0]
    return f"{weight - low} - {-low}"


def _numbers(values: tuple[int, ...]) -> str:
    return " ".join("none" if value < 0 else str(value) for value in values)
