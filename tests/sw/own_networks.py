"""Small networks with the operations that people's own networks have, untrained, seeded."""

import torch
import torch.nn.functional as F
from torch import nn

IN_SHAPE = (3, 8, 8)


def _block(channels_in, channels, kernel, *, stride=1, groups=1):
    conv = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU6(inplace=True))


class Mobile(nn.Module):
    """Inverted residuals: wide, depthwise with a stride, narrow; an addition without ReLU."""

    def __init__(self):
        super().__init__()
        self.stem = _block(3, 6, 3)
        self.same = nn.Sequential(
            _block(6, 12, 1), _block(12, 12, 3, groups=12), nn.Conv2d(12, 6, 1), nn.BatchNorm2d(6)
        )
        self.wide, self.depth = _block(6, 10, 1), _block(10, 10, 3, stride=2, groups=10)
        self.narrow = nn.Conv2d(10, 8, 1)
        self.out = nn.Linear(8, 4)

    def forward(self, x):
        x = self.stem(x)
        x = x + self.same(x)
        x = self.narrow(self.depth(self.wide(x)))
        return self.out(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Residual(nn.Module):
    """Two paths, one a projection of 1 x 1 with a stride; padding by name; pools that adapt."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding="same", dilation=2)
        self.conv = nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.projection = nn.Sequential(nn.Conv2d(6, 8, 1, stride=2), nn.BatchNorm2d(8))
        self.pool = nn.AdaptiveMaxPool2d(2)
        self.out = nn.Linear(32, 4)

    def forward(self, x):
        x = torch.clamp(self.stem(x), min=-0.25, max=0.5)
        y = self.norm(self.conv(x))
        y += self.projection(x)
        y = self.pool(y.relu())
        return self.out(y.view(y.size(0), -1))


class Mixed(nn.Module):
    """What folds in every direction, and what does not.

    Batch normalisation of the input, before ReLU with two readers, before a layer without padding,
    behind a flattening; a depthwise layer; a ReLU of a value that others read; values that are
    joined; groups, and padding before them; a hard sigmoid; constants.
    """

    def __init__(self):
        super().__init__()
        self.first = nn.BatchNorm2d(3)
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(6)
        self.conv1 = nn.Conv2d(6, 6, 3, padding=1, groups=6)
        self.norm2, self.conv2 = nn.BatchNorm2d(6), nn.Conv2d(6, 6, 1)
        self.skip = nn.Conv2d(6, 6, 1)
        self.pad = nn.ZeroPad2d((2, 2, 1, 1))
        self.grouped = nn.Conv2d(18, 4, 3, groups=2)
        self.gate = nn.Hardsigmoid()
        self.norm3, self.out = nn.BatchNorm1d(96), nn.Linear(96, 4)

    def forward(self, x):
        x = self.stem(self.first(x))
        y = torch.relu(self.norm1(x))
        z = self.conv2(self.norm2(F.relu6(self.conv1(y)) * 2 - 0.1))
        total = z + self.skip(x)
        joined = torch.cat([F.relu(total), total, y], dim=1)
        joined = F.hardtanh(F.max_pool2d(joined, 2), -0.25, 1.5)
        x = self.gate(self.grouped(self.pad(joined)))
        x = self.norm3(F.dropout(x.reshape(x.shape[0], -1), training=self.training))
        return self.out(x)


NETWORKS = {"mobile": Mobile, "residual": Residual, "mixed": Mixed}


def own_network(name, *, seed=0):
    """A network with statistics of its own images, for inference."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = NETWORKS[name]()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.weight.data.uniform_(0.5, 1.5, generator=generator)
                module.bias.data.uniform_(-0.5, 0.5, generator=generator)
                module.momentum = None
        with torch.no_grad():
            network.train()(torch.rand(64, *IN_SHAPE, generator=generator))
    return network.eval()
