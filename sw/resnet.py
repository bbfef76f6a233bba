"""ResNet for images of 32 x 32 pixels (He et al., "Deep Residual Learning", 2016, section 4.2)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from sw.normalise import normalisation

__all__ = ["Resnet"]


class _Block(nn.Module):
    """Two convolutions of 3 x 3, and the input added to what they give.

    Where the shape changes, the shortcut is option A of the paper: every second row and column,
    and zeros for the new channels, half of them before and half behind. It has no weights.
    """

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride = stride
        self.before = (channels - channels_in) // 2
        self.behind = channels - channels_in - self.before

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = torch.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.stride != 1:
            x = x[:, :, :: self.stride, :: self.stride]
        if self.before or self.behind:
            x = F.pad(x, (0, 0, 0, 0, self.before, self.behind))
        return torch.relu(out + x)


def _group(channels_in: int, channels: int, blocks: int, *, stride: int) -> nn.Sequential:
    """Blocks of one width; the first one changes the shape."""
    rest = (_Block(channels, channels, 1) for _ in range(blocks - 1))
    return nn.Sequential(_Block(channels_in, channels, stride), *rest)


class Resnet(nn.Module):
    """Blocks in three groups of rising width; global average pooling and a linear layer end it.

    Parameters
    ----------
    in_shape : tuple of int
        Channels, height and width of an image.
    classes : int
        Number of scores.
    blocks : int
        Blocks of two convolutions in each group.
    widths : tuple of int
        Channels of each group.
    mean, std : sequence of float, optional
        Normalisation of the pixels, see :class:`sw.normalise.Normalise`.
    """

    def __init__(
        self,
        *,
        in_shape: tuple[int, int, int],
        classes: int,
        blocks: int,
        widths: tuple[int, int, int],
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.normalise = normalisation(mean, std)
        self.conv1 = nn.Conv2d(in_shape[0], widths[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        first, second, third = widths
        self.layer1 = _group(first, first, blocks, stride=1)
        self.layer2 = _group(first, second, blocks, stride=2)
        self.layer3 = _group(second, third, blocks, stride=2)
        self.linear = nn.Linear(third, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores, shape (n, classes), of images of shape (n, C, H, W)."""
        x = torch.relu(self.bn1(self.conv1(self.normalise(images))))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))
