"""Writes and reads ``.npz`` files of a fixed shape: same bytes every time, safe against any input.

``numpy.savez`` does not promise its bytes, and ``numpy.load`` believes the sizes that a file states
and unpacks compressed members. Here members are stored, never compressed, so that no file can take
more memory than it has bytes, and a reader states beforehand which arrays it expects. What is
written here is read by ``numpy.load``, and what ``numpy.savez`` writes is read here.
"""

import math
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from arch.errors import InputError

__all__ = ["MEMBERS_MAX", "ArraySpec", "npz_size_max", "read_npz", "write_npz"]

MEMBERS_MAX = 16
"""Arrays of a file: tables have at most 10, and every entry of the directory costs memory."""
_OVERHEAD_MAX = 1024
"""Bytes that one member may take beside its data: headers take about 250."""
_HEADER_MAX = 512
"""Bytes of the text in front of an array: NumPy writes 118 for any array of tables."""
_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip can state: tables carry no time."""
_ALIGNMENT = 64
"""The data of an array start at a multiple of this within its member, as NumPy has it."""

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '([^'\\]{1,40})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,19}(?:, \d{1,19})*,?)?)\), \} *\n"
)
_OBJECT = re.compile(rb"'descr': '\|?O|'descr': \[")
_END = struct.Struct("<4sHHHHLLH")
_ENTRY = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_ENCRYPTED_OR_STREAMED = 0x0001 | 0x0008 | 0x0040


@dataclass(frozen=True)
class ArraySpec:
    """What one array of a file is: ``descr`` as NumPy writes it (``<i4``, ``|u1``), and shape."""

    descr: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the data."""
        return math.prod(self.shape) * np.dtype(self.descr).itemsize


@dataclass(frozen=True)
class _Member:
    offset: int  # of the local header
    size: int
    crc: int


