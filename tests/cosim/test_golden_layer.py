"""The golden layer against literal loops and against the matrix product."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.fixed import ActFormat, requantise
from cosim.golden import GoldenLayer
from cosim.golden.direct import DirectProduct
from cosim.golden.effective import EffectiveMatrix, effective_matrix
from cosim.golden.lookup import LOOKUP_ROWS_MAX, PatternLookup
from cosim.golden.records import OuRecords
from cosim.golden.reference import reference_accumulate
from tests.cosim.random_tables import (
    LOSSLESS,
    geometry_of,
    linear_spec,
    mapped_table,
    random_table,
    random_weights,
    random_windows,
    table_of,
)


@st.composite
def geometries(draw):
    """Every combination that a weight fits into."""
    weight_bits = draw(st.sampled_from((2, 4, 8)))
    cell_bits = draw(st.sampled_from((1, 2, 4)))
    columns = [c for c in (4, 8, 16) if c >= -(-weight_bits // cell_bits)]
    return geometry_of(
        ou_rows=draw(st.sampled_from((1, 4, 9, 16))),
        ou_cols=draw(st.sampled_from(columns)),
        cell_bits=cell_bits,
        weight_bits=weight_bits,
        adc_bits=draw(st.sampled_from((1, 2, 3, 4, LOSSLESS))),
        encoding=draw(st.sampled_from(("offset", "differential"))),
    )


activations = st.sampled_from(
    [
        ActFormat(),
        ActFormat(bits=8, signed=True),
        ActFormat(bits=5),
        ActFormat(bits=2, signed=True),
        ActFormat(bits=1),
    ]
)


@settings(max_examples=250, deadline=None)
@given(
    geometry=geometries(),
    activation=activations,
    ous=st.integers(0, 12),
    vectors=st.sampled_from((None, 1, 3)),
    seed=st.integers(0, 1 << 30),
)
def test_any_records_match_loops(geometry, activation, ous, vectors, seed):
    rng = np.random.default_rng(seed)
    spec = linear_spec(int(rng.integers(1, 30)), int(rng.integers(1, 12)), activation=activation)
    table = random_table(spec, geometry, ous, rng, vectors=vectors)
    windows = random_windows(spec, 3, rng)
    expected = reference_accumulate(table, geometry, windows)
    records = OuRecords.of(table, geometry)
    ways = [DirectProduct(records), GoldenLayer(table, geometry)]
    if geometry.ou_rows <= LOOKUP_ROWS_MAX:
        ways += [PatternLookup(records), PatternLookup(records, table_bytes=1000)]
    if not records.can_saturate:
        ways.append(EffectiveMatrix(records))
    for way in ways:
        for _ in range(2):  # the second time from the tables that the first one made
            np.testing.assert_array_equal(way.accumulate(windows), expected, err_msg=str(way))


@settings(max_examples=60, deadline=None)
@given(
    geometry=geometries(),
    activation=activations,
    scheme=st.sampled_from(("column_vector", "row_vector")),
    ratio=st.sampled_from((0.0, 0.5, 1.0)),
    seed=st.integers(0, 1 << 30),
)
def test_lossless_is_the_matrix_product(geometry, activation, scheme, ratio, seed):
    rng = np.random.default_rng(seed)
    geometry = dataclasses.replace(geometry, adc_bits=LOSSLESS)
    spec = linear_spec(
        int(rng.integers(1, 50)),
        int(rng.integers(1, 20)),
        activation=activation,
        scheme=scheme,
    )
    weights, kept = random_weights(spec, geometry, rng, ratio=ratio)
    table = mapped_table(spec, weights, geometry, kept, rng)
    windows = random_windows(spec, 5, rng)
    layer = GoldenLayer(table, geometry)
    records = OuRecords.of(table, geometry)
    np.testing.assert_array_equal(effective_matrix(records), weights)
    np.testing.assert_array_equal(layer.accumulate(windows), windows @ weights)
    np.testing.assert_array_equal(DirectProduct(records).accumulate(windows), windows @ weights)
    np.testing.assert_array_equal(
        layer.outputs(windows),
        requantise(windows @ weights, table.multiplier, table.shift, table.bias, spec.output),
    )


@settings(max_examples=40, deadline=None)
@given(
    geometry=geometries(),
    activation=activations,
    scheme=st.sampled_from(("column_vector", "row_vector")),
    ratio=st.sampled_from((0.0, 0.7)),
    seed=st.integers(0, 1 << 30),
)
def test_lossy_ways_agree(geometry, activation, scheme, ratio, seed):
    """Larger than loops can take: bit-line sums against tables of patterns."""
    rng = np.random.default_rng(seed)
    geometry = dataclasses.replace(geometry, adc_bits=int(rng.integers(1, 5)))
    spec = linear_spec(
        int(rng.integers(20, 150)),
        int(rng.integers(20, 80)),
        activation=activation,
        scheme=scheme,
    )
    weights, kept = random_weights(spec, geometry, rng, ratio=ratio)
    table = mapped_table(spec, weights, geometry, kept, rng)
    windows = random_windows(spec, 7, rng)
    records = OuRecords.of(table, geometry)
    expected = DirectProduct(records).accumulate(windows)
    np.testing.assert_array_equal(GoldenLayer(table, geometry).accumulate(windows), expected)
    for position in (0, 3):
        trace = GoldenLayer(table, geometry).trace(windows[position])
        np.testing.assert_array_equal(trace.accumulators, expected[position])


def full_table(geometry, ous, rows, cols, level):
    """Every cell at one level; OU ``n`` reads its own row block and writes outputs 0, 1, ..."""
    spec = linear_spec(rows, cols)
    shape = (ous, geometry.ou_rows, geometry.ou_cols)
    inputs = np.arange(ous * geometry.ou_rows).reshape(ous, -1) % rows
    outputs = np.tile(np.arange(geometry.ou_weights) % cols, (ous, 1))
    cells = np.full(shape, level, dtype=np.uint8)
    cells[:, :, geometry.ou_weights * geometry.slices :] = 0
    negative = np.zeros_like(cells) if geometry.encoding == "differential" else None
    rng = np.random.default_rng(0)
    return table_of(spec, inputs, outputs, cells, negative, rng)


@pytest.mark.parametrize("cols", [2, 200])  # few outputs: shared tables; many: batches
@pytest.mark.parametrize("cell_bits", [1, 2, 7])
@pytest.mark.parametrize("level", [0, 1])
def test_sums_beyond_the_narrow_types(cols, cell_bits, level):
    """Many OUs, all at the bound of what one can add, for both signs."""
    geometry = geometry_of(cell_bits=cell_bits, encoding="offset", ou_cols=16, adc_bits=16)
    table = full_table(geometry, 300, 2700, cols, level * ((1 << cell_bits) - 1))
    records = OuRecords.of(table, geometry)
    windows = np.full((2, 2700), 255)
    each = sum(9 * level * ((1 << cell_bits) - 1) << (s * cell_bits) for s in range(records.slices))
    expected = np.zeros((2, cols), dtype=np.int64)
    for column in range(geometry.ou_weights):
        expected[:, column % cols] += 255 * 300 * (each - 9 * 128)
    for way in (PatternLookup(records), DirectProduct(records), EffectiveMatrix(records)):
        np.testing.assert_array_equal(way.accumulate(windows), expected, err_msg=str(way))


@pytest.mark.parametrize("times", [1, 60])
def test_lossless_beyond_float32(times):
    """Odd sums far above 2**24; stored 60 times, a single row leaves too little of float32."""
    rng = np.random.default_rng(times)
    geometry = geometry_of(adc_bits=LOSSLESS)
    spec = linear_spec(2000, 3)
    weights = np.full((spec.rows, spec.cols), 127)
    weights[rng.random(weights.shape) < 0.01] = -128
    kept = np.ones((-(-spec.rows // 9), spec.cols), dtype=bool)
    table = mapped_table(spec, weights, geometry, kept, rng)
    ous = np.tile(np.arange(table.ous), times)
    fields = ("crossbar", "slot_row", "slot_col", "inputs", "outputs", "cells")
    table = dataclasses.replace(table, **{name: getattr(table, name)[ous] for name in fields})
    windows = np.concatenate([np.full((2, 2000), 255), rng.integers(0, 256, (4, 2000))])
    windows[1, 0] = 254
    product = EffectiveMatrix(OuRecords.of(table, geometry))
    np.testing.assert_array_equal(product.accumulate(windows), windows @ weights * times)


def test_lossy_is_refused_as_a_product():
    rng = np.random.default_rng(0)
    geometry = geometry_of(adc_bits=1)
    records = OuRecords.of(random_table(linear_spec(9, 2), geometry, 4, rng), geometry)
    with pytest.raises(ValueError, match="a bit line can saturate"):
        EffectiveMatrix(records)


def test_many_word_lines_are_refused_by_the_tables():
    rng = np.random.default_rng(0)
    geometry = geometry_of(ou_rows=13)
    records = OuRecords.of(random_table(linear_spec(9, 2), geometry, 4, rng), geometry)
    with pytest.raises(ValueError, match="13 word lines has too many patterns"):
        PatternLookup(records)


@pytest.mark.parametrize("adc_bits", [3, LOSSLESS])
@pytest.mark.parametrize("ou_rows", [9, 16])
def test_a_large_batch_is_computed_in_parts(monkeypatch, adc_bits, ou_rows):
    rng = np.random.default_rng(1)
    geometry = geometry_of(adc_bits=adc_bits, ou_rows=ou_rows)
    table = random_table(linear_spec(40, 6), geometry, 10, rng)
    windows = random_windows(table.spec, 23, rng)
    expected = GoldenLayer(table, geometry).accumulate(windows)
    for module in ("effective", "lookup", "direct"):
        monkeypatch.setattr(f"cosim.golden.{module}._PASS_ELEMENTS", 400)
    monkeypatch.setattr("cosim.golden.lookup._BATCH_BITS", 3)
    monkeypatch.setattr("cosim.golden.lookup._BATCH_OUS", 2)
    seen = []
    for way in (EffectiveMatrix, PatternLookup, DirectProduct):
        accumulate = way.accumulate
        monkeypatch.setattr(
            way,
            "accumulate",
            lambda self, part, go=accumulate: seen.append(len(part)) or go(self, part),
        )
    np.testing.assert_array_equal(GoldenLayer(table, geometry).accumulate(windows), expected)
    assert len(seen) > 1
    assert sum(seen) == 23


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint64])
def test_types_of_windows(dtype):
    rng = np.random.default_rng(0)
    table = random_table(linear_spec(20, 4), geometry_of(adc_bits=3), 6, rng)
    layer = GoldenLayer(table, geometry_of(adc_bits=3))
    windows = random_windows(table.spec, 4, rng)
    np.testing.assert_array_equal(
        layer.accumulate(windows.astype(dtype)), layer.accumulate(windows)
    )


def test_signed_bytes():
    rng = np.random.default_rng(0)
    spec = linear_spec(20, 4, activation=ActFormat(signed=True))
    table = random_table(spec, geometry_of(adc_bits=3), 6, rng)
    layer = GoldenLayer(table, geometry_of(adc_bits=3))
    windows = random_windows(spec, 4, rng)
    np.testing.assert_array_equal(
        layer.accumulate(windows.astype(np.int8)), layer.accumulate(windows)
    )


def test_nothing_mapped_gives_zero():
    rng = np.random.default_rng(0)
    table = random_table(linear_spec(20, 4), geometry_of(), 0, rng)
    layer = GoldenLayer(table, geometry_of())
    assert not layer.accumulate(random_windows(table.spec, 3, rng)).any()
    assert layer.accumulate(np.zeros((0, 20), dtype=np.uint8)).shape == (0, 4)
    assert layer.trace(np.zeros(20, dtype=np.uint8)).partials.shape == (0, 2)


def test_wrong_activation():
    rng = np.random.default_rng(0)
    spec = linear_spec(4, 2, activation=ActFormat(bits=4), name="conv7")
    layer = GoldenLayer(random_table(spec, geometry_of(), 2, rng), geometry_of())
    with pytest.raises(ValueError, match="layer conv7: activations must be 0 to 15, not 16"):
        layer.outputs(np.array([[0, 1, 2, 16]]))
    with pytest.raises(ValueError, match="layer conv7: activations must be 0 to 15, not -1"):
        layer.outputs(np.array([[0, -1, 2, 3]]))


def test_wrong_windows():
    rng = np.random.default_rng(0)
    layer = GoldenLayer(random_table(linear_spec(4, 2), geometry_of(), 2, rng), geometry_of())
    with pytest.raises(TypeError, match="layer layer: windows must be integers, not float64"):
        layer.accumulate(np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"the last of size 4, not the shape \(1, 5\)"):
        layer.accumulate(np.zeros((1, 5), dtype=np.int64))
    with pytest.raises(ValueError, match=r"must have 1 dimensions, .* not the shape \(1, 4\)"):
        layer.trace(np.zeros((1, 4), dtype=np.int64))
