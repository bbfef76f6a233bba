"""Small networks of every kind that can be mapped; copy one and change it.

``model: {kind: torch, source: net.py:lenet5}`` takes the function of that name. A function gets
``in_shape`` (channels, height, width, or the number of features) and ``classes`` if it asks for
them.
"""

import torch
from torch import nn


def digits(in_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The network of ``examples/digits.yaml``, as a module of one's own."""
    return Digits(in_shape[0], classes)


class Digits(nn.Module):
    """Three convolutions and one fully connected layer, for images of 8 x 8."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(32)
        self.fc = nn.Linear(32 * 4 * 4, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores, shape (n, classes)."""
        x = torch.relu(self.bn1(self.conv1(images)))
        x = torch.relu(self.bn2(self.conv2(x)))
        x = torch.relu(self.bn3(self.conv3(x)))
        return self.fc(torch.flatten(x, 1))


def lenet5(in_shape: tuple[int, ...], classes: int) -> nn.Module:
    """LeNet-5: two convolutions of 5 x 5 with pooling, three fully connected layers."""
    channels, height, width = in_shape
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * (height // 4) * (width // 4), 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, classes),
    )


def vgg(in_shape: tuple[int, ...], classes: int) -> nn.Module:
    """Pairs of 3 x 3 convolutions between poolings, and a classifier with dropout."""
    layers: list[nn.Module] = []
    channels = in_shape[0]
    for width in (8, 16, 32):
        for _ in range(2):
            layers += [
                nn.Conv2d(channels, width, 3, padding=1),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(
        nn.Sequential(*layers),
        nn.AdaptiveAvgPool2d((1, 1)),
        nn.Flatten(),
        nn.Linear(channels, 32),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(32, classes),
    )


def residual(in_shape: tuple[int, ...], classes: int) -> nn.Module:
    """Residual blocks, two of them with a 1 x 1 projection on the shortcut."""
    return nn.Sequential(
        nn.Conv2d(in_shape[0], 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        Block(8, 8, 1),
        Block(8, 16, 2),
        Block(16, 32, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, classes),
    )


class Block(nn.Module):
    """Two convolutions and the input, projected where its shape changes, added to them."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.project: nn.Module = nn.Identity()
        if (channels_in, stride) != (channels, 1):
            self.project = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The feature map behind the block."""
        out = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(out)) + self.project(x))


def mobilenet(in_shape: tuple[int, ...], classes: int) -> nn.Module:
    """Inverted residual blocks: 1 x 1 widens, a depthwise 3 x 3, 1 x 1 narrows; ReLU6."""
    return nn.Sequential(
        nn.Conv2d(in_shape[0], 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU6(),
        Inverted(8, 8, 1),
        Inverted(8, 16, 2),
        Inverted(16, 16, 1),
        nn.Conv2d(16, 32, 1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Linear(32, classes),
    )


class Inverted(nn.Module):
    """The block of MobileNet-v2."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        wide = 3 * channels_in
        self.shortcut = stride == 1 and channels_in == channels
        self.layers = nn.Sequential(
            nn.Conv2d(channels_in, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU6(),
            nn.Conv2d(wide, wide, 3, stride, padding=1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU6(),
            nn.Conv2d(wide, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The feature map behind the block."""
        return x + self.layers(x) if self.shortcut else self.layers(x)


def perceptron(in_shape: tuple[int, ...], classes: int) -> nn.Module:
    """Fully connected layers alone, for rows of features."""
    return nn.Sequential(
        nn.Linear(in_shape[0], 32),
        nn.ReLU(),
        nn.Linear(32, 16),
        nn.ReLU(),
        nn.Linear(16, classes),
    )
