"""Damage to files that hold arrays: zip and npz, safetensors, gzip and IDX."""

import gzip
import io
import json
import re
import struct
import warnings
import zipfile
from random import Random

import numpy as np

from tests.fuzz.damage import damage_bytes
from tests.fuzz.records import damage_record

__all__ = ["damage_gzip", "damage_idx", "damage_safetensors", "damage_zip"]

_SHAPES = (
    "()",
    "(0,)",
    "(-1,)",
    "(1,)",
    "(3, 3)",
    "(1000000000000,)",
    "(65536, 65536, 65536)",
    "(2, -2)",
    "(9223372036854775807, 2)",
    "(18446744073709551616,)",
    "(True,)",
    "(1.5,)",
    "(" + "1, " * 40 + ")",
    "(30L,)",  # as Python 2 wrote it
    "('a',)",
    "((((",
)
_TYPES = (
    "<i8",
    "<f4",
    "<f8",
    ">i4",
    "|u1",
    "|b1",
    "|O",
    "O",
    "<c16",
    "<U4",
    "|S0",
    "|V8",
    "<U1000000000",
    "<M8[ns]",
    "<f2",
    "i4,f4",
    "",
)
_NAMES = ("../../outside.npy", "/outside.npy", "images.npy", "a/b.npy", "x" * 3000, "", "\x00.npy")
_BOMB = 1 << 22
_SHAPE = re.compile(rb"'shape': \([^)]*\)")
_DESCR = re.compile(rb"'descr': '[^']*'")


def damage_zip(rng: Random, data: bytes, donor: bytes) -> bytes:
    """A zip that is one, with members that are not what they should be."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    place = rng.randrange(len(members)) if members else 0
    kind = rng.randrange(6) if members else 0
    if kind == 0:
        members.insert(place, (rng.choice(_NAMES), rng.choice((b"", bytes(_BOMB), data[:300]))))
    elif kind == 1:
        del members[place]
    elif kind == 2:
        members[place] = (rng.choice(_NAMES), members[place][1])
    else:
        name, content = members[place]
        changed = (
            _damage_npy(rng, content)
            if name.endswith(".npy")
            else damage_bytes(rng, content, donor)
        )
        members[place] = (name, changed)
    packed = _zip(members, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    return _lie(rng, packed) if rng.random() < 0.3 else packed


def _zip(members: list[tuple[str, bytes]], compression: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that stand twice
        for name, content in members:
            info = zipfile.ZipInfo(name or "x")
            info.compress_type = compression
            archive.writestr(info, content)
    return file.getvalue()


def _lie(rng: Random, packed: bytes) -> bytes:
    """Change a field of an entry of the directory, or of the end of it."""
    entries = [found.start() for found in re.finditer(b"PK\x01\x02|PK\x05\x06|PK\x03\x04", packed)]
    place = rng.choice(entries) + rng.randrange(4, 46)
    count = rng.choice((2, 4))
    value = rng.choice((0, 1, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 64))
    return packed[:place] + value.to_bytes(4, "little")[:count] + packed[place + count :]


def _damage_npy(rng: Random, content: bytes) -> bytes:
    """An array of another shape, type or order than it has, or with other values."""
    kind = rng.randrange(6)
    if kind == 0:
        shape = rng.choice(_SHAPES).encode()
        return _retitled(_SHAPE.sub(b"'shape': " + shape, content, count=1), content)
    if kind == 1:
        descr = rng.choice(_TYPES).encode()
        return _retitled(_DESCR.sub(b"'descr': '" + descr + b"'", content, count=1), content)
    if kind == 2:
        return content.replace(b"False", b"True ", 1)
    if kind == 3:
        return content[: rng.randrange(128)] + content[128:]
    start = 128 + rng.randrange(max(1, len(content) - 128))
    other = rng.choice((b"\xff", b"\x00", b"\x80", b"\x7f")) * rng.choice((1, 4, 8, 64))
    return content[:start] + other + content[start + len(other) :]


def _retitled(changed: bytes, content: bytes) -> bytes:
    """With the length of the header that the text now has."""
    if len(content) < 10:
        return changed
    length = int.from_bytes(content[8:10], "little") + len(changed) - len(content)
    return changed[:8] + (length & 0xFFFF).to_bytes(2, "little") + changed[10:]


def damage_safetensors(rng: Random, data: bytes, donor: bytes) -> bytes:
    """A safetensors file with another header, another length of it, or other values."""
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    rest = data[8 + length :]
    kind = rng.randrange(5)
    if kind == 0:
        length = rng.choice((0, 1, length - 1, length + 1, 1 << 31, (1 << 63) - 1, (1 << 64) - 1))
        return struct.pack("<Q", length) + data[8:]
    if kind == 1 and rest:
        values = np.frombuffer(rest[: len(rest) // 4 * 4], "<u4").copy()
        values[rng.randrange(len(values))] = rng.choice((0x7F800000, 0x7FC00000, 0xFFFFFFFF, 1))
        return data[: 8 + length] + values.tobytes() + rest[len(rest) // 4 * 4 :]
    inner = header.get("__metadata__", {}).get("ohmforge")
    if inner is not None and kind < 4:
        record = json.loads(inner)
        header["__metadata__"]["ohmforge"] = json.dumps(damage_record(rng, record, record))
    else:
        header = damage_record(rng, header, header)
    text = json.dumps(header).encode("utf-8", "surrogatepass")
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + rest


def damage_idx(rng: Random, data: bytes, donor: bytes) -> bytes:
    """An IDX file whose type, dimensions or sizes are others."""
    place = rng.choice((2, 3, 4, 5, 6, 7, 8, 11, 12, 15))
    return data[:place] + bytes([rng.choice((0, 1, 8, 13, 127, 255))]) + data[place + 1 :]


def damage_gzip(rng: Random, data: bytes, donor: bytes) -> bytes:
    """A gzip file of other content, of several members, or of far more than it should hold."""
    content = gzip.decompress(data)
    kind = rng.randrange(4)
    if kind == 0:
        return data + gzip.compress(bytes(_BOMB), mtime=0)
    if kind == 1:
        huge = (1 << rng.choice((20, 26, 31))).to_bytes(4, "big")
        return gzip.compress(content[:4] + huge + content[8:] + bytes(_BOMB), mtime=0)
    changed = damage_idx(rng, content, donor)
    return gzip.compress(changed if kind == 2 else damage_bytes(rng, content, donor), mtime=0)
