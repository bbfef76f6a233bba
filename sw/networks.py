"""Networks that come with the product."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import nn

from sw.graph import trace
from sw.normalise import normalisation
from sw.resnet import Resnet

__all__ = ["NETWORKS", "DigitsCnn", "build", "mappable"]


class DigitsCnn(nn.Module):
    """Three convolutions of 3 x 3, the second with stride 2, and one fully connected layer.

    Batch normalisation and ReLU follow each convolution. There is no pooling, so every arithmetic
    step of the network is a layer on crossbars.

    Parameters
    ----------
    in_shape : tuple of int
        Channels, height and width of an image.
    classes : int
        Number of scores.
    mean, std : sequence of float, optional
        Normalisation of the pixels, see :class:`sw.normalise.Normalise`.
    """

    def __init__(
        self,
        *,
        in_shape: tuple[int, int, int],
        classes: int,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.normalise = normalisation(mean, std)
        channels, height, width = in_shape
        self.conv1 = nn.Conv2d(channels, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(32)
        self.fc = nn.Linear(32 * ((height + 1) // 2) * ((width + 1) // 2), classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores, shape (n, classes), of images of shape (n, C, H, W)."""
        x = torch.relu(self.bn1(self.conv1(self.normalise(images))))
        x = torch.relu(self.bn2(self.conv2(x)))
        x = torch.relu(self.bn3(self.conv3(x)))
        return self.fc(torch.flatten(x, 1))


class Lenet5(nn.Module):
    """Two convolutions of 5 x 5, each with pooling, and three fully connected layers.

    After LeNet-5 (LeCun et al., "Gradient-based learning applied to document recognition", 1998),
    with its 6, 16, 120 and 84 outputs, and with what came later: ReLU, batch normalisation, and
    maxima for the first pooling, of 3 x 3 that overlap. Convolutions keep the size of the map, so
    that images of 8 x 8 and of 28 x 28 both work.

    Parameters
    ----------
    in_shape : tuple of int
        Channels, height and width of an image; at least 4 high and wide.
    classes : int
        Number of scores.
    mean, std : sequence of float, optional
        Normalisation of the pixels, see :class:`sw.normalise.Normalise`.
    """

    def __init__(
        self,
        *,
        in_shape: tuple[int, int, int],
        classes: int,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.normalise = normalisation(mean, std)
        channels, height, width = in_shape
        self.conv1 = nn.Conv2d(channels, 6, 5, padding=2, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.pool1 = nn.MaxPool2d(3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(6, 16, 5, padding=2, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.pool2 = nn.AvgPool2d(2)
        rows = 16 * ((height + 1) // 4) * ((width + 1) // 4)
        self.fc1 = nn.Linear(rows, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores, shape (n, classes), of images of shape (n, C, H, W)."""
        x = self.pool1(torch.relu(self.bn1(self.conv1(self.normalise(images)))))
        x = self.pool2(torch.relu(self.bn2(self.conv2(x))))
        x = torch.relu(self.fc1(torch.flatten(x, 1)))
        return self.fc3(torch.relu(self.fc2(x)))


NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "digits_cnn": DigitsCnn,
    "lenet5": Lenet5,
    "resnet20": partial(Resnet, blocks=3, widths=(16, 32, 64)),
    "resnet_tiny": partial(Resnet, blocks=1, widths=(4, 8, 8)),
}
"""Builders by name. ``resnet20`` has 270,000 weights; ``resnet_tiny`` has all that it has, in a
fraction of a second."""


def build(
    name: str,
    *,
    in_shape: tuple[int, int, int],
    classes: int,
    seed: int,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> nn.Module:
    """A new network with random weights.

    Parameters
    ----------
    name : str
        A key of :data:`NETWORKS`.
    in_shape : tuple of int
        Channels, height and width of an image.
    classes : int
        Number of scores.
    seed : int
        Decides the weights; torch's global generator is left as it was.
    mean, std : sequence of float, optional
        Normalisation of the pixels, see :class:`sw.normalise.Normalise`; one a channel.

    Raises
    ------
    :exc:`ValueError`
        If the name is unknown, a size is not positive, or the normalisation does not fit.
    """
    if name not in NETWORKS:
        raise ValueError(f"network must be one of {', '.join(NETWORKS)}, not {name!r}")
    if min(*in_shape, classes) < 1:
        raise ValueError(f"sizes must be positive, not {in_shape} and {classes} classes")
    for values in (mean, std):
        if values is not None and len(values) != in_shape[0]:
            raise ValueError(f"mean and std must be one for each of {in_shape[0]} channels")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NETWORKS[name](in_shape=in_shape, classes=classes, mean=mean, std=std)


def mappable(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """Layers that go to crossbars, by name, in execution order; see :func:`sw.graph.trace`."""
    return [(layer.name, layer.module) for layer in trace(network)]
