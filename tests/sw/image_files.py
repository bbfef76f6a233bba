"""Small files of images, for tests of what reads them."""

import io

import numpy as np
from PIL import Image


def encoded(image, kind):
    """A picture file of one image, uint8 of shape (H, W, C)."""
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, kind)
    return buffer.getvalue()


def jpeg_arrays(images, labels):
    """The arrays of a ``jpeg-npz`` file."""
    files = [encoded(image, "JPEG") for image in images]
    return {
        "jpeg": np.frombuffer(b"".join(files), dtype=np.uint8).copy(),
        "offsets": np.cumsum([0, *map(len, files)]),
        "labels": np.asarray(labels),
        "classes": np.array([f"class {label}" for label in range(int(max(labels)) + 1)]),
    }


def write_jpeg_npz(path, images, labels):
    """A ``jpeg-npz`` file."""
    np.savez(path, **jpeg_arrays(images, labels))
