import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.fixed import (
    ACC_BITS_MAX,
    ActFormat,
    OutFormat,
    accumulator_bits,
    adc_max,
    decode_weights,
    encode_weights,
    is_lossless,
    ou_magnitude,
    plane_weights,
    requantise,
    weight_range,
)
from arch.geometry import Geometry
from tests.sw.integer_layers import geometries


@pytest.mark.parametrize(
    ("bits", "signed", "low", "high"),
    [(8, False, 0, 255), (8, True, -128, 127), (1, False, 0, 1), (2, True, -2, 1)],
)
def test_activation_range(bits, signed, low, high):
    form = ActFormat(bits=bits, signed=signed)
    assert (form.minimum, form.maximum) == (low, high)
    for zero_point in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"zero_point must be {low} to {high}, not"):
            ActFormat(bits=bits, signed=signed, zero_point=zero_point)


@pytest.mark.parametrize(("bits", "signed"), [(0, False), (9, False), (1, True), (9, True)])
def test_wrong_activation_bits(bits, signed):
    with pytest.raises(ValueError, match=f"activation bits must be {1 + signed} to 8, not {bits}"):
        ActFormat(bits=bits, signed=signed)


def test_wrong_output_format():
    for bits in (0, 17):
        with pytest.raises(ValueError, match=f"output bits must be 1 to 16, not {bits}"):
            OutFormat(bits=bits)
    for low, high in ((-1, 255), (0, 256), (2, 1)):
        with pytest.raises(ValueError, match=f"must lie in 0 to 255, not {low} to {high}"):
            OutFormat(minimum=low, maximum=high)
    for zero_point in (-129, 128):
        with pytest.raises(ValueError, match="zero_point must be -128 to 127"):
            OutFormat(signed=True, minimum=-128, maximum=127, zero_point=zero_point)


@given(st.integers(1, 8), st.booleans(), st.data())
def test_planes_make_the_value(bits, signed, data):
    bits = max(bits, 1 + signed)
    form = ActFormat(bits=bits, signed=signed)
    value = data.draw(st.integers(form.minimum, form.maximum))
    planes = [(value >> plane) & 1 for plane in range(bits)]
    weights = plane_weights(bits, signed=signed)
    assert sum(p * w for p, w in zip(planes, weights, strict=True)) == value


def test_sign_plane():
    assert plane_weights(4, signed=True) == (1, 2, 4, -8)
    assert plane_weights(4, signed=False) == (1, 2, 4, 8)


def test_lossless_exactly_from_the_largest_sum():
    # 9 word lines of level 3 sum to 27: five bits hold it, four do not.
    assert is_lossless(Geometry(adc_bits=5))
    assert not is_lossless(Geometry(adc_bits=4))
    # The sum that just fits: 5 x 3 = 15.
    assert is_lossless(Geometry(ou_rows=5, adc_bits=4))
    assert adc_max(Geometry(adc_bits=4)) == 15


@given(geometries())
def test_weights_return_from_their_cells(geometry):
    low, high = weight_range(geometry.weight_bits)
    weights = np.arange(low, high + 1)
    cells, negative = encode_weights(weights, geometry)
    assert cells.dtype == np.uint8
    assert cells.shape == (len(weights), geometry.slices)
    assert cells.max() < 1 << geometry.cell_bits
    assert (decode_weights(cells, negative, geometry) == weights).all()
    if geometry.encoding == "differential":
        assert not (cells.any(axis=1) & negative.any(axis=1)).any()
    else:
        assert negative is None
        assert not cells[0].any()


def test_worked_weights():
    # 37 in slices of two bits, by hand: 37 + 128 = 165 = 0b10_10_01_01.
    assert encode_weights(np.array(37), Geometry())[0].tolist() == [1, 1, 2, 2]
    positive, negative = encode_weights(np.array([37, -128]), Geometry(encoding="differential"))
    assert positive.tolist() == [[1, 1, 2, 0], [0, 0, 0, 0]]
    assert negative.tolist() == [[0, 0, 0, 0], [0, 0, 0, 2]]


def test_weights_out_of_range():
    geometry = Geometry(weight_bits=4)
    for weight in (-9, 8):
        with pytest.raises(ValueError, match="weights must be -8 to 7 for 4 bits"):
            encode_weights(np.array([0, weight]), geometry)


