"""Checks the OU records of one layer against what the layer says of itself.

Written from the format alone: nothing here knows how records are made. Memory stays small beside
the tables, since OUs are checked some thousands at a time.
"""

from collections.abc import Iterator

import numpy as np

from arch.errors import InputError
from arch.fixed import (
    BIAS_BITS,
    MULTIPLIER_BITS,
    SHIFT_MAX,
    accumulator_bits,
    encode_weights,
    weight_range,
)
from arch.geometry import Geometry
from arch.matrix import matrix_sha256, rebuild_matrix, stored_weights
from arch.tables import LayerTable
from arch.validate_groups import check_groups

__all__ = ["check_records"]

_CHUNK = 1 << 20
"""Weights that are checked at a time; each takes some tens of bytes meanwhile."""


def check_records(table: LayerTable, geometry: Geometry) -> int:
    """Check the records and the requantisation of a layer.

    Parameters
    ----------
    table : LayerTable
        Arrays of the right types and shapes, with any content.

    Returns
    -------
    int
        Weights that are stored; places outside the groups of the layer are none.

    Raises
    ------
    :exc:`arch.errors.InputError`
        At the first thing that is wrong, with the layer and the OU.
    """
    try:
        _check_slots(table, geometry)
        for chunk in _chunks(table):
            _check_indices("inputs", table.inputs[chunk], table.spec.rows, chunk.start)
            _check_indices("outputs", table.outputs[chunk], table.spec.cols, chunk.start)
            _check_structure(table, chunk)
        _check_kept(table)
        _check_cells(table, geometry)
        weights = _check_once(table) - check_groups(table, geometry, _chunks(table))
        _check_matrix(table, geometry)
        _check_requantisation(table)
        _check_accumulators(table, geometry)
    except InputError as error:
        raise InputError(f"layer {table.spec.name}: {error}") from error
    return weights


