"""Residual networks from floats to integers."""

import numpy as np
import pytest
import torch
from torch import nn

from arch.fixed import ActFormat
from arch.geometry import Geometry
from sw.graph import layer_outputs, trace_network
from sw.integer_inference import run
from sw.integer_network import encode_input, load_integer_network, save_integer_network
from sw.networks import build
from sw.quantise import quantise

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return rng.random((16, 3, 12, 12), dtype=np.float32)


@pytest.fixture
def network(images):
    made = build("resnet_tiny", in_shape=(3, 12, 12), classes=5, seed=0, mean=MEAN, std=STD)
    with torch.no_grad():  # statistics that are not those of a new network
        made.train()(torch.from_numpy(images))
    return made.eval()


def test_resnet20_is_that_of_the_paper():
    network = build("resnet20", in_shape=(3, 32, 32), classes=10, seed=0)
    layers = trace_network(network, (3, 32, 32)).layers
    assert len(layers) == 20
    assert sum(layer.module.weight.numel() for layer in layers) == 268_336
    names = {name.rpartition(".")[0] for name in network.state_dict()}
    assert {"conv1", "bn1", "layer1.0.conv1", "layer3.2.bn2", "linear"} <= names
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_integers_follow_the_floats(network, images):
    integers = quantise(network, None, images, Geometry())
    steps = trace_network(network, (3, 12, 12)).steps
    with torch.no_grad():
        floats = layer_outputs(network, steps, torch.from_numpy(images))
    outputs = run(integers, encode_input(integers, images))
    assert set(outputs) == set(floats)
    for name, expected in floats.items():
        found = outputs[name].reshape(-1).astype(np.float64)
        close = np.corrcoef(found, expected.numpy().reshape(-1))[0, 1]
        assert close > 0.999, (name, close)


def test_padding_is_the_mean_colour(network, images):
    """What a convolution pads with is 0 after normalisation, and so is its code."""
    integers = quantise(network, None, images, Geometry())
    mean = np.broadcast_to(np.array(MEAN)[:, None, None], (1, 3, 12, 12))
    assert not encode_input(integers, mean).any()
    assert integers.input_format == ActFormat(bits=8, signed=True, zero_point=0)
    extremes = [encode_input(integers, np.full((1, 3, 12, 12), v)) for v in (0.0, 1.0)]
    assert extremes[1].max() == 127  # blue, white: nothing is clipped
    assert extremes[0].min() == round(-0.485 / 0.229 / integers.input_scale)
    assert integers.input_scale == pytest.approx((1 - 0.406) / 0.225 / 127)


def test_saved_and_loaded(network, images, tmp_path):
    integers = quantise(network, None, images, Geometry())
    save_integer_network(integers, tmp_path / "n.safetensors")
    found = load_integer_network(tmp_path / "n.safetensors")
    assert found.host == integers.host
    assert (found.input_mean, found.input_std) == (integers.input_mean, integers.input_std)
    codes = encode_input(found, images)
    assert np.array_equal(run(found, codes)["linear"], run(integers, codes)["linear"])


def test_one_bit_takes_no_sign(network, images):
    with pytest.raises(ValueError, match=r"the input has a sign.*act_bits"):
        quantise(network, None, images, Geometry(act_bits=1))
    plain = build("resnet_tiny", in_shape=(3, 12, 12), classes=5, seed=0).eval()
    with pytest.raises(ValueError, match=r"layer layer1_0_conv2: outputs have a sign.*act_bits"):
        quantise(plain, None, images, Geometry(act_bits=1))


def test_shapes_that_cannot_be_added(images):
    class Broadcasts(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Conv2d(3, 1, 1), nn.Conv2d(3, 4, 1)
            self.out = nn.Linear(576, 2)

        def forward(self, x):
            return self.out(torch.flatten(self.one(x) + self.two(x), 1))

    with pytest.raises(ValueError, match=r"add \(add\): values of one shape can be added"):
        quantise(Broadcasts().eval(), None, images, Geometry())


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ([0.5] * 2, [1.0] * 3, "one for each of 3 channels"),
        ([0.5] * 3, [0.0] * 3, "std above 0"),
        ([float("nan")] * 3, [1.0] * 3, "mean must be finite"),
    ],
)
def test_wrong_normalisation(mean, std, message):
    with pytest.raises(ValueError, match=message):
        build("resnet20", in_shape=(3, 8, 8), classes=2, seed=0, mean=mean, std=std)