@given(geometries(), st.data())
def test_no_ou_exceeds_its_magnitude(geometry, data):
    # The worst inputs and cells are all ones; anything else is a data point below.
    rng = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    weights = plane_weights(geometry.act_bits, signed=data.draw(st.booleans()))
    for fill in ("ones", "random"):
        cells = np.full((geometry.arrays, geometry.ou_rows, geometry.slices), 255)
        planes = np.ones((geometry.act_bits, geometry.ou_rows), dtype=int)
        if fill == "random":
            cells = rng.integers(0, 256, cells.shape)
            planes = rng.integers(0, 2, planes.shape)
        cells = cells % (1 << geometry.cell_bits)
        codes = np.minimum(planes @ cells, adc_max(geometry))
        total = (codes << np.arange(geometry.slices) * geometry.cell_bits).sum(axis=-1)
        inputs = np.array(weights) @ planes
        for sign in itertools.islice((1, -1), geometry.arrays):
            result = sign * int(np.array(weights) @ total[0 if sign > 0 else 1])
            if geometry.encoding == "offset":
                result -= (1 << (geometry.weight_bits - 1)) * int(inputs.sum())
            assert abs(result) <= ou_magnitude(geometry)


def test_magnitude_by_hand():
    # 9 word lines of level 3, slices of weight 1, 4, 16 and 64, planes up to 255.
    assert ou_magnitude(Geometry(adc_bits=16)) == ou_magnitude(Geometry()) == 27 * 85 * 255
    # A lossy ADC stops at 15.
    assert ou_magnitude(Geometry(adc_bits=4)) == 15 * 85 * 255
    # With one bit the codes of offset are smaller than what is subtracted.
    assert ou_magnitude(Geometry(adc_bits=1)) == 9 * 128 * 255
    assert ou_magnitude(Geometry(adc_bits=1, encoding="differential")) == 85 * 255
    assert accumulator_bits(Geometry(), 64) == 27


def test_accumulator_holds_its_bound_and_no_more():
    geometry = Geometry()
    for ous in (1, 2, 3, 64, 1000):
        bits = accumulator_bits(geometry, ous)
        bound = ou_magnitude(geometry) * ous
        assert 1 << (bits - 2) <= bound < 1 << (bits - 1)
    assert accumulator_bits(geometry, 0) == accumulator_bits(geometry, 1)


def test_accumulator_too_wide():
    geometry = Geometry(ou_rows=64, adc_bits=16)
    legal = ((1 << (ACC_BITS_MAX - 1)) - 1) // ou_magnitude(geometry)
    assert accumulator_bits(geometry, legal) == ACC_BITS_MAX
    with pytest.raises(ValueError, match=f"{legal + 1} OUs add into one output.*at most 40"):
        accumulator_bits(geometry, legal + 1)


@pytest.mark.parametrize(
    ("acc", "multiplier", "shift", "bias", "expected"),
    [
        (10, 1, 0, 0, 10),
        (5, 1, 1, 0, 3),  # 2.5 rounds up
        (-5, 1, 1, 0, -2),  # -2.5 rounds up too
        (-6, 1, 2, 0, -1),  # -1.5 rounds up
        (-7, 1, 2, 0, -2),  # -1.75
        (100, 3, 3, -20, 30),
        (1 << 20, 65535, 4, 0, 127),
        (-(1 << 20), 65535, 4, 0, -128),
    ],
)
def test_requantisation_by_hand(acc, multiplier, shift, bias, expected):
    out = OutFormat(signed=True, minimum=-128, maximum=127)
    result = requantise(
        np.array([[acc]]), np.array([multiplier]), np.array([shift]), np.array([bias]), out
    )
    assert result.tolist() == [[expected]]


@given(st.data())
def test_requantisation_matches_integers(data):
    acc = data.draw(st.integers(-(1 << 39), (1 << 39) - 1))
    multiplier = data.draw(st.integers(0, (1 << 16) - 1))
    shift = data.draw(st.integers(0, 47))
    bias = data.draw(st.integers(-(1 << 31), (1 << 31) - 1))
    out = OutFormat(bits=16, signed=True, zero_point=-7, minimum=-300, maximum=3000)
    rounding = (1 << shift) // 2
    expected = max(-300, min(3000, (((acc + bias) * multiplier + rounding) >> shift) - 7))
    result = requantise(
        np.array([acc]), np.array([multiplier]), np.array([shift]), np.array([bias]), out
    )
    assert result.tolist() == [expected]
