"""Decodes one picture of a known size; what does not look like one is refused by name."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from arch.errors import InputError

__all__ = ["SIDE_MAX", "decode", "picture_shape"]

SIDE_MAX = 1024
"""Largest height and width."""
_FORMATS = ("JPEG", "PNG")


def picture_shape(data: bytes, what: str | Path) -> tuple[int, int, int]:
    """Channels (1 or 3), height and width of a JPEG or PNG picture, from its header.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If it is no such picture, or larger than :data:`SIDE_MAX`; ``what`` names it.
    """
    with _open(data, what) as picture:
        channels = 1 if picture.mode in ("1", "L") else 3
        return (channels, picture.height, picture.width)


def decode(data: bytes, shape: tuple[int, int, int], what: str | Path) -> np.ndarray:
    """Pixels of a picture, uint8 array of shape ``shape``.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If it cannot be decoded or has another size; ``what`` names it.
    """
    channels, height, width = shape
    with _open(data, what) as picture:
        if (picture.height, picture.width) != (height, width):
            raise InputError(
                f"{what}: is {picture.width} x {picture.height} pixels, but the first image is "
                f"{width} x {height}"
            )
        try:
            pixels = np.asarray(picture.convert("L" if channels == 1 else "RGB"))
        except (OSError, ValueError, SyntaxError) as error:
            raise InputError(f"{what}: cannot be decoded: {error}") from error
    return pixels.reshape(height, width, channels).transpose(2, 0, 1)


def _open(data: bytes, what: str | Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is checked here
            picture = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{what}: is not a JPEG or PNG picture") from error
    if max(picture.size) > SIDE_MAX:
        raise InputError(f"{what}: is larger than {SIDE_MAX} x {SIDE_MAX} pixels")
    return picture
