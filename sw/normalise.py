"""Normalisation of the pixels, as the first step of a network."""

import math
from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["Normalise", "normalisation"]


class Normalise(nn.Module):
    """Each channel less its mean, divided by its standard deviation.

    It belongs to the network and not to the data, so that what trains, prunes, observes and
    quantises a network sees the same images as everything else. Quantisation folds
    it into the codes of the input, see ``docs/number-formats.md``.

    Parameters
    ----------
    mean, std : sequence of float
        One a channel.

    Raises
    ------
    :exc:`ValueError`
        If the lengths differ, or a value is out of range.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        if len(mean) != len(std) or not mean:
            raise ValueError(f"mean and std must be as many numbers, not {len(mean)}, {len(std)}")
        if not all(map(math.isfinite, mean)) or not all(0 < value <= 1e3 for value in std):
            raise ValueError(f"mean must be finite and std above 0, not {mean} and {std}")
        # Constants of the data: no part of the weights that are saved.
        for name, values in (("mean", mean), ("std", std)):
            tensor = torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1)
            self.register_buffer(name, tensor, persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Normalised images, shape (n, C, H, W)."""
        return (images - self.mean) / self.std


def normalisation(mean: Sequence[float] | None, std: Sequence[float] | None) -> nn.Module:
    """:class:`Normalise`, or nothing if neither ``mean`` nor ``std`` is given."""
    if mean is None and std is None:
        return nn.Identity()
    return Normalise(mean or [0.0] * len(std or ()), std or [1.0] * len(mean or ()))
