"""Data sets: images and labels in three splits, from scikit-learn or from files of many kinds."""

from sw.datasets.dataset import PIXELS, Dataset, Split
from sw.datasets.digits import load_digits
from sw.datasets.files import FILE_KINDS, FileShares, image_shape, load_files
from sw.datasets.photographs import load_photographs
from sw.datasets.python_data import load_python
from sw.datasets.splitting import spread

__all__ = [
    "FILE_KINDS",
    "PIXELS",
    "Dataset",
    "FileShares",
    "Split",
    "image_shape",
    "load_digits",
    "load_files",
    "load_photographs",
    "load_python",
    "spread",
]
