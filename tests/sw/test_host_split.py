import numpy as np
import pytest
import torch
from torch import nn

from arch.geometry import Geometry
from sw.datasets import Split
from sw.host_split import compute, split_network
from sw.integer_inference import accuracy, run, scores_of
from sw.integer_network import encode_input, load_integer_network, save_integer_network
from sw.quantise import quantise
from tests.sw.own_networks import IN_SHAPE, own_network


class Ends(nn.Module):
    """A gamma and a mixture of colours first; last a softmax, and classes that are confused."""

    def __init__(self):
        super().__init__()
        self.register_buffer("colours", torch.rand(4, 3))
        self.conv, self.out = nn.Conv2d(4, 6, 3, stride=2), nn.Linear(54, 5)
        self.confused = nn.Parameter(torch.eye(5) * 0.8 + 0.04)

    def forward(self, x):
        x = torch.einsum("nchw,dc->ndhw", x, self.colours).clamp(max=1).sqrt()
        x = self.out(torch.relu(self.conv(x)).flatten(1))
        return torch.softmax(x / 0.5, dim=1) @ self.confused


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        return Ends().eval()


IMAGES = np.random.default_rng(1).random((40, *IN_SHAPE), dtype=np.float32)


def test_parts_make_the_whole(network):
    head, body, tail = split_network(network, IN_SHAPE, ["head", "tail"])
    expected = compute(network, IMAGES)
    values = compute(head, IMAGES)
    assert values.shape == (40, 4, 8, 8)
    scores = compute(body, values)
    assert np.allclose(compute(tail, scores), expected, atol=1e-6)
    assert np.allclose(compute(tail, scores[:, :, None, None]), expected, atol=1e-6)
    assert not list(head.parameters())
    assert {name for name, _ in body.named_parameters()} == {
        *("conv.weight", "conv.bias", "out.weight", "out.bias")
    }
    # A constant behind the last layer is folded into it.
    assert body.conv.weight is network.conv.weight
    assert [name for name, _ in tail.named_parameters()] == ["confused"]


def test_one_end_alone(network):
    head, rest, tail = split_network(network, IN_SHAPE, ["head"])
    assert tail is None
    assert np.allclose(compute(rest, compute(head, IMAGES)), compute(network, IMAGES), atol=1e-6)
    assert split_network(network, IN_SHAPE, ["tail"])[0] is None


def test_a_head_ends_where_the_first_layer_can_read():
    """Not at the flat value, but at the map that is made of it."""

    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 2, 8)

        def forward(self, x):
            return self.conv(torch.sort(x.flatten(1)).values.view(-1, 3, 8, 8)).flatten(1)

    network = Flat().eval()
    head, body, _ = split_network(network, IN_SHAPE, ["head"])
    values = compute(head, IMAGES)
    assert values.shape == (40, 3, 8, 8)
    assert np.allclose(compute(body, values), compute(network, IMAGES), atol=1e-6)


def test_nothing_is_cut_off_that_can_be_mapped():
    network = own_network("residual")
    assert split_network(network, IN_SHAPE, ["head", "tail"]) == (None, network, None)


def test_scores_of_integers_go_through_the_tail(network, tmp_path):
    head, rest, _ = split_network(network, IN_SHAPE, ["head"])
    values = compute(head, IMAGES)
    values /= values.max()
    tail = split_network(rest, values.shape[1:], ["tail"])[2]
    integers = quantise(rest, None, values, Geometry(), on_host=["tail"])
    save_integer_network(integers, tmp_path / "n.safetensors")
    integers = load_integer_network(tmp_path / "n.safetensors")
    outputs = run(integers, encode_input(integers, values))["out"]
    probabilities = scores_of(integers, outputs, tail)
    expected = compute(rest, values)
    assert np.abs(probabilities - expected).max() < 0.02
    labels = expected.argmax(axis=1)
    assert accuracy(integers, Split(images=values, labels=labels), tail) > 0.9
    # The tail decides: with its columns turned round, so are the classes.
    tail.confused.data = tail.confused.data.flip(1)
    found = scores_of(integers, outputs, tail).argmax(axis=1)
    assert (found == 4 - labels).mean() > 0.9


def test_a_tail_needs_the_worth_of_a_step(network):
    integers = quantise(own_network("residual"), None, IMAGES, Geometry())
    with pytest.raises(ValueError, match="it has no output_scale"):
        scores_of(integers, np.zeros((1, 4, 1, 1), np.int64), nn.Softmax(1))
