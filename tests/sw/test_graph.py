from math import inf

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sw.graph import layer_outputs, trace, trace_network
from sw.networks import build
from sw.traced import Clamp


class Nested(nn.Module):
    """Functions and methods instead of modules, names with dots, a layer without ReLU."""

    def __init__(self):
        super().__init__()
        self.stage = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
        self.plain = nn.Conv2d(2, 3, 2)
        self.out = nn.Linear(12, 4)

    def forward(self, x):
        x = F.relu(self.stage(x))
        return self.out(self.plain(x).flatten(1)).relu()


class Computes(nn.Module):
    """A convolution, and whatever a test wants done with it."""

    def __init__(self, rule, kernel_size=1, **options):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, kernel_size, **options)
        self.bn = nn.BatchNorm2d(2)
        self.rule = rule

    def forward(self, x):
        return self.rule(self, x)


def test_trace_reads_the_structure():
    network = Nested()
    layers = trace_network(network, (1, 5, 5)).layers
    assert [layer.name for layer in layers] == ["stage_0", "plain", "out"]
    assert [layer.name for layer in trace(network)] == ["stage_0", "plain", "out"]
    assert [layer.source for layer in layers] == ["input", "stage_0", "plain"]
    assert [layer.after for layer in layers] == [(network.stage[1],), (), ()]
    assert [layer.clamp.low for layer in layers] == [0, -inf, 0]
    assert layers[2].module is network.out


def test_names_are_identifiers():
    network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
    layers = trace_network(network, (1, 2, 2)).layers
    assert [layer.name for layer in layers] == ["layer_0", "layer_3"]
    assert [layer.clamp for layer in layers] == [Clamp(low=0), Clamp()]


def test_layer_outputs_are_those_of_the_network():
    network = build("digits_cnn", in_shape=(1, 8, 8), classes=10, seed=0).eval()
    images = torch.rand(3, 1, 8, 8)
    outputs = layer_outputs(network, trace_network(network, (1, 8, 8)).steps, images)
    first = torch.relu(network.bn1(network.conv1(images)))
    assert list(outputs) == ["conv1", "conv2", "conv3", "fc"]
    assert torch.equal(outputs["conv1"], first)
    assert torch.equal(outputs["fc"], network(images))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Computes(lambda n, x: x * n.conv(x)), r"mul \(mul\): two values .* are multiplied"),
        (Computes(lambda n, x: n.conv(x) - x), r"sub \(sub\): the difference of two values"),
        (Computes(lambda n, x: x + n.conv(x)), "last step of a network must be the layer"),
        (Computes(lambda n, x: n.conv(torch.add(x, x, alpha=2))), "only two values of the network"),
        (Computes(lambda n, x: n.conv(x[:, :, ::2, 1:])), "every n-th row and column"),
        (Computes(lambda n, x: n.conv(F.pad(x, (1, 0)))), "only channels can be padded"),
        (Computes(lambda n, x: n.conv(F.pad(x, (0,) * 5 + (1,), value=2.0))), "only zeros"),
        (Computes(lambda n, x: n.conv(F.adaptive_avg_pool2d(x, 3))), "must divide the map evenly"),
        (Computes(lambda n, x: n.conv(x.mean((1, 2), True))), "must be over height and width, not"),
        (Computes(lambda n, x: F.max_pool2d(n.conv(x), 2)), "last step of a network must be the l"),
        (Computes(lambda n, x: n.conv(F.max_pool2d(x, 3, ceil_mode=True))), "ceil_mode must be fa"),
        (Computes(lambda n, x: n.conv(F.max_pool2d(x, 2, 2, 0, 2))), "dilation must be 1 for a po"),
        (Computes(lambda n, x: n.conv(F.avg_pool2d(x, 2, divisor_override=3))), "divisor_overr"),
        (
            Computes(lambda n, x: n.conv(F.avg_pool2d(x, 2, 1, 1, False, False))),
            "count_include_pad must be true for a pool with padding to be mapped",
        ),
        (nn.Sequential(nn.MaxPool2d(2, return_indices=True), nn.Conv2d(2, 2, 1)), "return_indices"),
        (
            Computes(lambda n, x: torch.sigmoid(n.conv(x))),
            "integers; leave it out .*tail",
        ),
        (Computes(lambda n, x: n.conv(torch.sin(x))), r"sin \(sin\): there is no step.*\[head\]"),
        (Computes(lambda n, x: n.conv(n.conv(x))), "conv .*: is used twice"),
        (Computes(lambda n, x: x), "no convolution and no fully connected layer"),
        (Computes(lambda n, x: n.conv(x), padding="same", kernel_size=2), "not the same on all s"),
        (Computes(lambda n, x: n.conv(x), padding_mode="circular"), "filled with zeros"),
        (Computes(lambda n, x: n.conv(x.permute(0, 1, 3, 2))), "order of the elements changes"),
        (Computes(lambda n, x: n.conv(x.view(2, 2, 2, 8))), r"reads \(2, 4, 4\) in the shape"),
        (Computes(lambda n, x: n.conv(x.view(1, 2, 8, 4))), "mixes images"),
        (Computes(lambda n, x: n.conv(F.dropout(x))), "always drops values"),
        (Computes(lambda n, x: n.conv(torch.cat([x, x], 2))), "over channels alone"),
        (Computes(lambda n, x: n.conv(x) if x.sum() > 0 else x), "the network cannot be traced"),
        (nn.Sequential(nn.Flatten(), nn.Linear(3, 1)), "1 .*: cannot be computed: a and b"),
    ],
)
def test_what_cannot_be_mapped(network, message):
    with pytest.raises(ValueError, match=message):
        trace_network(network, (2, 4, 4))


