"""Networks of ImageNet's size, as plain modules with random weights: shapes for measurements.

They have the layers, the names and the numbers of weights of the networks of the papers (without
the auxiliary parts of training). Every function can be called under ``torch.device("meta")``, where
weights take no memory.
"""

from collections import OrderedDict
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["CLASSES", "IN_SHAPE", "NETWORKS", "mobilenet_v2", "resnet50", "vgg16"]

IN_SHAPE = (3, 224, 224)
CLASSES = 1000
_VGG16 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)
"""Channels of the convolutions of VGG-16; 0 is a pool."""
_MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Table 2 of the paper: expansion, channels, blocks, stride of the first of them."""


def vgg16() -> nn.Module:
    """VGG-16 with 138 M weights (Simonyan and Zisserman, 2015, configuration D)."""
    parts: list[nn.Module] = []
    channels = IN_SHAPE[0]
    for width in _VGG16:
        if width == 0:
            parts.append(nn.MaxPool2d(2))
            continue
        parts += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
        channels = width
    linear = [
        nn.Flatten(),
        nn.Linear(512 * 7 * 7, 4096),
        nn.ReLU(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Linear(4096, CLASSES),
    ]
    return nn.Sequential(
        OrderedDict(features=nn.Sequential(*parts), classifier=nn.Sequential(*linear))
    )


class _Bottleneck(nn.Module):
    """Convolutions of 1 x 1, 3 x 3 and 1 x 1, and the input, projected where needed, added."""

    def __init__(self, channels_in: int, width: int, stride: int) -> None:
        super().__init__()
        channels = 4 * width
        self.conv1 = nn.Conv2d(channels_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)
        self.projection = (
            nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )
            if stride != 1 or channels_in != channels
            else None
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = torch.relu(self.bn1(self.conv1(x)))
        out = torch.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return torch.relu(out + (x if self.projection is None else self.projection(x)))


class _Resnet50(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(IN_SHAPE[0], 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        blocks: list[nn.Module] = []
        channels = 64
        for group, (width, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
            for block in range(count):
                stride = 2 if group and block == 0 else 1
                blocks.append(_Bottleneck(channels, width, stride))
                channels = 4 * width
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(channels, CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.blocks(self.pool(torch.relu(self.bn1(self.conv1(images)))))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


def resnet50() -> nn.Module:
    """ResNet-50 with 25.6 M weights (He et al., 2016), strides in the convolutions of 3 x 3."""
    return _Resnet50()


def _normalised(
    channels_in: int, channels: int, kernel: int, *, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """A convolution that keeps the size of the map but for its stride, with its normalisation."""
    padding = kernel // 2
    return [
        nn.Conv2d(
            channels_in, channels, kernel, stride, padding=padding, groups=groups, bias=False
        ),
        nn.BatchNorm2d(channels),
    ]


class _Inverted(nn.Module):
    """Expansion by 1 x 1, depthwise 3 x 3, projection by 1 x 1; added where the shape stays."""

    def __init__(self, channels_in: int, channels: int, *, expansion: int, stride: int) -> None:
        super().__init__()
        width = channels_in * expansion
        parts = [*_normalised(channels_in, width, 1), nn.ReLU6()] if expansion != 1 else []
        self.parts = nn.Sequential(
            *parts,
            *_normalised(width, width, 3, stride=stride, groups=width),
            nn.ReLU6(),
            *_normalised(width, channels, 1),
        )
        self.adds = stride == 1 and channels_in == channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.parts(x) if self.adds else self.parts(x)


class _MobilenetV2(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        parts: list[nn.Module] = [*_normalised(IN_SHAPE[0], 32, 3, stride=2), nn.ReLU6()]
        channels = 32
        for expansion, width, count, stride in _MOBILENET_V2:
            for block in range(count):
                step = stride if block == 0 else 1
                parts.append(_Inverted(channels, width, expansion=expansion, stride=step))
                channels = width
        parts += [*_normalised(channels, 1280, 1), nn.ReLU6()]
        self.features = nn.Sequential(*parts)
        self.classifier = nn.Linear(1280, CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = F.adaptive_avg_pool2d(self.features(images), 1)
        return self.classifier(torch.flatten(x, 1))


def mobilenet_v2() -> nn.Module:
    """MobileNet-v2 with 3.5 M weights (Sandler et al., 2018)."""
    return _MobilenetV2()


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "vgg16": vgg16,
    "resnet50": resnet50,
    "mobilenet_v2": mobilenet_v2,
}
"""Factories by name."""