def _chunks(table: LayerTable) -> Iterator[slice]:
    ous = max(1, _CHUNK // (table.inputs.shape[1] * table.outputs.shape[1]))
    for start in range(0, table.ous, ous):
        yield slice(start, min(start + ous, table.ous))


def _refuse(wrong: np.ndarray | np.bool, message: str, first: int = 0) -> None:
    """Refuse if any OU is wrong; ``wrong`` has one flag an OU, beginning with OU ``first``."""
    if np.any(wrong):
        raise InputError(f"OU {first + int(np.argmax(wrong))}: {message}")


def _check_slots(table: LayerTable, geometry: Geometry) -> None:
    limits = (
        ("crossbar", table.crossbar, max(1, _crossbars(table.ous, geometry))),
        ("slot_row", table.slot_row, geometry.slot_rows),
        ("slot_col", table.slot_col, geometry.slot_cols),
    )
    for name, numbers, count in limits:
        wrong = (numbers < 0) | (numbers >= count)
        if wrong.any():
            ou = int(np.argmax(wrong))
            raise InputError(f"OU {ou}: {name} is {numbers[ou]}, but 0 to {count - 1} are there")
    # Crossbars go round the tiles, and so do OUs: OU 0 is the first of tile 0, OU 1 of tile 1.
    rounds, tile = np.divmod(table.crossbar.astype(np.int64), geometry.tiles)
    slots = rounds * geometry.slots + table.slot_row * geometry.slot_cols + table.slot_col
    slots = slots * geometry.tiles + tile
    wrong = slots != np.arange(table.ous)
    if wrong.any():
        used, users = np.unique(slots, return_counts=True)
        if users.max() > 1:
            one, two = np.flatnonzero(slots == used[np.argmax(users)])[:2].tolist()
            raise InputError(f"OU {two}: is in the slot of OU {one}")
        _refuse(wrong, "is not in the slot of its number: OUs fill slot after slot, without gaps")


def _crossbars(ous: int, geometry: Geometry) -> int:
    dealt = (len(range(tile, ous, geometry.tiles)) for tile in range(geometry.tiles))
    return sum(-(-count // geometry.slots) for count in dealt)


def _check_indices(name: str, indices: np.ndarray, count: int, first: int) -> None:
    wrong = ((indices < -1) | (indices >= count)).any(axis=1)
    _refuse(wrong, f"{name} has an index out of range: -1 to {count - 1} are there", first)
    # Sorted, a doubled index has itself as its neighbour; -1 may repeat.
    ordered = np.sort(indices, axis=1)
    doubled = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    _refuse(doubled.any(axis=1), f"{name} has an index twice", first)
    _refuse((indices < 0).all(axis=1), f"{name} is empty, so that the OU computes nothing", first)


def _check_structure(table: LayerTable, chunk: slice) -> None:
    if table.spec.scheme == "column_vector":
        fixed, limit = table.inputs[chunk], table.spec.rows
        message = "column_vector needs one whole row block as inputs, in order"
    else:
        fixed, limit = table.outputs[chunk], table.spec.cols
        message = "row_vector needs one whole column group as outputs, in order"
    size = fixed.shape[1]
    start = fixed[:, :1].astype(np.int64)
    block = start + np.arange(size)
    whole = (start % size == 0) & (fixed == np.where(block < limit, block, -1))
    _refuse(~whole.all(axis=1), message, chunk.start)


def _check_kept(table: LayerTable) -> None:
    members = table.outputs if table.spec.scheme == "column_vector" else table.inputs
    kept = int(np.count_nonzero(members >= 0))
    if kept != table.segments_kept:
        raise InputError(f"stores {kept} segments, but segments_kept is {table.segments_kept}")


def _check_cells(table: LayerTable, geometry: Geometry) -> None:
    low, high = weight_range(geometry.weight_bits)
    width = geometry.ou_weights * geometry.slices
    for chunk in _chunks(table):
        used = (table.inputs[chunk, :, None] >= 0) & (table.outputs[chunk, None, :] >= 0)
        cell_used = np.zeros((len(used), geometry.ou_rows, geometry.ou_cols), dtype=np.bool_)
        cell_used[:, :, :width] = np.repeat(used, geometry.slices, axis=2)
        for name in ("cells", "cells_negative"):
            cells = getattr(table, name)
            if cells is None:
                continue
            part = cells[chunk]
            _refuse(
                (part >= 1 << geometry.cell_bits).any(axis=(1, 2)),
                f"{name} has a level above {(1 << geometry.cell_bits) - 1}",
                chunk.start,
            )
            _refuse(
                ((part != 0) & ~cell_used).any(axis=(1, 2)),
                f"{name} has a level other than 0 where nothing is stored",
                chunk.start,
            )
        weights = np.where(used, stored_weights(table, geometry, chunk), 0)
        _refuse(
            ((weights < low) | (weights > high)).any(axis=(1, 2)),
            f"a weight is out of range: {low} to {high} are {geometry.weight_bits} bits",
            chunk.start,
        )
        if table.cells_negative is not None:
            _check_sides(table, geometry, chunk, weights)


def _check_sides(table: LayerTable, geometry: Geometry, chunk: slice, weights: np.ndarray) -> None:
    """A differential weight is in one of the arrays: with a lossy ADC 5 - 3 is not 2 - 0."""
    width = geometry.ou_weights * geometry.slices
    positive, _ = encode_weights(weights, geometry)
    stored = table.cells[chunk, :, :width]
    _refuse(
        (stored != positive.reshape(stored.shape)).any(axis=(1, 2)),
        "a weight is in both arrays: a positive one is in cells, a negative in cells_negative",
        chunk.start,
    )


def _check_once(table: LayerTable) -> int:
    """No weight is stored twice; returns how many are stored."""
    rows, cols = table.spec.rows, table.spec.cols
    stored = np.zeros(rows * cols, dtype=np.bool_)
    weights = 0
    for chunk in _chunks(table):
        row = table.inputs[chunk, :, None].astype(np.int64)
        col = table.outputs[chunk, None, :]
        used = (row >= 0) & (col >= 0)
        place = (row * cols + col)[used]
        ou = np.broadcast_to(np.arange(chunk.start, chunk.stop)[:, None, None], used.shape)[used]
        again = stored[place]
        stored[place] = True
        order = np.argsort(place, kind="stable")
        again[order[1:]] |= place[order[1:]] == place[order[:-1]]
        if again.any():
            row_, col_ = divmod(int(place[np.argmax(again)]), cols)
            raise InputError(
                f"OU {ou[np.argmax(again)]}: weight ({row_}, {col_}) is stored a second time"
            )
        weights += place.size
    return weights


def _check_matrix(table: LayerTable, geometry: Geometry) -> None:
    if matrix_sha256(rebuild_matrix(table, geometry)) != table.matrix_sha256:
        raise InputError(
            "the stored weights are not those of matrix_sha256: a weight is missing, "
            "in a wrong place or changed"
        )


def _check_requantisation(table: LayerTable) -> None:
    bias = 1 << (BIAS_BITS - 1)
    limits = (
        ("multiplier", table.multiplier, 0, (1 << MULTIPLIER_BITS) - 1),
        ("shift", table.shift, 0, SHIFT_MAX),
        ("bias", table.bias, -bias, bias - 1),
    )
    for name, values, low, high in limits:
        wrong = (values < low) | (values > high)
        if wrong.any():
            output = int(np.argmax(wrong))
            raise InputError(
                f"{name} of output {output} is {values[output]}, but must be {low} to {high}"
            )


def _check_accumulators(table: LayerTable, geometry: Geometry) -> None:
    outputs = table.outputs[table.outputs >= 0]
    try:
        accumulator_bits(geometry, int(np.bincount(outputs, minlength=1).max()))
    except ValueError as error:
        raise InputError(str(error)) from error
