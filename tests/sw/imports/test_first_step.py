"""A step before everything else, without another name for anything."""

import copy

import pytest
import torch
from torch import fx, nn

from sw.graph import trace_network
from sw.imports.first_step import flatten_first, normalise_first
from sw.normalise import Normalise


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.normalise = nn.Identity()  # its name is taken
        self.fc = nn.Linear(6, 3)

    def forward(self, images):
        return self.fc(torch.flatten(images, 1))


NETWORKS = {
    "module": Own,
    "sequence": lambda: nn.Sequential(nn.Flatten(), nn.Linear(6, 3)),
    "graph": lambda: fx.symbolic_trace(nn.Sequential(nn.Flatten(), nn.Linear(6, 3))),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_normalise_first(kind):
    torch.manual_seed(0)
    network = NETWORKS[kind]().eval()
    plain, names = copy.deepcopy(network), list(network.state_dict())
    steps = [step.name for step in trace_network(network, (1, 2, 3)).steps]
    found = normalise_first(network, Normalise([0.5], [0.25]))
    images = torch.rand(4, 1, 2, 3)
    expected = plain((images - 0.5) / 0.25)
    assert torch.equal(found(images), expected)
    assert torch.equal(copy.deepcopy(found)(images), expected)
    assert list(found.state_dict()) == names
    traced = trace_network(found, (1, 2, 3))
    assert [step.name for step in traced.steps] == steps
    assert len(traced.normalise) == 1


@pytest.mark.parametrize("kind", ["module", "graph"])
def test_flatten_first(kind):
    """Rows of features, which a flattened image is too."""
    network = nn.Linear(6, 3).eval()
    if kind == "graph":
        network = fx.symbolic_trace(nn.Sequential(network)).eval()
    plain, names = copy.deepcopy(network), list(network.state_dict())
    found = flatten_first(network)
    images = torch.rand(4, 6, 1, 1)
    assert torch.equal(found(images), plain(images.flatten(1)))
    assert torch.equal(copy.deepcopy(found)(images), found(images))
    assert list(found.state_dict()) == names
