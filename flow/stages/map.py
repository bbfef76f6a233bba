"""Map: from the integer network to mapping tables, and what they occupy."""

from typing import Any

import numpy as np

from arch.engine_shape import EngineShape
from arch.errors import InputError
from arch.geometry import Geometry
from arch.group_layout import in_group
from arch.index_format import FORMATS, entropy_bits
from arch.program import needed_shape
from arch.table_files import save
from arch.tables import LayerTable
from flow.json_file import write_json
from flow.stage import Context
from flow.stages.quantise import PRUNED
from sw.integer_network import load_integer_network
from sw.mapping import dense_count, map_network
from sw.mapping.compression import dense_and_stored_bits, float32_crossbars

__all__ = ["COUNTS", "TABLES", "run"]

TABLES = "tables"
"""The mapping tables."""
COUNTS = "counts.json"
"""What each layer occupies, dense and packed: entries as in ``layers`` of the report."""


def run(context: Context) -> None:
    """Write :data:`TABLES` and :data:`COUNTS`."""
    geometry = context.configuration.crossbar_geometry()
    network = load_integer_network(context.inputs["quantise"] / PRUNED)
    try:
        tables = map_network(network, geometry)
        shape = needed_shape(tables, None, skip_zero_planes=False)
    except ValueError as error:
        raise InputError(f"the network cannot be mapped: {error}") from error
    context.output.mkdir()
    save(tables, context.output / TABLES)
    layers = [_counts(table, geometry, shape) for table in tables.layers]
    write_json(context.output / COUNTS, layers)


def _counts(table: LayerTable, geometry: Geometry, shape: EngineShape) -> dict[str, Any]:
    spec = table.spec
    groups = spec.groups
    dense = dense_count(spec.rows, spec.cols, geometry, scheme=spec.scheme, groups=groups)
    dense_bits, stored_bits = dense_and_stored_bits(
        spec.rows, spec.cols, table.ous, geometry, groups=groups
    )
    crossbars = len(np.unique(table.crossbar))
    return {
        "name": spec.name,
        "kind": spec.kind,
        "rows": spec.rows,
        "cols": spec.cols,
        "scheme": spec.scheme,
        "positions": spec.positions,
        "segments": table.segments,
        "segments_kept": table.segments_kept,
        "weights": spec.weights,
        "weights_kept": _weights_kept(table),
        "ous_dense": dense.ous,
        "ous": table.ous,
        "crossbars_dense": dense.crossbars,
        "crossbars": crossbars * geometry.arrays,
        "crossbars_float32": float32_crossbars(spec.rows, spec.cols, geometry, groups=groups),
        "index_bits": table.ous * shape.index_layout.width,
        "index_bits_by_format": {
            name: encoder.encode(table, geometry).bits for name, encoder in FORMATS.items()
        },
        "index_entropy_bits": entropy_bits(table.segments, table.segments_kept),
        "cell_bits_dense": dense_bits,
        "cell_bits_stored": stored_bits,
    }


def _weights_kept(table: LayerTable) -> int:
    if table.spec.groups == 1:
        lines = np.count_nonzero(table.inputs >= 0, axis=1)
        columns = np.count_nonzero(table.outputs >= 0, axis=1)
        return int((lines * columns).sum())
    rows, cols = table.inputs[:, :, None], table.outputs[:, None, :]
    stored = (rows >= 0) & (cols >= 0)
    return int(np.count_nonzero(stored & in_group(rows, cols, table.spec)))
