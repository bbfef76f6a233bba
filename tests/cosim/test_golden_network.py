"""The golden network against literal convolutions of the whole chain."""

import dataclasses

import numpy as np
import pytest

from arch.fixed import ActFormat, OutFormat, requantise
from arch.layer import LayerSpec
from arch.tables import MappingTables
from cosim.golden import GoldenNetwork
from tests.cosim.random_tables import geometry_of, mapped_table, random_weights

SIGNED = ActFormat(bits=8, signed=True, zero_point=-5)
OUT_SIGNED = OutFormat(bits=8, signed=True, zero_point=-5, minimum=-5, maximum=127)


def specs():
    """Two convolutions, a third that also reads the first one, and a linear layer."""
    return [
        LayerSpec(
            name="first",
            kind="conv2d",
            source="input",
            in_shape=(2, 6, 5),
            out_shape=(4, 6, 5),
            kernel=(3, 3),
            padding=(1, 1),
            activation=ActFormat(bits=4),
            output=OUT_SIGNED,
        ),
        LayerSpec(
            name="down",
            kind="conv2d",
            source="first",
            in_shape=(4, 6, 5),
            out_shape=(3, 3, 3),
            kernel=(3, 3),
            stride=(2, 2),
            padding=(1, 1),
            scheme="row_vector",
            activation=SIGNED,
            output=OutFormat(),
        ),
        LayerSpec(
            name="side",
            kind="conv2d",
            source="first",
            in_shape=(4, 6, 5),
            out_shape=(2, 6, 5),
            activation=SIGNED,
            output=OutFormat(),
        ),
        LayerSpec(
            name="score",
            kind="linear",
            source="down",
            in_shape=(3, 3, 3),
            out_shape=(10, 1, 1),
            activation=ActFormat(),
            output=OutFormat(bits=16, signed=True, minimum=-32768, maximum=32767),
        ),
    ]


def network(*, adc_bits=5, layers=None):
    """Tables and weights of the chain, shifts such that outputs spread over their range."""
    rng = np.random.default_rng(0)
    geometry = geometry_of(adc_bits=adc_bits)
    tables, weights = [], {}
    for spec in layers or specs():
        matrix, kept = random_weights(spec, geometry, rng, ratio=0.3)
        table = mapped_table(spec, matrix, geometry, kept, rng)
        weights[spec.name] = matrix
        scale = {
            "multiplier": np.full(spec.cols, 40000),
            "shift": np.full(spec.cols, 22),
            "bias": rng.integers(-3000, 3000, spec.cols),
        }
        tables.append(dataclasses.replace(table, **scale))
    return MappingTables(name="chain", geometry=geometry, layers=tuple(tables)), weights


def plain_layer(table, weights, images):
    """Convolution by loops over positions; the padding reads the zero point."""
    spec = table.spec
    if spec.kind == "linear":
        acc = (images.reshape(len(images), -1) @ weights)[:, :, None, None]
    else:
        zero = spec.activation.zero_point
        (down, across), kernel = spec.padding, spec.kernel
        widths = ((0, 0), (0, 0), (down, down), (across, across))
        padded = np.pad(images, widths, constant_values=zero)
        acc = np.zeros((len(images), *spec.out_shape), dtype=np.int64)
        for row in range(spec.out_shape[1]):
            for col in range(spec.out_shape[2]):
                top, left = row * spec.stride[0], col * spec.stride[1]
                part = padded[:, :, top : top + kernel[0], left : left + kernel[1]]
                acc[:, :, row, col] = part.reshape(len(images), -1) @ weights
    moved = np.moveaxis(acc, 1, -1)
    outputs = requantise(moved, table.multiplier, table.shift, table.bias, spec.output)
    return np.moveaxis(outputs, -1, 1)


def test_lossless_is_the_integer_network():
    tables, weights = network()
    codes = np.random.default_rng(1).integers(0, 16, (5, 2, 6, 5))
    outputs = GoldenNetwork(tables).run(codes)
    assert list(outputs) == ["first", "down", "side", "score"]
    seen = {"input": codes}
    for table in tables.layers:
        name = table.spec.name
        seen[name] = plain_layer(table, weights[name], seen[table.spec.source])
        assert len(np.unique(seen[name])) > 5
        np.testing.assert_array_equal(outputs[name], seen[name])
        assert outputs[name].dtype == np.int64


def test_lossy_differs():
    codes = np.random.default_rng(1).integers(0, 16, (5, 2, 6, 5))
    exact, lossy = (GoldenNetwork(network(adc_bits=bits)[0]).run(codes)["score"] for bits in (5, 3))
    assert (exact != lossy).any()


def test_images_are_taken_in_parts(monkeypatch):
    tables, _ = network()
    codes = np.random.default_rng(1).integers(0, 16, (5, 2, 6, 5))
    whole = GoldenNetwork(tables).run(codes)
    monkeypatch.setattr("cosim.golden.network._PASS_ELEMENTS", 1100)
    parts = GoldenNetwork(tables).run(codes)
    for name, expected in whole.items():
        np.testing.assert_array_equal(parts[name], expected)


def test_inputs_are_the_windows_that_a_layer_reads():
    tables, _ = network()
    golden = GoldenNetwork(tables)
    codes = np.random.default_rng(1).integers(0, 16, (2, 2, 6, 5))
    outputs = golden.run(codes)
    for name, layer in golden.layers.items():
        read = golden.inputs(name, codes, outputs)
        np.testing.assert_array_equal(golden.inputs(name, codes), read)
        spec = layer.spec
        again = layer.outputs(read).reshape(2, *spec.out_shape[1:], spec.cols)
        np.testing.assert_array_equal(np.moveaxis(again, -1, 1), outputs[name])


def test_wrong_activation_names_the_layer():
    codes = np.zeros((1, 2, 6, 5), dtype=np.int64)
    codes[0, 1, 2, 3] = 16
    with pytest.raises(ValueError, match="layer first: activations must be 0 to 15, not 16"):
        GoldenNetwork(network()[0]).run(codes)
    wide = [dataclasses.replace(spec) for spec in specs()]
    wide[2] = dataclasses.replace(wide[2], activation=ActFormat())
    codes[0, 1, 2, 3] = 0
    with pytest.raises(ValueError, match="layer side: activations must be 0 to 255, not -5"):
        GoldenNetwork(network(layers=wide)[0]).run(codes)


def test_wrong_layer_name():
    golden = GoldenNetwork(network()[0])
    with pytest.raises(ValueError, match="no layer 'third'; the layers are first, down, side, sc"):
        golden.inputs("third", np.zeros((1, 2, 6, 5), dtype=np.int64))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "score"}, "layer side: no earlier layer is called 'score'"),
        ({"source": "side"}, "layer side: no earlier layer is called 'side'"),
        ({"source": "down"}, r"side reads the shape \(4, 6, 5\), but down gives \(3, 3, 3\)"),
        ({"name": "first"}, "layer first occurs twice"),
    ],
)
def test_wrong_chain(change, message):
    layers = specs()
    layers[2] = dataclasses.replace(layers[2], **change)
    with pytest.raises(ValueError, match=message):
        GoldenNetwork(network(layers=layers)[0])
