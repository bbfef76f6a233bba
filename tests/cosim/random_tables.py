"""Random mapping tables: OU records that no pruner made, and packed ones as a mapper makes them."""

import numpy as np

from arch.fixed import ActFormat, OutFormat, encode_weights, weight_range
from arch.geometry import Geometry
from arch.layer import LayerSpec
from arch.tables import LayerTable

LOSSLESS = 16
"""ADC bits that no geometry of the tests saturates."""


def linear_spec(rows, cols, *, activation=None, **fields):
    """A linear layer of ``rows`` inputs and ``cols`` outputs."""
    fields = {"name": "layer", "source": "input", "in_shape": (rows, 1, 1)} | fields
    return LayerSpec(
        kind="linear",
        out_shape=(cols, 1, 1),
        activation=activation or ActFormat(),
        output=OutFormat(),
        **fields,
    )


def table_of(spec, inputs, outputs, cells, cells_negative, rng):
    """A layer's table around OU records, placed in one tall crossbar, random requantisation."""
    ous = len(inputs)
    return LayerTable(
        spec=spec,
        crossbar=np.arange(ous, dtype=np.int32),
        slot_row=np.zeros(ous, dtype=np.int32),
        slot_col=np.zeros(ous, dtype=np.int32),
        inputs=inputs.astype(np.int32),
        outputs=outputs.astype(np.int32),
        cells=cells,
        cells_negative=cells_negative,
        multiplier=rng.integers(0, 1 << 16, spec.cols),
        shift=rng.integers(0, 30, spec.cols),
        bias=rng.integers(-1000, 1000, spec.cols),
        segments=0,
        segments_kept=0,
        matrix_sha256="",
    )


def random_table(spec, geometry, ous, rng, *, vectors=None):
    """Records with any inputs and outputs, doubled and missing ones among them.

    With ``vectors`` the OUs take their inputs from that many input vectors, as row blocks do.
    """
    shape = (ous, geometry.ou_rows, geometry.ou_cols)
    used = geometry.ou_weights * geometry.slices
    inputs = rng.integers(-1, spec.rows, (vectors or ous, geometry.ou_rows))
    if vectors:
        inputs = inputs[rng.integers(0, vectors, ous)]
    outputs = rng.integers(-1, spec.cols, (ous, geometry.ou_weights))
    halves = []
    for _ in range(geometry.arrays):
        cells = rng.integers(0, 1 << geometry.cell_bits, shape).astype(np.uint8)
        cells[:, :, used:] = 0
        cells[inputs < 0] = 0
        missing = np.repeat(outputs < 0, geometry.slices, axis=1)
        cells[:, :, :used] *= ~missing[:, None, :]
        halves.append(cells)
    return table_of(spec, inputs, outputs, halves[0], (*halves, None)[1], rng)


def mapped_table(spec, weights, geometry, kept, rng):
    """A weight matrix, int of shape (R, C), packed segment by segment in the spec's structure.

    ``kept`` is a bool array of segments; the weights of the others are not stored.
    """
    pack = _by_block if spec.scheme == "column_vector" else _by_group
    records = list(pack(spec, geometry, kept))
    inputs = np.full((len(records), geometry.ou_rows), -1)
    outputs = np.full((len(records), geometry.ou_weights), -1)
    for ou, (rows, cols) in enumerate(records):
        inputs[ou, : len(rows)] = rows
        outputs[ou, : len(cols)] = cols
    stored = weights[inputs[:, :, None], outputs[:, None, :]]
    used = (inputs >= 0)[:, :, None] & (outputs >= 0)[:, None, :]
    halves = []
    for levels in encode_weights(stored, geometry):
        if levels is not None:
            cells = np.zeros((len(records), geometry.ou_rows, geometry.ou_cols), dtype=np.uint8)
            flat = (levels * used[..., None]).reshape(
                *inputs.shape, outputs.shape[1] * geometry.slices
            )
            cells[:, :, : flat.shape[2]] = flat
            halves.append(cells)
    return table_of(spec, inputs, outputs, halves[0], (*halves, None)[1], rng)


def _by_block(spec, geometry, kept):
    for block, segments in enumerate(kept):
        first = block * geometry.ou_rows
        rows = np.arange(first, min(first + geometry.ou_rows, spec.rows))
        cols = np.flatnonzero(segments)
        for start in range(0, len(cols), geometry.ou_weights):
            yield rows, cols[start : start + geometry.ou_weights]


def _by_group(spec, geometry, kept):
    for group, segments in enumerate(kept.T):
        first = group * geometry.ou_weights
        cols = np.arange(first, min(first + geometry.ou_weights, spec.cols))
        rows = np.flatnonzero(segments)
        for start in range(0, len(rows), geometry.ou_rows):
            yield rows[start : start + geometry.ou_rows], cols


def random_weights(spec, geometry, rng, *, ratio=0.0):
    """Weights of shape (R, C) with pruned segments zero, and the mask of the kept segments."""
    low, high = weight_range(geometry.weight_bits)
    weights = rng.integers(low, high + 1, (spec.rows, spec.cols))
    size = (geometry.ou_rows, 1) if spec.scheme == "column_vector" else (1, geometry.ou_weights)
    kept = rng.random((-(-spec.rows // size[0]), -(-spec.cols // size[1]))) >= ratio
    mask = np.repeat(np.repeat(kept, size[0], axis=0), size[1], axis=1)
    return weights * mask[: spec.rows, : spec.cols], kept


def random_windows(spec, positions, rng):
    """Inputs over the whole range of the activation format, both ends among them."""
    form = spec.activation
    windows = rng.integers(form.minimum, form.maximum + 1, (positions, spec.rows))
    windows[0], windows[-1] = form.minimum, form.maximum
    return windows


def geometry_of(**fields):
    """A geometry of the tests' default size, 8-bit weights in offset encoding."""
    return Geometry(**({"rows": 64, "cols": 64} | fields))
