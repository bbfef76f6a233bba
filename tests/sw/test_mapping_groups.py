"""Grouped and depthwise layers: what is packed, counted, indexed, checked and explained."""

import dataclasses

import numpy as np
import pytest

from arch.errors import InputError
from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.group_layout import segment_mask
from arch.index_format import FORMATS
from arch.layer import SCHEMES, LayerSpec
from arch.matrix import rebuild_matrix
from arch.table_files import load, save
from arch.tables import MappingTables
from arch.validate import validate
from sw.integer_network import IntegerLayer
from sw.mapping import count, dense_count, map_layer
from sw.mapping.compression import dense_and_stored_bits, float32_crossbars
from sw.mapping.explanation import explain
from sw.mapping.explanation_text import weight_lines
from sw.mapping.hardware_view import HardwareView
from sw.mapping.segment_rank import rank_segment
from tests.arch.altered_tables import alter_arrays, read_manifest, refresh_hashes, write_manifest
from tests.sw.integer_layers import random_layer

GEOMETRY = Geometry()
BOTH = pytest.mark.parametrize("scheme", SCHEMES)


def grouped_spec(scheme, *, groups=4, inputs=3, outputs=5, kernel=(2, 2)):
    """Rows and columns of a group divide neither row blocks nor column groups."""
    return LayerSpec(
        name="conv",
        kind="conv2d",
        source="input",
        in_shape=(groups * inputs, 4, 4),
        out_shape=(groups * outputs, 5 - kernel[0], 5 - kernel[1]),
        kernel=kernel,
        groups=groups,
        scheme=scheme,
        activation=ActFormat(),
        output=OutFormat(),
    )


