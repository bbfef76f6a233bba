"""What changes in place is read as torch computes it, or refused by name."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sw.graph import check_trace, layer_outputs, trace_network
from tests.sw.traced_floats import run_floats


class Changes(nn.Module):
    """Two convolutions, a ReLU in place, and a rule of what is done with them."""

    def __init__(self, rule):
        super().__init__()
        self.conv, self.other = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
        self.relu, self.rule = nn.ReLU(inplace=True), rule
        self.out = nn.Linear(64, 4)

    def forward(self, x):
        return self.out(self.rule(self, x).flatten(1))


def made(rule):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Changes(rule).eval(), torch.rand(4, 3, 6, 6)


def after(change):
    """A rule that changes a value and then reads it again under its old name."""

    def rule(net, x):
        y = net.conv(x)
        z = change(net, y)
        return y + z

    return rule


CHANGES = {
    "module": lambda net, y: net.relu(y),
    "function": lambda _, y: F.relu_(y),
    "function told so": lambda _, y: F.relu(y, inplace=True),
    "function told so by place": lambda _, y: F.hardtanh(y, -0.25, 0.25, True),
    "method": lambda _, y: y.clamp_(0, 0.1),
    "arithmetic": lambda _, y: y.mul_(2).add_(1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_later_readers_read_what_was_changed(name):
    network, images = made(after(CHANGES[name]))
    with torch.no_grad():
        expected = network(images)
        traced = trace_network(network, (3, 6, 6))
        found = run_floats(traced, images)[traced.steps[-1].name].flatten(1)
    assert (found - expected).abs().max() < 1e-4


def test_a_change_whose_value_is_not_taken():
    def rule(net, x):
        y = net.conv(x)
        y.clamp_(0, 0.1)
        return y

    network, _ = made(rule)
    layer = trace_network(network, (3, 6, 6)).layers[0]
    assert (layer.clamp.low, layer.clamp.high) == (0, 0.1)


def test_outputs_are_those_before_a_change():
    """What calibration sees of a layer is not what a later addition made of it."""

    def rule(net, x):
        y = net.conv(x)
        return y.add_(net.other(x))

    network, images = made(rule)
    with torch.no_grad():
        expected = network.conv(images)
        steps = trace_network(network, (3, 6, 6)).steps
        found = layer_outputs(network, steps, images)
    assert torch.equal(found["conv"], expected)
    assert not torch.equal(found["add"], expected)


@pytest.mark.parametrize(
    ("message", "change"),
    [
        ("relu_ changes in place what add reads as conv", lambda _, y: y.view(y.shape).relu_()),
        ("writes with out=", lambda _, y: torch.add(y, 0.5, out=y)),
    ],
)
def test_what_cannot_be_followed_is_refused(message, change):
    network, _ = made(after(change))
    with pytest.raises(ValueError, match=message):
        trace_network(network, (3, 6, 6))


def test_a_second_name_is_seen_by_computing():
    """The trace of ``y += z`` is that of ``y + z``."""

    def rule(net, x):
        y = first = net.conv(x)
        y += net.other(x)
        return y + first

    network, _ = made(rule)
    with pytest.raises(ValueError, match=r"write y = y \+ z, not y \+= z"):
        check_trace(network, (3, 6, 6))
    network, _ = made(after(CHANGES["module"]))
    check_trace(network, (3, 6, 6))


def test_a_hook_is_refused():
    network, _ = made(lambda net, x: net.conv(x))
    network.conv.register_forward_hook(lambda _module, _inputs, output: output * 2)
    with pytest.raises(ValueError, match=r"conv .*has a hook"):
        trace_network(network, (3, 6, 6))


@pytest.mark.parametrize("rows", [2, 8])
def test_scales_of_what_is_reshaped(rows):
    """They are not those of channels, so they fold into the Linear behind and not into the conv."""

    def rule(net, x):
        parts = net.conv(x).reshape(x.shape[0], rows, -1)
        return parts * torch.arange(1.0, rows + 1)[:, None]

    network, images = made(rule)
    with torch.no_grad():
        expected = network(images)
        traced = trace_network(network, (3, 6, 6))
        found = run_floats(traced, images)["out"].flatten(1)
    assert (found - expected).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        ("only without alpha", lambda net, x: torch.sub(net.conv(x), 0.5, alpha=3)),
        ("divides by zero", lambda net, x: net.conv(x) / 0.0),
        ("with what it reads first", lambda net, x: torch.add(input=net.conv(x), other=1)),
    ],
)
def test_arithmetic_that_is_refused(message, rule):
    network, _ = made(rule)
    with pytest.raises(ValueError, match=message):
        trace_network(network, (3, 6, 6))
