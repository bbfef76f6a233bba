"""Explains where a weight went, or why it is gone, and what an operation unit holds."""

from dataclasses import dataclass

import numpy as np

from arch.fixed import weight_range
from arch.geometry import Geometry
from arch.matrix import stored_weights
from arch.tables import LayerTable
from sw.mapping.hardware_view import HardwareView, OuSchedule
from sw.mapping.index_entry import IndexEntry
from sw.mapping.network_place import RowPlace, place_of_row
from sw.mapping.ou_place import OuPlace, in_range, layer_of, ou_place
from sw.mapping.segment_rank import SegmentRank

__all__ = [
    "OuExplanation",
    "WeightExplanation",
    "WeightPlace",
    "explain",
    "explain_ou",
]


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
    index : IndexEntry
        The index record that feeds the word line and takes the result.
    schedule : OuSchedule
        When the OU is worked on.
    """

    at: OuPlace
    lane: int
    column: int
    word_line: int
    bit_lines: tuple[int, ...]
    levels: tuple[int, ...]
    levels_negative: tuple[int, ...] | None
    index: IndexEntry
    schedule: OuSchedule


@dataclass(frozen=True, kw_only=True)
class WeightExplanation:
    """One weight of a layer.

    Parameters
    ----------
    layer, row, col
        The weight: layer, and row and column of its matrix.
    source : RowPlace
        What the row multiplies; the column is the output channel.
    weight : int
        Its value, 0 if it was pruned.
    segment : str
        The segment that it belongs to, in words.
    segments, segments_kept : int
        Segments of the layer, and those that were kept.
    rank : SegmentRank or None
        The norm of the segment among the others; None if it is not known.
    ratio : float or None
        Share of the segments that was to be pruned; None if it is not known.
    code : str
        How the weight follows from the cells.
    place : WeightPlace or None
        Where it is stored; None if its segment was pruned.
    outside : str
        Of which groups row and column are if they differ: then there is no weight. Empty if not.
    """

    layer: str
    row: int
    col: int
    source: RowPlace
    weight: int
    segment: str
    segments: int
    segments_kept: int
    rank: SegmentRank | None
    ratio: float | None
    code: str
    place: WeightPlace | None
    outside: str = ""


@dataclass(frozen=True, kw_only=True)
class OuExplanation:
    """What an OU holds, and when it is worked on.

    Parameters
    ----------
    layer : str
        The layer.
    at : OuPlace
        Where the OU lies.
    inputs, outputs : tuple of int
        Matrix row of each word line, matrix column of each weight column; -1 for none.
    weights : tuple of (int, int, int)
        Row, column and value of every weight, word line by word line.
    index : IndexEntry
        Its index record.
    schedule : OuSchedule
        When it is worked on.
    plane : int or None
        A plane that is asked for.
    """

    layer: str
    at: OuPlace
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    weights: tuple[tuple[int, int, int], ...]
    index: IndexEntry
    schedule: OuSchedule
    plane: int | None = None


def explain(
    hardware: HardwareView,
    layer: str,
    row: int,
    col: int,
    *,
    rank: SegmentRank | None = None,
    ratio: float | None = None,
    position: int | None = None,
) -> WeightExplanation:
    """Where weight ``(row, col)`` of a layer is stored, or which pruned segment it was in.

    Parameters
    ----------
    hardware : HardwareView
        The tables, and the engines that run them.
    rank, ratio : optional
        What is known of the choice of segments.
    position : int, optional
        The output position whose cycles are given; some unless given.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is no such layer, row, column or position; the message states what there is.
    """
    tables = hardware.tables
    table, geometry = layer_of(tables, layer), tables.geometry
    in_range("row", row, table.spec.rows, layer)
    in_range("column", col, table.spec.cols, layer)
    if position is not None:
        in_range("output position", position, table.spec.positions, layer)
    weight, code, place = 0, "0", None
    holders = np.flatnonzero((table.inputs == row).any(axis=1) & (table.outputs == col).any(axis=1))
    if len(holders):
        ou = int(holders[0])
        lane = int(np.flatnonzero(table.inputs[ou] == row)[0])
        column = int(np.flatnonzero(table.outputs[ou] == col)[0])
        weight = int(stored_weights(table, geometry, slice(ou, ou + 1))[0, lane, column])
        code = _code(weight, geometry)
        place = _place(hardware, table, ou, lane, column, position)
    return WeightExplanation(
        layer=layer,
        row=row,
        col=col,
        source=place_of_row(table.spec, row),
        weight=weight,
        segment=_segment(table, geometry, row, col),
        segments=table.segments,
        segments_kept=table.segments_kept,
        rank=rank,
        ratio=ratio,
        code=code,
        place=place,
        outside=_outside(table, row, col),
    )


def explain_ou(
    hardware: HardwareView,
    layer: str,
    ou: int,
    *,
    plane: int | None = None,
    position: int | None = None,
) -> OuExplanation:
    """Which weights OU number ``ou`` of a layer holds, and when it is worked on.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is no such layer, OU, plane or position; the message states what there is.
    """
    tables = hardware.tables
    table = layer_of(tables, layer)
    in_range("OU", ou, table.ous, layer)
    if plane is not None:
        in_range("plane", plane, tables.geometry.act_bits, layer)
    if position is not None:
        in_range("output position", position, table.spec.positions, layer)
    inputs = tuple(table.inputs[ou].tolist())
    outputs = tuple(table.outputs[ou].tolist())
    weights = stored_weights(table, tables.geometry, slice(ou, ou + 1))[0].tolist()
    return OuExplanation(
        layer=layer,
        at=ou_place(table, tables.geometry, ou),
        inputs=inputs,
        outputs=outputs,
        weights=tuple(
            (row, col, weights[lane][column])
            for lane, row in enumerate(inputs)
            for column, col in enumerate(outputs)
            if row >= 0 and col >= 0
        ),
        index=hardware.index_entry(layer, ou),
        schedule=hardware.schedule(layer, ou, position),
        plane=plane,
    )


def _outside(table: LayerTable, row: int, col: int) -> str:
    spec = table.spec
    of_row, of_col = row // (spec.rows // spec.groups), col // (spec.cols // spec.groups)
    if of_row == of_col:
        return ""
    return f"row {row} is of group {of_row}, column {col} of group {of_col}"


def _segment(table: LayerTable, geometry: Geometry, row: int, col: int) -> str:
    spec = table.spec
    if spec.scheme == "column_vector":
        block = row // geometry.ou_rows
        last = min((block + 1) * geometry.ou_rows, spec.rows) - 1
        return f"rows {block * geometry.ou_rows} to {last} (row block {block}) of column {col}"
    group = col // geometry.ou_weights
    last = min((group + 1) * geometry.ou_weights, spec.cols) - 1
    return f"columns {group * geometry.ou_weights} to {last} (column group {group}) of row {row}"


def _place(
    hardware: HardwareView,
    table: LayerTable,
    ou: int,
    lane: int,
    column: int,
    position: int | None,
) -> WeightPlace:
    geometry = hardware.tables.geometry
    at = ou_place(table, geometry, ou)
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
        index=hardware.index_entry(table.spec.name, ou),
        schedule=hardware.schedule(table.spec.name, ou, position),
    )


def _code(weight: int, geometry: Geometry) -> str:
    if geometry.encoding == "differential":
        return f"{max(weight, 0)} - {max(-weight, 0)}"
    low = weight_range(geometry.weight_bits)[0]
    return f"{weight - low} - {-low}"
