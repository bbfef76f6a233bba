"""Load images: tables as the words that a network engine takes over its control bus.

``docs/network-engine.md`` has the format, word by word.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from arch.network_program import NetworkProgram
from arch.network_shape import WORD_BITS, NetworkShape
from arch.registers import hash_words
from arch.shape_record import shape_identity

__all__ = [
    "FORMAT_VERSION",
    "HASH_WORDS",
    "LOAD_MAGIC",
    "PART_BYTES",
    "Section",
    "load_image",
    "section_parts",
    "sections",
]

LOAD_MAGIC = 0x4F484D54
"""First word of a load image: ``OHMT`` in ASCII."""
FORMAT_VERSION = 1
"""Second word of a load image."""
HASH_WORDS = 8
"""Words of the hash of the tables."""
PART_BYTES = WORD_BITS // 8
"""Bytes of a word of a load image, the least significant first."""
_KINDS = {"step": 1, "layer": 2, "index": 3, "cells": 4, "slot": 5, "channel": 6}
_TILE_BITS = 16


@dataclass(frozen=True, kw_only=True)
class Section:
    """What a load image has for one memory.

    Parameters
    ----------
    name : str
        The memory.
    number : int
        Its kind in the upper half, in the lower one which of that kind it is.
    bits : int
        Width of a word of the memory.
    depth : int
        Words that the memory holds.
    """

    name: str
    number: int
    bits: int
    depth: int

    @property
    def parts(self) -> int:
        """Words of the load image that one word of the memory takes."""
        return -(-self.bits // WORD_BITS)


def sections(shape: NetworkShape) -> tuple[Section, ...]:
    """The sections of the load images for an engine, in their order.

    Raises
    ------
    :exc:`ValueError`
        If a memory is of no kind that is known; a kind may be followed by a number.
    """
    return tuple(
        Section(name=name, number=_number(name), bits=layout.width, depth=depth)
        for name, (layout, depth) in shape.memories.items()
    )


def load_image(program: NetworkProgram) -> bytes:
    """The load image of a program: words of 32 bits, the least significant byte first.

    The same program gives the same bytes.
    """
    data = b"".join(word.to_bytes(PART_BYTES, "little") for word in _words(program))
    return data + zlib.crc32(data).to_bytes(PART_BYTES, "little")


def section_parts(section: Section, words: Iterable[int]) -> list[int]:
    """Words of a memory in parts of 32 bits, as a load image has them: the lowest first."""
    mask = (1 << WORD_BITS) - 1
    return [word >> part * WORD_BITS & mask for word in words for part in range(section.parts)]


def _words(program: NetworkProgram) -> Iterator[int]:
    yield LOAD_MAGIC
    yield FORMAT_VERSION
    yield shape_identity(program.shape)
    yield from hash_words(program.tables_sha256)
    memories = program.memories
    for section in sections(program.shape):
        _, words = memories[section.name]
        yield section.number
        yield len(words)
        yield from section_parts(section, words)


def _number(name: str) -> int:
    kind = name.rstrip("0123456789")
    if kind not in _KINDS:
        raise ValueError(f"memory {name} is of no kind that a load image knows")
    return _KINDS[kind] << _TILE_BITS | int(name.removeprefix(kind) or 0)
