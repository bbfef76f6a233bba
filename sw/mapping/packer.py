"""Packs the kept segments of an integer network into operation units."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from arch.fixed import BIAS_BITS, MULTIPLIER_BITS, SHIFT_MAX, accumulator_bits, encode_weights
from arch.geometry import Geometry
from arch.matrix import matrix_sha256
from arch.packing import pack_records, segment_shape
from arch.tables import LayerTable, MappingTables
from sw.integer_network import IntegerLayer

__all__ = ["Network", "map_layer", "map_network"]


class Network(Protocol):
    """What the mapper needs of an integer network."""

    @property
    def name(self) -> str:
        """Name of the network."""

    @property
    def layers(self) -> Sequence[IntegerLayer]:
        """Layers in the order in which they run."""


def map_network(
    network: Network, geometry: Geometry, *, provenance: Mapping[str, str] | None = None
) -> MappingTables:
    """Mapping tables of a network.

    Parameters
    ----------
    network : Network
        Name and integer layers.
    geometry : Geometry
        Crossbar and OU to pack for.
    provenance : mapping, optional
        Free text about the origin, kept in the tables; no times and no paths, or two equal runs
        differ.

    Raises
    ------
    :exc:`TypeError`, :exc:`ValueError`
        As :func:`map_layer`.
    """
    return MappingTables(
        name=network.name,
        geometry=geometry,
        layers=tuple(map_layer(layer, geometry) for layer in network.layers),
        provenance=dict(provenance or {}),
    )


def map_layer(layer: IntegerLayer, geometry: Geometry) -> LayerTable:
    """OU records of a layer.

    OUs are packed by :func:`arch.packing.pack_records` and placed in slot order without gaps: OU
    ``n`` lies in crossbar ``n // slots``, slot row ``(n % slots) // slot_cols``, slot column
    ``n % slot_cols``. Every weight of a kept segment is stored, also one that is zero.

    Raises
    ------
    :exc:`TypeError`
        If an array has the wrong type.
    :exc:`ValueError`
        If an array has the wrong shape, a weight or a parameter is out of range, or a weight of a
        pruned segment is not zero.
    """
    spec = layer.spec
    if spec.activation.bits > geometry.act_bits:
        raise ValueError(
            f"layer {spec.name}: activations have {spec.activation.bits} bits, "
            f"but geometry.act_bits is {geometry.act_bits}"
        )
    weights = _checked_weights(layer, geometry)
    inputs, outputs = pack_records(layer.kept, spec.rows, spec.cols, spec.scheme, geometry)
    accumulator_bits(geometry, _most_ous_per_output(outputs))
    cells, cells_negative = _cells(weights, inputs, outputs, geometry)
    slot = np.arange(len(inputs), dtype=np.int32)
    return LayerTable(
        spec=spec,
        crossbar=slot // geometry.slots,
        slot_row=slot % geometry.slots // geometry.slot_cols,
        slot_col=slot % geometry.slots % geometry.slot_cols,
        inputs=inputs,
        outputs=outputs,
        cells=cells,
        cells_negative=cells_negative,
        multiplier=_parameter(layer, "multiplier", 0, (1 << MULTIPLIER_BITS) - 1),
        shift=_parameter(layer, "shift", 0, SHIFT_MAX),
        bias=_parameter(layer, "bias", -(1 << (BIAS_BITS - 1)), (1 << (BIAS_BITS - 1)) - 1),
        segments=layer.kept.size,
        segments_kept=int(np.count_nonzero(layer.kept)),
        matrix_sha256=matrix_sha256(weights),
    )


def _checked_weights(layer: IntegerLayer, geometry: Geometry) -> np.ndarray:
    spec, weights = layer.spec, layer.weights
    if weights.dtype != np.int8:
        raise TypeError(f"layer {spec.name}: weights must be int8, not {weights.dtype}")
    if weights.shape != (spec.rows, spec.cols):
        raise ValueError(
            f"layer {spec.name}: weights must have shape {(spec.rows, spec.cols)}, "
            f"not {weights.shape}"
        )
    shape = segment_shape(spec.rows, spec.cols, spec.scheme, geometry)
    if layer.kept.shape != shape:
        raise ValueError(
            f"layer {spec.name}: kept must have shape {shape}, not {layer.kept.shape}: "
            f"was the network pruned for another geometry?"
        )
    if spec.scheme == "column_vector":
        kept = np.repeat(layer.kept, geometry.ou_rows, axis=0)[: spec.rows]
    else:
        kept = np.repeat(layer.kept, geometry.ou_weights, axis=1)[:, : spec.cols]
    stray = np.argwhere((weights != 0) & ~kept)
    if len(stray):
        row, col = stray[0].tolist()
        raise ValueError(
            f"layer {spec.name}: weight ({row}, {col}) is {weights[row, col]}, "
            f"but its segment is pruned"
        )
    return weights


def _cells(
    weights: np.ndarray, inputs: np.ndarray, outputs: np.ndarray, geometry: Geometry
) -> tuple[np.ndarray, np.ndarray | None]:
    used = (inputs >= 0)[:, :, None] & (outputs >= 0)[:, None, :]

    def gather(levels: np.ndarray) -> np.ndarray:
        # An index of -1 reads the last row or column; `used` clears what it reads.
        picked = levels[inputs[:, :, None], outputs[:, None, :]]
        picked[~used] = 0
        cells = np.zeros((len(inputs), geometry.ou_rows, geometry.ou_cols), dtype=np.uint8)
        width = geometry.ou_weights * geometry.slices
        cells[:, :, :width] = picked.reshape(len(inputs), geometry.ou_rows, width)
        return cells

    positive, negative = encode_weights(weights, geometry)
    return gather(positive), None if negative is None else gather(negative)


def _most_ous_per_output(outputs: np.ndarray) -> int:
    used = outputs[outputs >= 0]
    return int(np.bincount(used).max()) if used.size else 0


def _parameter(layer: IntegerLayer, name: str, low: int, high: int) -> np.ndarray:
    spec, values = layer.spec, np.asarray(getattr(layer, name))
    if values.dtype.kind not in "iu":
        raise TypeError(f"layer {spec.name}: {name} must be integers, not {values.dtype}")
    if values.shape != (spec.cols,):
        raise ValueError(
            f"layer {spec.name}: {name} must have shape ({spec.cols},), not {values.shape}"
        )
    wrong = np.flatnonzero((values < low) | (values > high))
    if len(wrong):
        raise ValueError(
            f"layer {spec.name}: {name} of output {wrong[0]} must be {low} to {high}, "
            f"not {values[wrong[0]]}"
        )
    return values.astype(np.int64)
