"""Random variations of training images."""

import math

import torch
import torch.nn.functional as F

from arch.errors import InputError

__all__ = ["VARIATIONS", "random_affine", "random_crop_flip"]


def random_affine(
    images: torch.Tensor,
    *,
    generator: torch.Generator,
    shift: float = 0.75,
    degrees: float = 10.0,
    zoom: float = 0.1,
) -> torch.Tensor:
    """Each image shifted, turned and scaled at random, with bilinear interpolation.

    Parameters
    ----------
    images : float32 tensor, shape (n, C, H, W)
    generator : torch.Generator
        The only source of randomness.
    shift : float
        Largest shift in pixels, each direction.
    degrees : float
        Largest rotation.
    zoom : float
        Largest relative change of size.

    Returns
    -------
    float32 tensor, shape (n, C, H, W)
        What comes in from outside is 0.
    """
    draw = torch.rand(4, len(images), generator=generator) * 2 - 1
    angle = draw[0] * math.radians(degrees)
    scale = 1 + draw[1] * zoom
    cos, sin = scale * torch.cos(angle), scale * torch.sin(angle)
    height, width = images.shape[-2:]
    # affine_grid counts the image as -1 to 1, so a pixel is 2 / size.
    move_x, move_y = draw[2] * shift * 2 / width, draw[3] * shift * 2 / height
    theta = torch.stack(
        [torch.stack([cos, -sin, move_x], dim=1), torch.stack([sin, cos, move_y], dim=1)], dim=1
    )
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def random_crop_flip(
    images: torch.Tensor, *, generator: torch.Generator, shift: int = 4
) -> torch.Tensor:
    """Each image shifted by whole pixels and mirrored at random, as is usual for CIFAR-10.

    Parameters
    ----------
    images : float32 tensor, shape (n, C, H, W)
        Larger than ``shift`` in height and width.
    generator : torch.Generator
        The only source of randomness.
    shift : int
        Largest shift in pixels, each direction.

    Returns
    -------
    float32 tensor, shape (n, C, H, W)
        What comes in from outside is the image reflected at its edge.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the images are no larger than ``shift``.
    """
    count, channels, height, width = images.shape
    if min(height, width) <= shift:
        raise InputError(
            f"variations crop_flip need images of more than {shift} pixels each way, not "
            f"{height} x {width}"
        )
    top = torch.randint(2 * shift + 1, (2, count), generator=generator)
    mirrored = torch.rand(count, generator=generator) < 0.5
    rows = top[0][:, None] + torch.arange(height)
    cols = top[1][:, None] + torch.arange(width)
    cols = torch.where(mirrored[:, None], cols.flip(1), cols)
    padded = F.pad(images, (shift, shift, shift, shift), mode="reflect")
    return padded[
        torch.arange(count)[:, None, None, None],
        torch.arange(channels)[None, :, None, None],
        rows[:, None, :, None],
        cols[:, None, None, :],
    ]


def _as_they_are(images: torch.Tensor, *, generator: torch.Generator) -> torch.Tensor:
    return images


VARIATIONS = {"affine": random_affine, "crop_flip": random_crop_flip, "none": _as_they_are}
"""Variations by name."""
