"""Known images: what is written is read; anything else is refused."""

import numpy as np
import pytest

from arch.errors import InputError
from arch.known_images import NO_CLASS, images_kept, read_known_images, write_known_images

SHAPE = (2, 3, 4)


def write(path, count, low=0, high=256):
    rng = np.random.default_rng(count)
    codes, labels = rng.integers(low, high, (count, *SHAPE)), rng.integers(0, 10, count)
    write_known_images(path, codes, labels)
    return codes, labels


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("count", [1, 7, 256, 300])
def test_round_trip(tmp_path, count, signed):
    codes, labels = write(tmp_path / "a", count, *((-128, 128) if signed else (0, 256)))
    seen, classes = read_known_images(tmp_path / "a", SHAPE, signed=signed)
    assert (seen == codes[:256]).all()
    assert (classes == labels[:256]).all()
    write_known_images(tmp_path / "b", codes, labels)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_large_images_are_few():
    assert images_kept((1, 8, 8)) == 256
    assert images_kept((3, 224, 224)) == 27
    assert images_kept((3, 4096, 4096)) == 1


def test_labels_of_nobody(tmp_path):
    write_known_images(tmp_path / "a", np.zeros((2, *SHAPE), int), np.full(2, NO_CLASS))
    assert (read_known_images(tmp_path / "a", SHAPE, signed=False)[1] == NO_CLASS).all()


def test_anything_else_is_refused(tmp_path):
    path = tmp_path / "a"
    with pytest.raises(InputError, match="a: cannot be read: No such file"):
        read_known_images(path, SHAPE, signed=False)
    write(path, 3)
    with pytest.raises(InputError, match=r"a: array codes has shape \(256, 2, 3, 4\), expected"):
        read_known_images(path, (2, 3, 3), signed=False)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="a: is not an npz file, or is truncated"):
        read_known_images(path, SHAPE, signed=False)
    for count in (0, 257, -1):
        write_known_images(path, np.zeros((3, *SHAPE), int), np.zeros(3, int))
        arrays = dict(np.load(path)) | {"count": np.array([count], np.int32)}
        np.savez(path.with_suffix(".npz"), **arrays)
        with pytest.raises(InputError, match=f"states {count} images, it has room for 256"):
            read_known_images(path.with_suffix(".npz"), SHAPE, signed=False)
