"""A network from the user's own file: what is called, with what, and what is said if it fails."""

import copy

import pytest
import torch

from arch.errors import InputError
from sw.imports import load_factory

NET = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(4 * 16, classes)

    def forward(self, images):
        return self.fc(torch.relu(self.conv(images)).flatten(1))

def plain():
    return Net()

def asked(classes, in_shape, width=2):
    assert in_shape == (1, 6, 6), in_shape
    return Net(classes)

def other(depth):
    return Net()

def no_network():
    return [Net()]

def wrong():
    deeper()

def deeper():
    raise KeyError("layer 3")

def ends():
    raise SystemExit(4)

def half():
    return Net().half()

def two_outputs():
    class Two(Net):
        def forward(self, images):
            return super().forward(images), images
    return Two()

def wrong_shape():
    class Wrong(Net):
        def forward(self, images):
            return self.fc(images)
    return Wrong()

def looks():
    network = Net()
    if float(network.fc.weight.sum()) > 1e9:
        raise ValueError
    return network

def row(in_shape):
    (features,) = in_shape
    return nn.Linear(features, 3)

def lazy():
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(3))

name = "no function"
"""


@pytest.fixture
def load(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(NET)

    def load_named(name, in_shape=(1, 6, 6), classes=5, seed=0, **options):
        source = f"{path}:{name}"
        return load_factory(source, in_shape=in_shape, classes=classes, seed=seed, **options)

    return load_named


def test_what_it_is_called_with(load):
    assert load("plain").classes == 3
    found = load("asked")
    assert (found.classes, found.in_shape) == (5, (1, 6, 6))
    assert load("Net").classes == 5  # a class is a function that gives its instance


def test_seed_decides_the_weights(load):
    state = torch.random.get_rng_state()
    first, again, other = (load("plain", seed=seed).module for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(first.fc.weight, again.fc.weight)
    assert not torch.equal(first.fc.weight, other.fc.weight)


def test_shapes_only(load):
    for name in ("plain", "looks"):
        found = load(name, shapes_only=True)
        assert {t.device.type for t in found.module.state_dict().values()} == {"meta"}
        assert found.classes == 3


def test_rows_of_features(load):
    """A network of (n, features) takes images of one pixel, under the same names."""
    for shapes_only in (False, True):
        found = load("row", in_shape=(7, 1, 1), shapes_only=shapes_only)
        assert (found.in_shape, found.classes) == ((7, 1, 1), 3)
        assert list(found.module.state_dict()) == ["weight", "bias"]
    images = torch.rand(2, 7, 1, 1)
    module = load("row", in_shape=(7, 1, 1)).module
    plain = images.flatten(1) @ module.weight.T + module.bias
    assert torch.allclose(module(images), plain)
    assert torch.equal(copy.deepcopy(module)(images), module(images))


def test_sizes_that_the_first_image_decides(load):
    assert load("lazy").module[1].weight.shape == (3, 36)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("other", "net.py:other: needs depth; it can be given in_shape, classes"),
        ("no_network", "net.py:no_network: must give a torch.nn.Module, not list"),
        ("wrong", "net.py:30: KeyError: 'layer 3'"),
        ("ends", "net.py:33: SystemExit: 4"),
        ("half", "net.py:half: conv.weight must be float32, not torch.float16"),
        ("two_outputs", r"must give scores of shape \(n, classes\), not tuple"),
        ("wrong_shape", "net.py:47: RuntimeError: mat1 and mat2"),
        ("name", "net.py: has no function name; it has Net, plain, asked, other"),
        ("absent", "net.py: has no function absent"),
    ],
)
def test_wrong(load, name, message):
    with pytest.raises(InputError, match=message) as caught:
        load(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n", r"net.py:1: invalid syntax"),
        ("\nimport no_such_module_here\n", "net.py:2: ModuleNotFoundError: No module named"),
        ("x = 1\nimport sys\nsys.exit()\n", "net.py:3: SystemExit"),
    ],
)
def test_wrong_file(load, tmp_path, text, message):
    (tmp_path / "net.py").write_text(text)
    with pytest.raises(InputError, match=message):
        load("f")


@pytest.mark.parametrize("source", ["net.py", "net:f", "net.py:", "net.py:f()", ":f"])
def test_wrong_source(source):
    with pytest.raises(InputError, match=r"must be FILE\.py:NAME"):
        load_factory(source, in_shape=(1, 6, 6), classes=2, seed=0)