def write_npz(file: BinaryIO, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays in the order of the mapping, little-endian and in C order, uncompressed.

    The bytes depend on the arrays and their names alone.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy", _DATE)
            info.create_system = 3  # else it tells the system on which the file was made
            info.external_attr = 0o644 << 16
            little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
            header = _npy_header(ArraySpec(little.dtype.str, little.shape))
            info.file_size = len(header) + little.nbytes
            with archive.open(info, "w") as member:  # no copy of the array is made
                member.write(header)
                member.write(little.reshape(-1).view(np.uint8).data)


def _npy_header(spec: ArraySpec) -> bytes:
    text = f"{{'descr': '{spec.descr}', 'fortran_order': False, 'shape': {spec.shape}, }}"
    length = len(_MAGIC) + 2 + len(text) + 1
    text += " " * (-length % _ALIGNMENT) + "\n"
    return _MAGIC + struct.pack("<H", len(text)) + text.encode("ascii")


def npz_size_max(expected: Mapping[str, ArraySpec]) -> int:
    """Largest size in bytes of a file that holds exactly the expected arrays."""
    return sum(spec.nbytes + _OVERHEAD_MAX for spec in expected.values())


def read_npz(file: BinaryIO, size: int, expected: Mapping[str, ArraySpec]) -> dict[str, np.ndarray]:
    """Read exactly the expected arrays; nothing is read before its size is known to be right.

    Parameters
    ----------
    file : binary file
        Seekable; may be anything.
    size : int
        Its size in bytes.
    expected : mapping
        Every array that the file must have, with type and shape.

    Returns
    -------
    dict of read-only arrays

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file is anything else; the message does not name the file.
    """
    members = _directory(file, size)
    names = {f"{name}.npy" for name in expected}
    if missing := sorted(names - members.keys()):
        raise InputError(f"array {missing[0].removesuffix('.npy')} is missing")
    if extra := sorted(members.keys() - names):
        raise InputError(f"{extra[0]!r} does not belong in it")
    return {
        name: _array(name, _content(file, size, name, members[f"{name}.npy"], spec), spec)
        for name, spec in expected.items()
    }


def _directory(file: BinaryIO, size: int) -> dict[str, _Member]:
    """Members by name, from the directory at the end of the zip."""
    if size < _END.size:
        raise InputError(f"is not an npz file: it has {size} bytes")
    file.seek(size - _END.size)
    magic, disk, first_disk, here, count, length, offset, comment = _END.unpack(
        _read(file, _END.size)
    )
    if magic != b"PK\x05\x06":
        raise InputError("is not an npz file, or is truncated: it does not end like a zip")
    if disk or first_disk or comment or here != count or count > MEMBERS_MAX:
        raise InputError(f"must be a plain zip of at most {MEMBERS_MAX} members")
    if length > MEMBERS_MAX * _OVERHEAD_MAX or offset + length + _END.size != size:
        raise InputError("is truncated or damaged: its zip directory is not where it should be")
    file.seek(offset)
    directory = _read(file, length)
    members: dict[str, _Member] = {}
    start = 0
    for _ in range(count):
        start = _entry(directory, start, members)
    if start != length:
        raise InputError("is damaged: its zip directory has bytes to spare")
    return members


def _entry(directory: bytes, start: int, members: dict[str, _Member]) -> int:
    """Add the member whose directory entry begins at ``start``; returns where the entry ends."""
    if start + _ENTRY.size > len(directory):
        raise InputError("is damaged: its zip directory is cut off")
    magic, _, _, flags, method, _, _, crc, packed, length, name_size, extra, comment, *_, offset = (
        _ENTRY.unpack_from(directory, start)
    )
    end = start + _ENTRY.size + name_size + extra + comment
    if magic != b"PK\x01\x02" or end > len(directory):
        raise InputError("is damaged: its zip directory is cut off")
    name = directory[start + _ENTRY.size :][:name_size].decode("latin-1")
    if name in members:
        raise InputError(f"{name!r} is in it twice")
    if flags & _ENCRYPTED_OR_STREAMED or method != zipfile.ZIP_STORED or packed != length:
        raise InputError(f"{name!r} is compressed or encrypted; members must be stored as they are")
    members[name] = _Member(offset, length, crc)
    return end


def _content(file: BinaryIO, size: int, name: str, member: _Member, spec: ArraySpec) -> bytes:
    # Two members may share bytes of the file, but each is no longer than what is expected of it.
    if member.size > spec.nbytes + _HEADER_MAX + len(_MAGIC) + 2 or member.size > size:
        _data_start(name, _bytes(file, size, name, member, _HEADER_MAX), spec)
        raise InputError(f"array {name} has {member.size} bytes, which is more than it needs")
    content = _bytes(file, size, name, member, member.size)
    if zlib.crc32(content) != member.crc:
        raise InputError(f"array {name} is damaged: its checksum differs")
    return content


def _bytes(file: BinaryIO, size: int, name: str, member: _Member, count: int) -> bytes:
    file.seek(min(member.offset, size))
    local = file.read(_LOCAL.size)
    if len(local) != _LOCAL.size or not local.startswith(b"PK\x03\x04"):
        raise InputError(f"array {name} is not where the zip directory says")
    *_, name_size, extra = _LOCAL.unpack(local)
    file.seek(name_size + extra, 1)
    return _read(file, min(count, member.size))


def _read(file: BinaryIO, count: int) -> bytes:
    content = file.read(count)
    if len(content) != count:
        raise InputError("is truncated")
    return content


def _data_start(name: str, content: bytes, spec: ArraySpec) -> int:
    """Refuse a header that is not exactly the expected one; returns where the data begin."""
    start = len(_MAGIC) + 2
    if not content.startswith(_MAGIC) or len(content) < start:
        raise InputError(f"array {name} is not in npy format 1.0")
    length = int.from_bytes(content[start - 2 : start], "little")
    if start + length > len(content):
        raise InputError(f"array {name} has a header that is too long")
    header = content[start : start + length]
    if _OBJECT.search(header):
        raise InputError(f"array {name} holds Python objects (pickle) or records: refused")
    match = _HEADER.fullmatch(header)
    if match is None:
        raise InputError(f"array {name} has a header that cannot be read")
    descr, shape = match[1].decode("latin-1"), tuple(map(int, re.findall(rb"\d+", match[3])))
    if descr != spec.descr:
        raise InputError(f"array {name} has type {descr!r}, expected {spec.descr!r}")
    if shape != spec.shape:
        raise InputError(f"array {name} has shape {shape}, expected {spec.shape}")
    if match[2] != b"False":
        raise InputError(f"array {name} is in Fortran order, expected C order")
    return start + length


def _array(name: str, content: bytes, spec: ArraySpec) -> np.ndarray:
    start = _data_start(name, content, spec)
    if len(content) - start != spec.nbytes:
        raise InputError(
            f"array {name} has {len(content) - start} bytes of data, expected {spec.nbytes}"
        )
    return np.frombuffer(content, dtype=spec.descr, offset=start).reshape(spec.shape)
