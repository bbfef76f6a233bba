"""Packs the kept segments of an integer network into operation units."""

from collections.abc import Mapping

import numpy as np

from arch.fixed import accumulator_bits, encode_weights, weight_range
from arch.geometry import Geometry
from arch.group_layout import count_segments, segment_mask
from arch.matrix import matrix_sha256
from arch.packing import pack_records
from arch.tables import LayerTable, MappingTables
from arch.tiles import place_ous
from sw.integer_network import IntegerLayer, IntegerNetwork
from sw.segments import expand

__all__ = ["map_layer", "map_network"]

_CHUNK = 1 << 18
"""Weights that are put into cells at a time; each takes some tens of bytes meanwhile."""


def map_network(
    network: IntegerNetwork, geometry: Geometry, *, provenance: Mapping[str, str] | None = None
) -> MappingTables:
    """Mapping tables of a network.

    Parameters
    ----------
    network : IntegerNetwork
        What to map.
    geometry : Geometry
        Crossbar and OU to pack for.
    provenance : mapping, optional
        Free text about the origin, kept in the tables; no times and no paths, or two equal runs
        differ.

    Raises
    ------
    :exc:`ValueError`
        As :func:`map_layer`.
    """
    return MappingTables(
        name=network.name,
        geometry=geometry,
        layers=tuple(map_layer(layer, geometry) for layer in network.layers),
        host=network.host,
        provenance=dict(provenance or {}),
    )


def map_layer(layer: IntegerLayer, geometry: Geometry) -> LayerTable:
    """OU records of a layer.

    OUs are packed by :func:`arch.packing.pack_records`, dealt to tiles and placed in slot order
    without gaps by :func:`arch.tiles.place_ous`. Every weight of a kept segment is stored, also one
    that is zero.

    Raises
    ------
    :exc:`ValueError`
        If the layer was pruned for another geometry, a weight or an activation is too wide for this
        one, a weight of a pruned segment is not zero, or an accumulator would be too wide.
    """
    try:
        return _table(layer, geometry)
    except ValueError as error:
        raise ValueError(f"layer {layer.spec.name}: {error}") from error


def _table(layer: IntegerLayer, geometry: Geometry) -> LayerTable:
    spec = layer.spec
    if spec.activation.bits > geometry.act_bits:
        raise ValueError(
            f"activations have {spec.activation.bits} bits, "
            f"but geometry.act_bits is {geometry.act_bits}"
        )
    _check_pruned(layer, geometry)
    inputs, outputs = pack_records(layer.kept, spec.rows, spec.cols, spec.scheme, geometry)
    accumulator_bits(geometry, _most_ous_per_output(outputs))
    cells, cells_negative = _cells(layer.weights, inputs, outputs, geometry)
    crossbar, slot_row, slot_col = place_ous(len(inputs), geometry)
    return LayerTable(
        spec=spec,
        crossbar=crossbar,
        slot_row=slot_row,
        slot_col=slot_col,
        inputs=inputs,
        outputs=outputs,
        cells=cells,
        cells_negative=cells_negative,
        multiplier=layer.multiplier,
        shift=layer.shift,
        bias=layer.bias,
        segments=count_segments(spec.rows, spec.cols, spec.groups, spec.scheme, geometry),
        segments_kept=int(np.count_nonzero(layer.kept)),
        matrix_sha256=matrix_sha256(layer.weights),
    )


def _check_pruned(layer: IntegerLayer, geometry: Geometry) -> None:
    spec = layer.spec
    there = segment_mask(spec.rows, spec.cols, spec.groups, spec.scheme, geometry)
    if there.shape == layer.kept.shape and (layer.kept & ~there).any():
        line, member = np.argwhere(layer.kept & ~there)[0].tolist()
        raise ValueError(f"segment ({line}, {member}) is kept, but it is outside all groups")
    kept = expand(layer.kept, spec.rows, spec.cols, spec.scheme, geometry)
    stray = np.argwhere((layer.weights != 0) & ~kept)
    if len(stray):
        row, col = stray[0].tolist()
        raise ValueError(
            f"weight ({row}, {col}) is {layer.weights[row, col]}, but its segment is pruned"
        )


def _cells(
    weights: np.ndarray, inputs: np.ndarray, outputs: np.ndarray, geometry: Geometry
) -> tuple[np.ndarray, np.ndarray | None]:
    """Cells of all OUs, and the negative ones when differential; OUs are filled some at a time."""
    encode_weights(np.array([weights.min(), weights.max()]), geometry)  # refuses what is too wide
    low, high = weight_range(geometry.weight_bits)
    levels = [of for of in encode_weights(np.arange(low, high + 1), geometry) if of is not None]
    cells = [np.zeros((len(inputs), geometry.ou_rows, geometry.ou_cols), np.uint8) for _ in levels]
    width = geometry.ou_weights * geometry.slices
    ous = max(1, _CHUNK // (geometry.ou_rows * geometry.ou_weights))
    for start in range(0, len(inputs), ous):
        chunk = slice(start, start + ous)
        rows, cols = inputs[chunk, :, None], outputs[chunk, None, :]
        # An index of -1 reads the last row or column; what it reads is cleared.
        codes = weights[rows, cols].astype(np.intp) - low
        empty = (rows < 0) | (cols < 0)
        for into, of in zip(cells, levels, strict=True):
            picked = of[codes]
            picked[empty] = 0
            into[chunk, :, :width] = picked.reshape(*codes.shape[:2], width)
    return cells[0], cells[1] if len(cells) > 1 else None


def _most_ous_per_output(outputs: np.ndarray) -> int:
    used = outputs[outputs >= 0]
    return int(np.bincount(used).max()) if used.size else 0