def test_residual_network():
    network = build("resnet_tiny", in_shape=(3, 8, 8), classes=4, seed=0, std=[0.5] * 3)
    traced = trace_network(network, (3, 8, 8))
    assert traced.normalise == (network.normalise,)
    assert [step.name for step in traced.steps] == [
        "conv1",
        *("layer1_0_conv1", "layer1_0_conv2", "layer1_0_add"),
        *("layer2_0_conv1", "layer2_0_conv2", "layer2_0_shortcut", "layer2_0_add"),
        *("layer3_0_conv1", "layer3_0_conv2", "layer3_0_shortcut", "layer3_0_add"),
        "average_pool",
        "linear",
    ]
    steps = {step.name: step for step in traced.steps}
    shortcut, last = steps["layer2_0_shortcut"], steps["layer3_0_shortcut"]
    assert (shortcut.kind, shortcut.stride, shortcut.channels_before) == ("shortcut", (2, 2), 2)
    assert (last.stride, last.channels_before) == ((2, 2), 0)
    add = steps["layer2_0_add"]
    assert (add.kind, add.clamp.low) == ("add", 0)
    assert add.sources == ("layer2_0_conv2", "layer2_0_shortcut")
    assert not steps["layer2_0_conv2"].clamp.limits
    assert steps["layer3_0_conv1"].source == "layer2_0_add"
    assert steps["linear"].source == "average_pool"
    assert [layer.name for layer in trace(network)] == [layer.name for layer in traced.layers]


def test_pools():
    """Modules and functions, options by place and by name; the stride is the kernel if left out."""

    class Pools(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0))
            self.second = nn.AvgPool2d(2)
            self.out = nn.Linear(6, 2)

        def forward(self, x):
            x = self.second(self.first(x))
            x = F.max_pool2d(x, kernel_size=2, stride=1)
            return self.out(F.avg_pool2d(x, (2, 3), (1, 2), 1).flatten(1))

    steps = trace_network(Pools(), (1, 11, 9)).steps[:-1]
    assert [(s.name, s.kind, s.kernel, s.stride, s.padding) for s in steps] == [
        ("first_max_pool", "max_pool", (3, 2), (2, 1), (1, 0)),
        ("second_average_pool", "average_pool", (2, 2), (2, 2), (0, 0)),
        ("max_pool", "max_pool", (2, 2), (1, 1), (0, 0)),
        ("average_pool", "average_pool", (2, 3), (1, 2), (1, 1)),
    ]
    assert steps[1].sources == ("first_max_pool",)


def test_forms_of_an_operation():
    """Modules, functions and methods; names that are taken; values that others read too."""

    class Forms(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 2, 1)
            self.wide = nn.Conv2d(3, 2, 1)
            self.out = nn.Linear(2, 2)

        def forward(self, x):
            y = x[:, :, ::2, ::2]
            wide = F.pad(y, (0, 0, 0, 0, 1, 0))  # does not change y, which is read again
            y = torch.add(self.conv(x[:, :, 0::2, ::2]), y) + self.wide(wide)
            y = y.add(y)
            return self.out(torch.mean(y, dim=(-1, -2)))

    steps = trace_network(Forms(), (2, 6, 6)).steps
    assert [(step.name, getattr(step, "kind", "layer")) for step in steps] == [
        ("shortcut", "shortcut"),
        ("shortcut_2", "shortcut"),
        ("shortcut_3", "shortcut"),
        ("conv", "layer"),
        ("add", "add"),
        ("wide", "layer"),
        ("add_2", "add"),
        ("add_3", "add"),
        ("average_pool", "average_pool"),
        ("out", "layer"),
    ]
    assert steps[1].sources == ("shortcut",)
    assert (steps[1].stride, steps[1].channels_before) == ((1, 1), 1)
    assert steps[7].sources == ("add_2", "add_2")
