"""Host operations of the golden model and of integer inference, against literal loops."""

import dataclasses

import numpy as np
import pytest

from arch.fixed import OutFormat
from arch.geometry import Geometry
from cosim.golden import GoldenNetwork
from cosim.golden.host import GoldenOperation
from sw.host_arithmetic import operate
from sw.integer_inference import run
from sw.mapping import map_network
from tests.sw.integer_layers import residual_network

NETWORK = residual_network(Geometry())
OPERATIONS = {operation.name: operation for operation in NETWORK.host}
for number, (window, out) in enumerate(
    [
        ({"kernel": (2, 2), "stride": (2, 2)}, (2, 2)),
        ({"kernel": (3, 3), "stride": (2, 1), "padding": (1, 1)}, (3, 4)),
        ({"kernel": (1, 4), "stride": (3, 1), "padding": (0, 2)}, (2, 5)),
        ({"kernel": (5, 1)}, (1, 4)),
        ({}, (1, 1)),
    ]
):
    for pool in ("average_pool", "max_pool"):
        OPERATIONS[f"{pool}{number}"] = dataclasses.replace(
            OPERATIONS["average"], name="pool", kind=pool, out_shape=(4, *out), **window
        )


def by_hand(spec, values):
    """One image, in Python's integers, from the text of the number formats."""
    out = np.zeros(spec.out_shape, dtype=np.int64)
    zeros = [form.zero_point for form in spec.activations]
    for channel, row, col in np.ndindex(*spec.out_shape):
        if spec.kind == "add":
            picked = [[int(value[channel, row, col])] for value in values]
        elif spec.pools:
            top, left = (
                place * step - around
                for place, step, around in zip((row, col), spec.stride, spec.padding, strict=True)
            )
            picked = [
                [
                    int(values[0][channel, top + y, left + x])
                    for y in range(spec.window[0])
                    for x in range(spec.window[1])
                    if 0 <= top + y < spec.in_shape[1] and 0 <= left + x < spec.in_shape[2]
                ]
            ]
            if spec.kind == "max_pool":
                picked = [[max(picked[0])]]
        else:
            source = channel - spec.channels_before
            inside = 0 <= source < spec.in_shape[0]
            place = (source, row * spec.stride[0], col * spec.stride[1])
            picked = [[int(values[0][place]) if inside else zeros[0]]]
        acc = sum(
            m * sum(v - zero for v in part)
            for part, m, zero in zip(picked, spec.multipliers, zeros, strict=True)
        )
        rounded = (acc + (1 << spec.shift >> 1)) >> spec.shift
        limited = max(rounded + spec.output.zero_point, spec.output.minimum)
        out[channel, row, col] = min(limited, spec.output.maximum)
    return out


def random_values(spec, rng, images=3):
    return [
        rng.integers(form.minimum, form.maximum + 1, (images, *spec.in_shape))
        for form in spec.activations
    ]


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("shift", [None, 0, 1])
def test_both_match_loops(name, shift):
    spec = OPERATIONS[name]
    if shift is not None:
        wide = OutFormat(bits=16, signed=True, zero_point=-7, minimum=-4000, maximum=4000)
        small = {"multipliers": tuple(range(1, len(spec.sources) + 1)), "shift": shift}
        spec = dataclasses.replace(spec, output=wide, **small)
    values = random_values(spec, np.random.default_rng(1))
    expected = np.stack([by_hand(spec, image) for image in zip(*values, strict=True)])
    assert len(np.unique(expected)) > 1
    for outputs in (GoldenOperation(spec).outputs(values), operate(spec, values)):
        assert outputs.dtype == np.int64
        np.testing.assert_array_equal(outputs, expected)


def test_halves_round_up():
    spec = dataclasses.replace(OPERATIONS["short"], shift=1)
    zero, out = spec.activations[0].zero_point, spec.output.zero_point
    for value, rounded in ((3, 2), (1, 1), (-1, 0), (-3, -1)):
        values = [np.full((1, *spec.in_shape), value + zero)]
        for outputs in (GoldenOperation(spec).outputs(values), operate(spec, values)):
            assert outputs[0, spec.channels_before, 0, 0] == rounded + out


def test_networks_agree():
    codes = np.random.default_rng(2).integers(-128, 128, (4, *NETWORK.in_shape))
    golden = GoldenNetwork(map_network(NETWORK, Geometry()))
    outputs, expected = golden.run(codes), run(NETWORK, codes)
    assert list(outputs) == list(expected) == ["short", "conv", "sum", "average", "scores"]
    for name in expected:
        assert len(np.unique(expected[name])) > 3
        np.testing.assert_array_equal(outputs[name], expected[name])
    assert list(golden.layers) == ["conv", "scores"]
    assert golden.inputs("scores", codes).shape == (4, 4)


def test_wrong_values():
    spec = OPERATIONS["sum"]
    values = random_values(spec, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"operation sum: values must have the shape \(3, 4, 5, 4"):
        GoldenOperation(spec).outputs([values[0], values[1][:, :3]])
    values[1][0, 0, 0, 0] = 128
    with pytest.raises(ValueError, match="operation sum: values must be -128 to 127, not 128"):
        GoldenOperation(spec).outputs(values)


@pytest.mark.parametrize(
    ("place", "fields", "message"),
    [
        (2, {"sources": ("no",)}, "layer scores: no earlier layer is called 'average'"),
        (2, {"name": "conv"}, "operation conv occurs twice"),
        (1, {"sources": ("conv", "conv"), "in_shape": (4, 5, 5), "out_shape": (4, 5, 5)},
         r"operation sum reads the shape \(4, 5, 5\), but conv gives \(4, 5, 4\)"),
    ],
)  # fmt: skip
def test_wrong_chain(place, fields, message):
    tables = map_network(NETWORK, Geometry())
    host = list(tables.host)
    host[place] = dataclasses.replace(host[place], **fields)
    with pytest.raises(ValueError, match=message):
        GoldenNetwork(dataclasses.replace(tables, host=tuple(host)))


def test_operation_that_never_runs():
    tables = map_network(NETWORK, Geometry())
    extra = dataclasses.replace(tables.host[1], name="extra", sources=("conv", "no"))
    with pytest.raises(ValueError, match="operation extra: reads conv and no, which do not all"):
        GoldenNetwork(dataclasses.replace(tables, host=(*tables.host, extra)))
