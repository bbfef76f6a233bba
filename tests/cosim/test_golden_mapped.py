"""The golden model reads what the mapper writes as the matrix that the mapper was given."""

import numpy as np
import pytest

from arch.fixed import ActFormat
from cosim.golden import GoldenLayer
from sw.integer_network import IntegerLayer
from sw.mapping import map_layer
from tests.cosim.random_tables import geometry_of, linear_spec, random_weights, random_windows


@pytest.mark.parametrize("ratio", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("encoding", ["offset", "differential"])
@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
@pytest.mark.parametrize("ou_rows", [1, 9, 16])
def test_lossless_is_the_matrix_product(ratio, encoding, scheme, ou_rows):
    rng = np.random.default_rng(ou_rows)
    geometry = geometry_of(encoding=encoding, ou_rows=ou_rows, adc_bits=6)
    spec = linear_spec(70, 41, scheme=scheme, activation=ActFormat(signed=True))
    weights, kept = random_weights(spec, geometry, rng, ratio=ratio)
    layer = IntegerLayer(
        spec=spec,
        weights=weights.astype(np.int8),
        kept=kept,
        multiplier=np.ones(41, dtype=np.int64),
        shift=np.zeros(41, dtype=np.int64),
        bias=np.zeros(41, dtype=np.int64),
    )
    windows = random_windows(spec, 5, rng)
    golden = GoldenLayer(map_layer(layer, geometry), geometry)
    np.testing.assert_array_equal(golden.accumulate(windows), windows @ weights)
    np.testing.assert_array_equal(golden.trace(windows[2]).accumulators, windows[2] @ weights)
