import re

import pytest
import torch
from torch import fx, nn

from sw.examine import Verdict, examine, refusal
from tests.sw.own_networks import IN_SHAPE, own_network


def verdicts(network, in_shape=IN_SHAPE, **options):
    found = examine(network, in_shape, **options)
    return {v.place: (v.verdict, v.step) for v in found.verdicts}, found


def test_every_operation_has_a_verdict():
    found, examination = verdicts(own_network("mixed"))
    assert found == {
        "first": ("folded", None),
        "stem": ("mapped", "stem"),
        "norm1": ("mapped", "norm1"),
        "relu": ("folded", "norm1"),
        "conv1": ("mapped", "conv1"),
        "relu6": ("folded", "conv1"),
        "mul": ("folded", "conv2"),
        "sub": ("folded", "conv2"),
        "norm2": ("folded", "conv2"),
        "conv2": ("mapped", "conv2"),
        "skip": ("mapped", "skip"),
        "add": ("engine", "add"),
        "relu_1": ("engine", "clamp"),
        "cat": ("engine", "concat"),
        "max_pool2d": ("engine", "max_pool"),
        "hardtanh": ("folded", "max_pool"),
        "pad": ("folded", "grouped"),
        "grouped": ("mapped", "grouped"),
        "gate": ("folded", "grouped"),
        "reshape": ("folded", None),
        "dropout": ("folded", None),
        "norm3": ("folded", "out"),
        "out": ("mapped", "out"),
    }
    shapes = {v.place: v.shape for v in examination.verdicts}
    assert (shapes["cat"], shapes["pad"], shapes["out"]) == ((18, 8, 8), (18, 6, 8), (4,))
    texts = {v.place: v.operation for v in examination.verdicts}
    assert texts["grouped"] == "Conv2d 3x3, groups 2"
    assert examination.traced is not None
    assert examination.refused == ()


@pytest.mark.parametrize("name", ["mobile", "residual", "mixed"])
def test_weights_are_not_needed(name):
    """On torch's meta device the verdicts are the same; the network is left as it was."""
    network = own_network(name)
    expected = examine(network, IN_SHAPE).verdicts
    network.out.train()
    modes = [module.training for module in network.modules()]
    assert examine(network.to("meta"), IN_SHAPE).verdicts == expected
    assert [module.training for module in network.modules()] == modes


def test_a_graph_module_keeps_its_names():
    traced = fx.symbolic_trace(own_network("residual"))
    (added,) = (node for node in traced.graph.nodes if node.name == "add")
    added.name = "sum_of_paths"
    places = [v.place for v in examine(traced, IN_SHAPE).verdicts]
    assert places[:3] == ["stem", "clamp", "conv"]
    assert "sum_of_paths" in places


class Refused(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
        self.norm, self.act = nn.GroupNorm(2, 4), nn.SiLU()
        self.up, self.out = nn.Upsample(scale_factor=2), nn.Linear(4, 2)

    def forward(self, x):
        x = self.up(torch.tanh(x))
        x = self.conv2(self.act(self.norm(self.conv1(x))))
        gate = torch.sigmoid(x.mean((2, 3), keepdim=True))
        return torch.softmax(self.out((x * gate).amax((2, 3))), dim=1)


def test_all_refusals_are_listed():
    found, examination = verdicts(Refused())
    assert examination.traced is None
    refused = {v.place: v.reason for v in examination.refused}
    expected = {
        "tanh": "curve is not exact .*on_host: .head.",
        "up": "repeats or interpolates .*on_host: .head.",
        "norm": "taken from each image",
        "act": "use ReLU, ReLU6, Hardtanh or Hardsigmoid",
        "sigmoid": "is not exact in integers",
        "mul": "two values of the network are multiplied",
        "softmax": "leave it out .*on_host: .tail.",
    }
    assert set(refused) == set(expected)
    for place, reason in expected.items():
        assert re.search(reason, refused[place]), (place, refused[place])
    assert found["conv2"] == ("mapped", "conv2")
    assert found["mean"] == ("engine", "average_pool")


def test_head_and_tail_on_the_host():
    found, examination = verdicts(Refused(), on_host=["head", "tail"])
    assert {place for place, (verdict, _) in found.items() if verdict == "host"} == {
        "tanh",
        "up",
        "softmax",
    }
    assert {v.place for v in examination.refused} == {"norm", "act", "sigmoid", "mul"}


def test_wrong_on_host():
    with pytest.raises(ValueError, match="on_host may have head and tail, not 'neck'"):
        examine(own_network("mobile"), IN_SHAPE, on_host=["neck"])


@pytest.mark.parametrize(
    ("transform", "verdict"),
    [
        (nn.ReLU(), "folded"),
        (nn.BatchNorm2d(4), "folded"),
        (nn.Identity(), "folded"),
        (nn.ZeroPad2d(1), "folded"),
        (nn.AdaptiveAvgPool2d(3), "engine"),
        (nn.AdaptiveAvgPool2d((6, 6)), "folded"),
        (nn.MaxPool2d(2, ceil_mode=True), "engine"),
    ],
)
def test_between_two_convolutions(transform, verdict):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), transform, nn.Conv2d(4, 2, 3))
    assert examine(network, IN_SHAPE).verdicts[1].verdict == verdict


def test_batch_norm_before_padding_is_a_layer():
    """Zeros around the map would have to be other numbers; without padding it folds."""
    for padding, expected in ((1, "mapped"), (0, "folded")):
        layers = (nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 3, 1, padding))
        assert examine(nn.Sequential(*layers), IN_SHAPE).verdicts[2].verdict == expected


class Limits(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.channels = channels
        self.one, self.two = nn.Conv2d(3, 2, 3), nn.Conv2d(2 + channels, 2, 3)

    def forward(self, x):
        x = torch.clamp(self.one(x), 0.5, 2)
        if self.channels:
            x = nn.functional.pad(x, (0, 0, 0, 0, self.channels, 0))
        return self.two(torch.clamp_min(x, 0.5))


@pytest.mark.parametrize(("channels", "expected"), [(1, "engine"), (0, "folded")])
def test_zeros_may_be_outside_of_limits(channels, expected):
    """New channels of zeros are below 0.5; without them nothing is."""
    found, _ = verdicts(Limits(channels))
    assert found["clamp_min"][0] == expected


def test_refusal_says_each_reason_once():
    """A module that is called twice is refused once, and those of one reason together."""
    found = [
        Verdict(place=place, operation=operation, shape=None, verdict="refused", reason=reason)
        for place, operation, reason in (
            ("a.act", "GELU", "a curve"),
            ("out", "Softmax", "a sum"),
            ("a.act", "GELU", "a curve"),
            ("b.act", "SiLU", "a curve"),
        )
    ]
    assert refusal(found) == "a.act (GELU), b.act (SiLU): a curve; out (Softmax): a sum"
