import dataclasses

import numpy as np
import pytest

from arch.fixed import ActFormat
from arch.geometry import Geometry
from sw.integer_network import (
    IntegerNetwork,
    encode_input,
    load_integer_network,
    save_integer_network,
)
from tests.sw.integer_layers import linear_spec, random_layer, small_network


def layer_of(spec=None, **changes):
    layer = random_layer(spec or linear_spec(20, 3), Geometry(), np.random.default_rng(0))
    return dataclasses.replace(layer, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": np.zeros((20, 4), np.int8)}, r"weights must be int8 of shape \(20, 3\)"),
        ({"weights": np.zeros((20, 3), np.int16)}, "not int16"),
        ({"kept": np.ones((3, 4), bool)}, "kept must be bool with 3 columns"),
        ({"kept": np.ones((21, 3), bool)}, "kept must be bool with 3 columns"),
        ({"kept": np.ones((0, 3), bool)}, "kept must be bool with 3 columns"),
        ({"kept": np.ones((3, 3), np.uint8)}, "not uint8"),
        (
            {"multiplier": np.array([0, 1, 1 << 16])},
            "multiplier must be 0 to 65535, not 0 to 65536",
        ),
        ({"multiplier": np.array([0, 1, -1])}, "multiplier must be 0 to 65535, not -1 to 1"),
        ({"shift": np.array([0, 1, 48])}, "shift must be 0 to 47"),
        ({"bias": np.array([0, 1, 1 << 31])}, "bias must be -2147483648 to 2147483647"),
        ({"bias": np.zeros(3, np.int32)}, r"bias must be int64 of shape \(3,\), not int32"),
        ({"shift": np.zeros(2, np.int64)}, r"shift must be int64 of shape \(3,\)"),
    ],
)
def test_wrong_layer(changes, message):
    with pytest.raises(ValueError, match=f"layer layer: .*{message}"):
        layer_of(**changes)


def test_wrong_kept_of_row_vector():
    with pytest.raises(ValueError, match="kept must be bool with 20 rows"):
        layer_of(linear_spec(20, 3, scheme="row_vector"), kept=np.ones((3, 3), bool))


def network_of(*specs, **changes):
    layers = tuple(layer_of(spec) for spec in specs)
    fields = {"name": "x", "layers": layers, "input_scale": 1.0, "in_shape": (20, 1, 1)}
    return IntegerNetwork(**(fields | changes))


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"name": "layer"}, "layer layer: there are two of this name"),
        ({"source": "later"}, "layer next: source 'later' does not come before it"),
        ({"source": "layer", "in_shape": (4, 1, 1)}, r"must be the outputs of layer \(3, 1, 1\)"),
        ({"source": "layer", "activation": ActFormat(bits=7)}, r"those of layer \(8, False, 0\)"),
        ({"in_shape": (4, 1, 1)}, r"in_shape must be that of the input \(20, 1, 1\)"),
        ({"in_shape": (20, 1, 1), "activation": ActFormat(bits=7)}, "must agree on its format"),
    ],
)
def test_wrong_connection(second, message):
    spec = linear_spec(3, 2, **({"name": "next", "in_shape": (3, 1, 1)} | second))
    with pytest.raises(ValueError, match=message):
        network_of(linear_spec(20, 3), spec)


def test_wrong_network():
    with pytest.raises(ValueError, match="at least one layer"):
        network_of()
    for scale in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="input_scale must be above 0 and finite"):
            network_of(linear_spec(20, 3), input_scale=scale)


def test_layer_by_name():
    network = small_network(Geometry())
    assert network.layer("scores") is network.layers[1]
    with pytest.raises(ValueError, match="no layer 'fc'; the layers are conv, scores"):
        network.layer("fc")


def test_encode_input_rounds_half_up_and_clips():
    network = network_of(linear_spec(4, 2, in_shape=(1, 2, 2)), input_scale=0.5, in_shape=(1, 2, 2))
    images = np.array([[-1, 0.24, 0.25, 200]]).reshape(1, 1, 2, 2)
    codes = encode_input(network, images)
    assert codes.dtype == np.uint8
    assert codes.reshape(-1).tolist() == [0, 0, 1, 255]


def test_encode_input_of_a_signed_format():
    act = ActFormat(bits=4, signed=True, zero_point=-2)
    spec = linear_spec(4, 2, in_shape=(1, 2, 2), activation=act)
    network = network_of(spec, input_scale=0.5, in_shape=(1, 2, 2))
    codes = encode_input(network, np.array([[-9, -0.25, 0, 9.0]]).reshape(1, 1, 2, 2))
    assert codes.dtype == np.int8
    assert codes.reshape(-1).tolist() == [-8, -2, -2, 7]


def test_wrong_images():
    network = small_network(Geometry())
    with pytest.raises(ValueError, match=r"images must have a shape \(n, \*\(3, 7, 7\)\)"):
        encode_input(network, np.zeros((1, 3, 7, 6)))
    with pytest.raises(ValueError, match="images must be finite"):
        encode_input(network, np.full((1, 3, 7, 7), np.nan))


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_saved_network_is_loaded_again(tmp_path, scheme):
    network = small_network(Geometry(), scheme=scheme)
    save_integer_network(network, tmp_path / "a.safetensors")
    found = load_integer_network(tmp_path / "a.safetensors")
    assert (found.name, found.input_scale, found.in_shape) == ("small", 1 / 255, (3, 7, 7))
    for one, two in zip(network.layers, found.layers, strict=True):
        assert one.spec == two.spec
        for field in ("weights", "kept", "multiplier", "shift", "bias"):
            first, second = getattr(one, field), getattr(two, field)
            assert first.dtype == second.dtype
            assert np.array_equal(first, second)
    save_integer_network(found, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
