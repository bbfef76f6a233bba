import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sw.graph import layer_outputs, trace, trace_network
from sw.networks import build
from sw.normalise import Normalise


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

    def __init__(self, rule, **options):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 1, **options)
        self.bn = nn.BatchNorm2d(2)
        self.rule = rule

    def forward(self, x):
        return self.rule(self, x)


def test_trace_reads_the_structure():
    network = Nested()
    layers = trace(network)
    assert [layer.name for layer in layers] == ["stage_0", "plain", "out"]
    assert [layer.source for layer in layers] == ["input", "stage_0", "plain"]
    assert [layer.batch_norm for layer in layers] == [network.stage[1], None, None]
    assert [layer.relu for layer in layers] == [True, False, True]
    assert layers[2].module is network.out


def test_names_are_identifiers():
    layers = trace(nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2)))
    assert [layer.name for layer in layers] == ["layer_0", "layer_3"]
    assert [layer.relu for layer in layers] == [True, False]


def test_layer_outputs_are_those_of_the_network():
    network = build("digits_cnn", in_shape=(1, 8, 8), classes=10, seed=0).eval()
    images = torch.rand(3, 1, 8, 8)
    outputs = layer_outputs(network, trace(network), images)
    first = torch.relu(network.bn1(network.conv1(images)))
    assert list(outputs) == ["conv1", "conv2", "conv3", "fc"]
    assert torch.equal(outputs["conv1"], first)
    assert torch.equal(outputs["fc"], network(images))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Computes(lambda n, x: x * n.conv(x)), "mul: an operation of 2 values cannot be mapped"),
        (Computes(lambda n, x: x + n.conv(x)), "last step of a network must be the layer"),
        (Computes(lambda n, x: n.conv(x + 1)), "only two values of the network can be added"),
        (Computes(lambda n, x: n.conv(torch.add(x, x, alpha=2))), "only two values of the network"),
        (Computes(lambda n, x: n.conv(n.bn(x + x))), "normalisation must follow a layer directly"),
        (Computes(lambda n, x: n.conv(x[:, :, ::2, 1:])), "every n-th row and column"),
        (Computes(lambda n, x: n.conv(x[0])), "every n-th row and column"),
        (Computes(lambda n, x: n.conv(F.relu(x[:, :, ::2, ::2]))), "a layer or an addition"),
        (Computes(lambda n, x: n.conv(F.pad(x, (1, 1)))), "only channels can be padded"),
        (Computes(lambda n, x: n.conv(F.pad(x, (0,) * 5 + (1,), value=2.0))), "with zeros"),
        (Computes(lambda n, x: n.conv(F.adaptive_avg_pool2d(x, 2))), "over height and width"),
        (Computes(lambda n, x: n.conv(x.mean((1, 2)))), "over height and width, not"),
        (nn.Sequential(nn.Conv2d(2, 2, 1), Normalise([0, 0], [1, 1])), "must be the first step"),
        (Computes(lambda n, x: F.max_pool2d(n.conv(x), 2)), "last step of a network must be the l"),
        (Computes(lambda n, x: n.conv(F.max_pool2d(x, 2, ceil_mode=True))), "ceil_mode must be fa"),
        (Computes(lambda n, x: n.conv(F.max_pool2d(x, 2, 2, 0, 2))), "dilation must be 1 for a po"),
        (Computes(lambda n, x: n.conv(F.avg_pool2d(x, 2, divisor_override=3))), "divisor_overr"),
        (
            Computes(lambda n, x: n.conv(F.avg_pool2d(x, 2, 1, 1, False, False))),
            "count_include_pad must be true for a pool to be mapped",
        ),
        (nn.Sequential(nn.MaxPool2d(2, return_indices=True), nn.Conv2d(2, 2, 1)), "return_indices"),
        (Computes(lambda n, x: torch.sigmoid(n.conv(x))), "sigmoid: .* cannot be mapped yet"),
        (Computes(lambda n, x: n.conv(n.conv(x))), "conv: is used twice"),
        (Computes(lambda n, x: n.bn(x)), "bn: must follow one layer, and alone"),
        (Computes(lambda n, x: n.bn(torch.relu(n.conv(x)))), "must follow a layer directly"),
        (Computes(lambda n, x: x), "no convolution and no fully connected layer"),
        (Computes(lambda n, x: n.conv(x), groups=2), "groups must be 1, not 2"),
        (Computes(lambda n, x: n.conv(x), padding="same"), "padding must be given in numbers"),
        (Computes(lambda n, x: n.conv(x), padding_mode="circular"), "filled with zeros"),
    ],
)
def test_what_cannot_be_mapped(network, message):
    with pytest.raises(ValueError, match=message):
        trace(network)


def test_value_before_batch_norm_is_read_elsewhere():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn, self.next = (
                nn.Conv2d(1, 1, 1),
                nn.BatchNorm2d(1),
                nn.Conv2d(1, 1, 1),
            )

        def forward(self, x):
            x = self.conv(x)
            self.bn(x)
            return self.next(x)

    with pytest.raises(ValueError, match="bn: must follow one layer, and alone"):
        trace(Both())


def test_residual_network():
    network = build("resnet_tiny", in_shape=(3, 8, 8), classes=4, seed=0, std=[0.5] * 3)
    traced = trace_network(network)
    assert traced.normalise is network.normalise
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
    assert (add.kind, add.relu) == ("add", True)
    assert add.sources == ("layer2_0_conv2", "layer2_0_shortcut")
    assert not steps["layer2_0_conv2"].relu
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
            self.out = nn.Linear(2, 2)

        def forward(self, x):
            x = self.second(self.first(x))
            x = F.max_pool2d(x, kernel_size=2, stride=1)
            return self.out(F.avg_pool2d(x, (2, 3), (1, 2), 1))

    steps = trace_network(Pools()).steps[:-1]
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
            self.out = nn.Linear(2, 2)

        def forward(self, x):
            y = x[:, :, ::2, ::2]
            F.pad(y, (0, 0, 0, 0, 1, 0))  # does not change y, which is read again
            y = torch.add(self.conv(x[:, :, 0::2, ::2]), y)
            y = y.add(y)
            return self.out(torch.mean(y, dim=(-1, -2)))

    steps = trace_network(Forms()).steps
    assert [(step.name, getattr(step, "kind", "layer")) for step in steps] == [
        ("shortcut", "shortcut"),
        ("shortcut_2", "shortcut"),
        ("shortcut_3", "shortcut"),
        ("conv", "layer"),
        ("add", "add"),
        ("add_2", "add"),
        ("average_pool", "average_pool"),
        ("out", "layer"),
    ]
    assert steps[1].sources == ("shortcut",)
    assert (steps[1].stride, steps[1].channels_before) == ((1, 1), 1)
    assert steps[5].sources == ("add", "add")
