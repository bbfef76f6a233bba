"""Data sets: images and labels in three splits, from scikit-learn or from files of many kinds."""

from sw.datasets.dataset import Dataset, Split
from sw.datasets.digits import load_digits
from sw.datasets.files import FILE_KINDS, FileShares, load_files
from sw.datasets.photographs import load_photographs
from sw.datasets.splitting import spread

__all__ = [
    "FILE_KINDS",
    "Dataset",
    "FileShares",
    "Split",
    "load_digits",
    "load_files",
    "load_photographs",
    "spread",
]
