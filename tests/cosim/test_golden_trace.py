"""The trace of one window against literal loops, and what it adds up to."""

import numpy as np
import pytest

from arch.fixed import ActFormat
from cosim.golden import GoldenLayer
from tests.cosim.random_tables import geometry_of, linear_spec, random_table, random_windows


def line_sum(table, cells, window, ou, plane, line):
    total = 0
    for word_line, index in enumerate(table.inputs[ou]):
        bit = (int(window[index]) >> plane) & 1 if index >= 0 else 0
        total += bit * int(cells[ou, word_line, line])
    return total


@pytest.mark.parametrize("encoding", ["offset", "differential"])
@pytest.mark.parametrize("activation", [ActFormat(), ActFormat(bits=3, signed=True)])
def test_every_step(encoding, activation):
    rng = np.random.default_rng(3)
    geometry = geometry_of(encoding=encoding, adc_bits=3, ou_cols=9)  # one bit line is left over
    spec = linear_spec(15, 5, activation=activation)
    table = random_table(spec, geometry, 6, rng)
    window = random_windows(spec, 3, rng)[1]
    trace = GoldenLayer(table, geometry).trace(window)
    halves = [(table.cells, trace.sums, trace.codes)]
    if encoding == "differential":
        halves.append((table.cells_negative, trace.sums_negative, trace.codes_negative))
    else:
        assert trace.sums_negative is None
        assert trace.codes_negative is None
    for ou in range(6):
        for plane in range(activation.bits):
            for line in range(9):
                for cells, sums, codes in halves:
                    expected = line_sum(table, cells, window, ou, plane, line)
                    assert sums[ou, plane, line] == expected
                    assert codes[ou, plane, line] == min(expected, 7)
            for column in range(2):
                code = trace.codes[ou, plane]
                if encoding == "differential":
                    code = code - trace.codes_negative[ou, plane]
                joined = sum(int(code[4 * column + piece]) * 4**piece for piece in range(4))
                assert trace.values[ou, plane, column] == joined
        drive = [int(window[i]) if i >= 0 else 0 for i in table.inputs[ou]]
        assert trace.drive[ou].tolist() == drive
        for plane in range(activation.bits):
            assert trace.bits[ou, plane].tolist() == [(value >> plane) & 1 for value in drive]
        assert trace.corrections[ou] == (128 * sum(drive) if encoding == "offset" else 0)
        weights = [2**plane for plane in range(activation.bits)]
        weights[-1] *= -1 if activation.signed else 1
        for column in range(2):
            total = sum(weights * trace.values[ou, :, column]) - trace.corrections[ou]
            assert trace.partials[ou, column] == total


@pytest.mark.parametrize("adc_bits", [2, 16])
def test_partials_add_up_to_the_accumulators(adc_bits):
    rng = np.random.default_rng(4)
    geometry = geometry_of(adc_bits=adc_bits)
    table = random_table(linear_spec(30, 5), geometry, 20, rng)
    layer = GoldenLayer(table, geometry)
    windows = random_windows(table.spec, 4, rng)
    for window, expected in zip(windows, layer.accumulate(windows), strict=True):
        trace = layer.trace(window)
        acc = np.zeros(5, dtype=np.int64)
        for ou, column in zip(*np.nonzero(table.outputs >= 0), strict=True):
            acc[table.outputs[ou, column]] += trace.partials[ou, column]
        np.testing.assert_array_equal(acc, expected)
        np.testing.assert_array_equal(trace.accumulators, expected)