def grouped_layer(spec, *, ratio=0.4, geometry=GEOMETRY):
    rng = np.random.default_rng(0)
    there = segment_mask(spec.rows, spec.cols, spec.groups, spec.scheme, geometry)
    kept = there & (rng.random(there.shape) >= ratio)
    layer = random_layer(dataclasses.replace(spec, groups=1), geometry, rng, kept=kept)
    blocks = np.kron(
        np.eye(spec.groups, dtype=np.int8),
        np.ones((spec.rows // spec.groups, spec.cols // spec.groups), np.int8),
    )
    return IntegerLayer(**(vars(layer) | {"spec": spec, "weights": layer.weights * blocks}))


def tables_of(spec, **options):
    layer = grouped_layer(spec, **options)
    return MappingTables(name="n", geometry=GEOMETRY, layers=(map_layer(layer, GEOMETRY),)), layer


@BOTH
@pytest.mark.parametrize("encoding", ["offset", "differential"])
def test_stored_weights_and_segments(scheme, encoding, tmp_path):
    spec, geometry = grouped_spec(scheme), dataclasses.replace(GEOMETRY, encoding=encoding)
    layer = grouped_layer(spec, geometry=geometry)
    table = map_layer(layer, geometry)
    assert np.array_equal(rebuild_matrix(table, geometry), layer.weights)
    there = segment_mask(spec.rows, spec.cols, 4, scheme, geometry)
    assert (table.segments, table.segments_kept) == (there.sum(), layer.kept.sum())
    save(MappingTables(name="n", geometry=geometry, layers=(table,)), tmp_path / "t")
    assert load(tmp_path / "t").layers[0].spec == spec
    (found,) = validate(tmp_path / "t").layers
    height, width = (9, 1) if scheme == "column_vector" else (1, 2)
    stored = layer.kept.repeat(height, axis=0).repeat(width, axis=1)[: spec.rows, : spec.cols]
    inside = np.kron(np.eye(4, dtype=bool), np.ones((12, 5), bool))
    assert found.weights == np.count_nonzero(stored & inside) < np.count_nonzero(stored)


@BOTH
@pytest.mark.parametrize("ratio", [0.0, 0.4, 1.0])
def test_index_formats_have_no_bit_outside(scheme, ratio):
    spec = grouped_spec(scheme)
    table = map_layer(grouped_layer(spec, ratio=ratio), GEOMETRY)
    for name, form in FORMATS.items():
        encoded = form.encode(table, GEOMETRY)
        inputs, outputs = form.decode(encoded, spec, GEOMETRY)
        assert np.array_equal(inputs, table.inputs)
        assert np.array_equal(outputs, table.outputs)
        if name == "bitmap":
            assert encoded.bits == table.segments


def test_counts_are_of_the_groups_side_by_side():
    """Four groups of 12 x 5: two row blocks and three column groups of two each."""
    spec = grouped_spec("column_vector")
    dense = dense_count(spec.rows, spec.cols, GEOMETRY, groups=4)
    assert dense.ous == 4 * 2 * 3
    assert dense.segments == segment_mask(48, 20, 4, "column_vector", GEOMETRY).sum()
    layer = grouped_layer(spec)
    found = count(layer.kept, rows=48, cols=20, scheme="column_vector", geometry=GEOMETRY, groups=4)
    assert (found.segments, found.segments_kept) == (dense.segments, layer.kept.sum())
    assert found.ous == map_layer(layer, GEOMETRY).ous
    whole, stored = dense_and_stored_bits(48, 20, 3, GEOMETRY, groups=4)
    assert (whole, stored) == (4 * 12 * 5 * 8, 3 * 9 * 8 * 2)
    small = dataclasses.replace(GEOMETRY, rows=9, cols=8)  # one OU a crossbar
    assert float32_crossbars(48, 20, small, groups=4) == 2 * 4 * 2 * (5 * 16 // 8)


def test_what_cannot_be_packed():
    spec = grouped_spec("column_vector")
    layer = grouped_layer(spec)
    stray = layer.weights.copy()
    stray[0, 19] = 1
    with pytest.raises(ValueError, match="layer conv: a weight outside its group must be 0"):
        dataclasses.replace(layer, weights=stray)
    kept = layer.kept.copy()
    kept[0, 19] = True
    with pytest.raises(ValueError, match=r"segment \(0, 19\) is kept, but it is outside all gro"):
        map_layer(dataclasses.replace(layer, kept=kept), GEOMETRY)
    with pytest.raises(ValueError, match="groups must divide the channels"):
        dataclasses.replace(spec, groups=3)


def altered(directory, **fields):
    manifest = read_manifest(directory)
    manifest["layers"][0] |= fields
    write_manifest(directory, manifest)
    refresh_hashes(directory)


@BOTH
def test_a_weight_outside_its_group_is_refused(scheme, tmp_path):
    """The tables of a layer of one group, said to have four."""
    spec = grouped_spec(scheme)
    plain = random_layer(
        dataclasses.replace(spec, groups=1), GEOMETRY, np.random.default_rng(0), ratio=0.4
    )
    tables = MappingTables(name="n", geometry=GEOMETRY, layers=(map_layer(plain, GEOMETRY),))
    save(tables, tmp_path / "t")
    segments = int(segment_mask(spec.rows, spec.cols, 4, scheme, GEOMETRY).sum())
    altered(tmp_path / "t", groups=4, segments=segments)
    with pytest.raises(InputError, match=r"is outside its group, but it is not 0|more than segm"):
        validate(tmp_path / "t")


def test_a_segment_outside_all_groups_is_refused(tmp_path):
    """One of zeros, so that no weight is wrong."""
    spec = grouped_spec("column_vector")
    tables, _ = tables_of(spec)
    save(tables, tmp_path / "t")
    table = tables.layers[0]
    ou = int(np.flatnonzero((table.outputs == -1).any(axis=1))[0])
    column = int(np.flatnonzero(table.outputs[ou] == -1)[0])
    near = {row // 12 for row in table.inputs[ou].tolist() if row >= 0}
    far = next(col for col in range(20) if col // 5 not in near)

    def alter(arrays):
        arrays["outputs"][ou, column] = far
        zero = 1 << (GEOMETRY.weight_bits - 1)
        levels = [zero >> (2 * s) & 3 for s in range(4)]
        lines = np.count_nonzero(table.inputs[ou] >= 0)
        arrays["cells"][ou, :lines, 4 * column : 4 * column + 4] = levels

    alter_arrays(tmp_path / "t", alter)
    altered(tmp_path / "t", segments_kept=table.segments_kept + 1)
    with pytest.raises(InputError, match=rf"OU {ou}: has a segment that is outside all groups"):
        validate(tmp_path / "t")


def test_explained():
    tables, layer = tables_of(grouped_spec("column_vector"), ratio=0.0)
    hardware = HardwareView.of(tables)
    lines = weight_lines(explain(hardware, "conv", 0, 19))
    assert lines[0] == "weight (0, 19) of layer conv is 0: it is outside its group"
    assert "row 0 is of group 0, column 19 of group 3" in lines[2]
    assert "nowhere" in lines[3]
    # Rows 12 to 17 are of group 1, in the row block of rows 9 to 11, which are of group 0.
    stored = weight_lines(explain(hardware, "conv", 12, 0))
    assert "as 0 in OU" in stored[3]
    own = explain(hardware, "conv", 3, 2)
    assert (own.weight, own.outside) == (layer.weights[3, 2], "")


def test_rank_is_among_the_segments_that_there_are():
    spec = grouped_spec("column_vector")
    blocks = np.ones((12, 20))
    blocks[:9, 7] = 5
    found = rank_segment(blocks, spec, (12, 7), geometry=GEOMETRY)
    assert found.segments == segment_mask(48, 20, 4, "column_vector", GEOMETRY).sum()
    assert found.rank <= 2
