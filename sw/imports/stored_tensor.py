"""A tensor of a file whose data is read when it is asked for."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from arch.errors import InputError
from arch.regular_file import open_regular
from sw.imports.onnx_outline import FILE_BYTES_MAX, Place

__all__ = ["StoredTensor"]


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredTensor:
    """A tensor of an ONNX file.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What the file calls it.
    shape : tuple of int
        Its sizes, as it is used.
    dtype : dtype
        Of its numbers.
    place : Place or None
        Where its data lies in the file, if it was not read with the graph.
    value : array or None
        Its data, if it was.
    transposed : bool
        Whether it is used with its two directions swapped (``value`` is as it is used).
    """

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    place: Place | None = None
    value: np.ndarray | None = None
    transposed: bool = False

    def swapped(self) -> "StoredTensor":
        """The transposed matrix."""
        if self.value is not None:
            return replace(self, shape=self.shape[::-1], value=self.value.T)
        return replace(self, shape=self.shape[::-1], transposed=not self.transposed)

    def load(self) -> torch.Tensor:
        """The data, in memory of its own.

        Raises
        ------
        :exc:`arch.errors.InputError`
            If it is not float32, not finite, or cannot be read any more.
        """
        if self.dtype != np.float32:
            raise InputError(
                f"{self.path}: weights {self.name!r} are {self.dtype}, not float32; export the "
                f"network in float32"
            )
        array = self._read() if self.value is None else np.array(self.value, order="C")
        if not np.isfinite(array).all():
            raise InputError(f"{self.path}: weights {self.name!r} must be finite, not NaN")
        return torch.from_numpy(np.array(array.T, order="C") if self.transposed else array)

    def _read(self) -> np.ndarray:
        assert self.place is not None
        shape = self.shape[::-1] if self.transposed else self.shape
        array = np.empty(shape, dtype="<f4")
        with open_regular(self.path, size_max=FILE_BYTES_MAX) as (file, _):
            file.seek(self.place.offset)
            if file.readinto(array.reshape(-1).view(np.uint8).data) != self.place.size:
                raise InputError(f"{self.path}: became shorter while it was read")
        return array
