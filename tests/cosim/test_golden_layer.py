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


@settings(max_examples=150, deadline=None)
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
    if not records.can_saturate:
        ways.append(EffectiveMatrix(records))
    for way in ways:
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


def test_wrong_activation():
    rng = np.random.default_rng(0)
    spec = linear_spec(4, 2, activation=ActFormat(bits=4), name="conv7")
    layer = GoldenLayer(random_table(spec, geometry_of(), 2, rng), geometry_of())
    with pytest.raises(ValueError, match="layer conv7: activations must be 0 to 15, not 16"):
        layer.outputs(np.array([[0, 1, 2, 16]]))
    with pytest.raises(ValueError, match="layer conv7: activations must be 0 to 15, not -1"):
        layer.outputs(np.array([[0, -1, 2, 3]]))
