"""The codes of the input follow from the range that the values can have."""

import numpy as np
import pytest
import torch
from torch import nn

from arch.fixed import ActFormat
from arch.geometry import Geometry
from sw.imports.first_step import normalise_first
from sw.integer_inference import run
from sw.integer_network import encode_input
from sw.normalise import Normalise
from sw.quantise import quantise


def network_of():
    torch.manual_seed(0)
    layers = (nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
    return nn.Sequential(*layers).eval()


def images_in(low, high):
    images = np.random.default_rng(0).uniform(low, high, (40, 2, 4, 4)).astype(np.float32)
    images[0, 0, 0, :2] = low, high
    return images


@pytest.mark.parametrize(
    ("low", "high", "signed", "largest"),
    [
        (0.0, 1.0, False, 1.0),
        (0.0, 6.5, False, 6.5),
        (2.0, 3.0, False, 3.0),
        (-1.0, 1.0, True, 1.0),
        (-4.0, 1.0, True, 4.0),
        (-0.5, 2.0, True, 2.0),
        (-3.0, -1.0, True, 3.0),
    ],
)
def test_range(low, high, signed, largest):
    """Nothing is clipped, and what is computed is what the float network computes, nearly."""
    network, images = network_of(), images_in(low, high)
    integers = quantise(network, None, images, Geometry(), value_range=(low, high))
    assert integers.input_format == ActFormat(bits=8, signed=signed)
    assert integers.input_scale == pytest.approx(largest / (127 if signed else 255), rel=1e-12)
    codes = encode_input(integers, images)
    assert np.abs(codes * integers.input_scale - images).max() <= integers.input_scale * 0.501
    scores = run(integers, codes)["layer_3"].reshape(40, -1)
    with torch.no_grad():
        expected = network(torch.from_numpy(images)).numpy()
    step = (scores * expected).sum() / (scores * scores).sum()
    assert np.abs(scores * step - expected).max() < 0.03 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("value_range", "mean", "std", "signed", "largest"),
    [
        ((0.0, 1.0), (0.5, 0.25), (0.5, 0.25), True, 3.0),
        ((0.0, 1.0), (0.0, 0.0), (0.5, 0.25), False, 4.0),
        ((-2.0, 2.0), (1.0, 0.0), (1.0, 4.0), True, 3.0),
        ((1.0, 3.0), (1.0, 0.5), (1.0, 1.0), False, 2.5),
    ],
)
def test_normalised_range(value_range, mean, std, signed, largest):
    network = normalise_first(network_of(), Normalise(mean, std))
    images = images_in(*value_range)
    integers = quantise(network, None, images, Geometry(), value_range=value_range)
    assert integers.input_format == ActFormat(bits=8, signed=signed)
    assert integers.input_scale == pytest.approx(largest / (127 if signed else 255))
    codes = encode_input(integers, images).astype(float)
    exact = (images - np.array(mean)[:, None, None]) / np.array(std)[:, None, None]
    assert np.abs(codes * integers.input_scale - exact).max() <= integers.input_scale * 0.501


def test_a_sign_takes_two_bits():
    with pytest.raises(ValueError, match="the input has a sign, which takes at least 2 bits"):
        quantise(
            network_of(), None, images_in(-1, 1), Geometry(act_bits=1), value_range=(-1.0, 1.0)
        )


@pytest.mark.parametrize("step", ["batch normalisation", "arithmetic"])
def test_what_turns_the_input_round_is_no_code(step):
    """Codes rise with what they stand for, so a scale below 0 stays a step of the network."""
    network, images = network_of(), images_in(0.0, 1.0)
    if step == "arithmetic":
        network = Turned(network)
    else:
        norm = nn.BatchNorm2d(2)
        norm.weight.data = torch.tensor([0.75, -1.25])
        network = nn.Sequential(norm, *network).eval()
    integers = quantise(network, None, images, Geometry())
    scores = list(run(integers, encode_input(integers, images)).values())[-1].reshape(40, -1)
    with torch.no_grad():
        expected = network(torch.from_numpy(images)).numpy()
    scale = (scores * expected).sum() / (scores * scores).sum()
    assert np.abs(scores * scale - expected).max() < 0.03 * np.abs(expected).max()


class Turned(nn.Module):
    def __init__(self, rest):
        super().__init__()
        self.rest = rest

    def forward(self, x):
        return self.rest(0.25 - x)
