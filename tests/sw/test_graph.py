import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sw.graph import layer_outputs, trace
from sw.networks import build


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
        (Computes(lambda n, x: x + n.conv(x)), "add: an operation of 2 values cannot be mapped"),
        (Computes(lambda n, x: F.max_pool2d(n.conv(x), 2)), "max_pool2d: .* cannot be mapped yet"),
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
