"""Reads ``.npz`` files of any origin: no pickle, and nothing is allocated that is not there.

``arch.npz`` reads mapping tables and knows every size beforehand. A data set may hold any number of
images, and people compress it, so sizes are taken from the file, bounded, and held to each other.
"""

import math
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np
from numpy.lib import format as npy

from arch.errors import InputError
from arch.regular_file import open_regular
from sw.datasets.unpacked_size import check_unpacked

__all__ = ["FILE_BYTES_MAX", "read_arrays"]

FILE_BYTES_MAX = 1 << 32
"""Largest file, and largest array in it."""
_DIRECTORY_BYTES_MAX = 1 << 16
_END = 22
_HEADER_MAX = 512
_CHUNK = 1 << 24


def read_arrays(
    path: Path,
    required: Sequence[str],
    optional: Sequence[str] = (),
    *,
    unread: Sequence[str] = (),
) -> dict[str, np.ndarray]:
    """Arrays of an ``.npz`` file; others in it are left alone.

    Parameters
    ----------
    unread : sequence of str
        Arrays that have their shape and dtype, and zeros that take no memory.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be read, is damaged, lacks an array, or holds Python objects.
    """
    with open_regular(path, size_max=FILE_BYTES_MAX) as (file, size):
        _check_directory(file, size, path)
        try:
            with zipfile.ZipFile(file) as archive:
                return _read(archive, path, required, optional, unread)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise InputError(f"{path}: is damaged: {error}") from error
        except (OSError, RuntimeError, TokenError, ValueError) as error:
            raise InputError(f"{path}: cannot be read: {error}") from error


def _check_directory(file: IO[bytes], size: int, path: Path) -> None:
    """The directory of a zip costs memory for each entry that it claims, so it must be short."""
    file.seek(max(0, size - _END))
    end = file.read(_END)
    if len(end) != _END or not end.startswith(b"PK\x05\x06"):
        raise InputError(f"{path}: is not an npz file, or is truncated")
    if int.from_bytes(end[12:16], "little") > _DIRECTORY_BYTES_MAX:
        raise InputError(f"{path}: holds too many members for a data set")


def _read(
    archive: zipfile.ZipFile,
    path: Path,
    required: Sequence[str],
    optional: Sequence[str],
    unread: Sequence[str],
) -> dict[str, np.ndarray]:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    arrays = {}
    for name in (*required, *optional):
        if name in members:
            what = f"{path}: array {name}"
            arrays[name] = _array(archive, members[name], what, unread=name in unread)
        elif name in required:
            found = ", ".join(members) or "nothing"
            raise InputError(f"{path}: has no array {name}; found {found:.80}")
    return arrays


def _array(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, what: str, *, unread: bool
) -> np.ndarray:
    if info.file_size > FILE_BYTES_MAX:
        raise InputError(f"{what} has {info.file_size} bytes, at most {FILE_BYTES_MAX} are read")
    check_unpacked(what, info.compress_size, info.file_size)
    with archive.open(info) as member, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's of headers that Python 2 wrote
        version = npy.read_magic(member)
        if version not in ((1, 0), (2, 0)):
            raise InputError(f"{what} is in npy format {version}, 1.0 or 2.0 is read")
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(member, max_header_size=_HEADER_MAX)
        if dtype.hasobject or dtype.names is not None:
            raise InputError(f"{what} holds Python objects (pickle) or records: refused")
        expected = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or member.tell() + expected != info.file_size:
            raise InputError(f"{what} has another size than its header says")
        if unread:
            return np.broadcast_to(np.zeros((), dtype=dtype), shape)
        data = bytearray()
        # In pieces, so that a member that claims more than it has takes what it has.
        while piece := member.read(_CHUNK):
            data += piece
    if len(data) != expected:
        raise InputError(f"{what} is truncated")
    array = np.frombuffer(data, dtype=dtype)
    return array.reshape(shape[::-1]).T if fortran else array.reshape(shape)
