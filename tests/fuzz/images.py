"""Images in every kind of file."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from sw.datasets import FileShares, load_files
from tests.fuzz.subject import Files, Subject, files_of
from tests.sw.image_files import encoded, write_jpeg_npz

__all__ = ["SUBJECTS"]

_COUNT = 30


def _pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (_COUNT, *shape), dtype=np.uint8)


def _labels() -> np.ndarray:
    return np.arange(_COUNT) % 3


def _npz(directory: Path) -> Sequence[Files]:
    names = np.array(["a", "b", "c"])
    np.savez(directory / "0.npz", images=_pixels(5, 6), labels=_labels())
    np.savez_compressed(directory / "1.npz", images=_pixels(5, 6, 3), labels=_labels())
    floats = (_pixels(5, 6, 1) / 255).astype(np.float32)
    np.savez(directory / "2.npz", images=floats, labels=_labels().astype("u1"), classes=names)
    return [{"d.npz": content} for content in files_of(directory).values()]


def _jpeg(directory: Path) -> Sequence[Files]:
    write_jpeg_npz(directory / "d.npz", _pixels(8, 9, 3), _labels())
    return [files_of(directory)]


def _idx(directory: Path) -> Sequence[Files]:
    """MNIST's four files, plain and packed."""
    files = {}
    for split in ("train", "t10k"):
        head = bytes([0, 0, 8, 3, 0, 0, 0, _COUNT, 0, 0, 0, 5, 0, 0, 0, 6])
        files[f"{split}-images-idx3-ubyte"] = head + _pixels(5, 6).tobytes()
        head = bytes([0, 0, 8, 1, 0, 0, 0, _COUNT])
        files[f"{split}-labels-idx1-ubyte"] = head + _labels().astype(np.uint8).tobytes()
    packed = {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in files.items()}
    return [{f"d/{name}": data for name, data in each.items()} for each in (files, packed)]


def _cifar(directory: Path) -> Sequence[Files]:
    records = np.concatenate([_labels().astype(np.uint8)[:, None], _pixels(3072)], axis=1)
    names = [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]
    return [{f"d/{name}": records.tobytes() for name in names}]


def _folder(directory: Path) -> Sequence[Files]:
    """A folder a class, JPEG and PNG."""
    images, labels = _pixels(8, 9, 3), _labels()
    return [
        {
            f"d/{label}/{place}.{kind.lower()}": encoded(images[place], kind)
            for place, label in enumerate(labels)
        }
        for kind in ("JPEG", "PNG")
    ]


def _load(kind: str, path: str) -> Callable[[], None]:
    def read() -> None:
        load_files(kind, Path(path), seed=0, shares=FileShares(test=0.3, validation=0.3))

    return read


SUBJECTS = (
    Subject(name="images, npz", originals=_npz, read=_load("npz", "d.npz"), share=3),
    Subject(name="images, jpeg-npz", originals=_jpeg, read=_load("jpeg-npz", "d.npz"), share=2),
    Subject(name="images, idx", originals=_idx, read=_load("idx", "d"), share=2),
    Subject(name="images, cifar10-binary", originals=_cifar, read=_load("cifar10-binary", "d")),
    Subject(name="images, folder", originals=_folder, read=_load("folder", "d")),
)
