"""A mismatch is named by the first OU, plane and bit line that differ."""

import numpy as np
import pytest

from arch.fixed import ActFormat
from arch.geometry import Geometry
from cosim.golden import GoldenLayer
from cosim.mismatch import issued_order, locate, unpack_word
from tests.cosim.random_tables import linear_spec, random_table

CODE_BITS, VALUE_BITS = 5, 22


def pack(values, bits):
    return sum(
        (int(value) & ((1 << bits) - 1)) << (place * bits) for place, value in enumerate(values)
    )


def monitored(trace, geometry, activation, *, skip=False):
    """What right hardware shows."""
    golden = trace.codes
    if trace.codes_negative is not None:
        golden = np.concatenate([trace.codes, trace.codes_negative], axis=2)
    codes = []
    for ou, drive in zip(golden, trace.drive.tolist(), strict=True):
        for plane in reversed(range(geometry.act_bits)):
            if skip and not any(value >> plane & 1 for value in drive):
                continue
            line = ou[min(plane, activation.bits - 1)]
            if plane >= activation.bits and not activation.signed:
                line = np.zeros_like(line)
            codes.append(pack(line, CODE_BITS))
    return codes, [pack(values, VALUE_BITS) for values in trace.partials]


def place(trace, geometry, activation, codes, values, *, skip=False):
    return locate(
        trace,
        geometry,
        activation,
        codes=codes,
        values=values,
        code_bits=CODE_BITS,
        value_bits=VALUE_BITS,
        skip_zero_planes=skip,
    )


@pytest.fixture(params=["offset", "differential"])
def case(request):
    rng = np.random.default_rng(0)
    geometry = Geometry(encoding=request.param)
    activation = ActFormat(bits=5, signed=request.param == "offset")
    table = random_table(linear_spec(20, 7, activation=activation), geometry, 3, rng)
    window = rng.integers(activation.minimum, activation.maximum + 1, 20)
    trace = GoldenLayer(table, geometry).trace(window)
    return trace, geometry, activation, *monitored(trace, geometry, activation)


def test_nothing_wrong_inside(case):
    assert place(*case) == ""


@pytest.mark.parametrize(("ou", "plane", "line"), [(0, 7, 0), (1, 3, 5), (2, 0, 7)])
def test_wrong_code(case, ou, plane, line):
    trace, geometry, activation, codes, values = case
    codes[ou * 8 + 7 - plane] ^= 1 << (line * CODE_BITS)
    codes[-1] ^= 1 << (7 * CODE_BITS)  # A later one is not named, unless it is the same.
    seen = unpack_word(codes[ou * 8 + 7 - plane], 8, CODE_BITS)[line]
    text = place(trace, geometry, activation, codes, values)
    if (ou, plane, line) != (2, 0, 7):
        assert text == (
            f"OU {ou}, plane {plane}, bit line {line}: ADC code {seen}, expected {seen ^ 1}"
        )
    else:
        assert text == ""


def test_wrong_value(case):
    trace, geometry, activation, codes, values = case
    values[1] ^= 1 << VALUE_BITS
    want = int(trace.partials[1, 1])
    assert place(trace, geometry, activation, codes, values) == (
        f"OU 1, weight column 1: shift-and-add gave {want ^ 1}, expected {want}, "
        f"though all its ADC codes are right"
    )


def test_missing_planes(case):
    trace, geometry, activation, codes, values = case
    assert place(trace, geometry, activation, codes[:-1], values) == (
        "only 23 of 24 planes were issued"
    )


def test_tile_has_other_ous(case):
    """What a tile shows is compared with its own OUs, by their numbers in the layer."""
    trace, geometry, activation, codes, values = case
    ous = np.array([0, 2])
    sizes = {"code_bits": CODE_BITS, "value_bits": VALUE_BITS, "ous": ous}
    own = {"codes": codes[:8] + codes[16:], "values": values[::2]}
    assert locate(trace, geometry, activation, **own, **sizes) == ""
    own["codes"][9] ^= 1
    text = locate(trace, geometry, activation, **own, **sizes)
    assert text.startswith("OU 2, plane 6, bit line 0: ADC code ")


@pytest.fixture(params=[False, True], ids=["unsigned", "signed"])
def skipping_case(request):
    """Four OUs: with planes 0 and 2 and, if signed, the sign; none; plane 1; and none."""
    geometry = Geometry(ou_rows=2)
    activation = ActFormat(bits=5, signed=request.param)
    spec = linear_spec(3, 2, activation=activation)
    table = random_table(spec, geometry, 4, np.random.default_rng(0))
    table.inputs[:] = [[0, -1], [1, 1], [2, 1], [-1, -1]]
    window = np.array([-11 if request.param else 5, 0, 2])
    trace = GoldenLayer(table, geometry).trace(window)
    codes, values = monitored(trace, geometry, activation, skip=True)
    # The last OU ends the position with a plane of zeros; OU 1 is not issued.
    return trace, geometry, activation, [*codes, 0], [values[0], *values[2:]]


def test_skipped_planes_are_not_missing(skipping_case):
    trace, geometry, activation, codes, values = skipping_case
    upper = [7, 6, 5, 4] if activation.signed else []
    order = [(0, plane) for plane in (*upper, 2, 0)] + [(2, 1), (3, 0)]
    assert issued_order(trace, geometry, skip_zero_planes=True) == order
    assert len(codes) == len(order)
    assert place(*skipping_case, skip=True) == ""
    assert place(trace, geometry, activation, codes[:-1], values, skip=True) == (
        f"only {len(order) - 1} of {len(order)} planes were issued"
    )
    codes[-2] ^= 1
    assert place(*skipping_case, skip=True).startswith("OU 2, plane 1, bit line 0: ADC code ")


def test_wrong_value_behind_a_skipped_ou(skipping_case):
    *_, values = skipping_case
    values[1] ^= 1
    assert place(*skipping_case, skip=True).startswith("OU 2, weight column 0: shift-and-add gave ")


def test_unpack_word():
    assert unpack_word(0b110_001, 2, 3) == [1, 6]
    assert unpack_word(0b110_001, 2, 3, signed=True) == [1, -2]
