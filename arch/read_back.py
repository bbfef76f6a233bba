"""Read-back: what a network engine must say of its memories for tables, computed from a program."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from arch.load_image import PART_BYTES, section_parts, sections
from arch.network_program import NetworkProgram

__all__ = ["READ_BACK_CYCLES", "ReadBack", "read_back", "read_backs"]

READ_BACK_CYCLES = 4
"""Cycles that a read-back takes for a part."""


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    """What to ask an engine for, and what it must answer.

    Parameters
    ----------
    name : str
        The memory.
    memory : int
        What goes into ``read_back_memory``: its place among the sections of a load image.
    first : int
        What goes into ``read_back_first``: the word of the memory that is read first.
    parts : int
        What goes into ``read_back_parts``: parts of 32 bits that are read.
    crc : int
        What ``read_back_crc`` must be afterwards.
    word : int
        What ``read_back_word`` must be afterwards; zero if nothing is read.
    """

    name: str
    memory: int
    first: int
    parts: int
    crc: int
    word: int


def read_backs(program: NetworkProgram) -> Iterator[ReadBack]:
    """A read-back of each memory of a program: of all words that it has, and no others.

    Together they show that an engine has the program: an engine with room for more may hold
    anything there.
    """
    for name in program.shape.memories:
        yield read_back(program, name)


def read_back(
    program: NetworkProgram, name: str, *, first: int = 0, words: int | None = None
) -> ReadBack:
    """A read-back of some words of a memory: of ``words`` from ``first`` on, or of all the others.

    Raises
    ------
    :exc:`ValueError`
        If there is no such memory, or the program does not have these words.
    """
    names = list(program.shape.memories)
    if name not in names:
        raise ValueError(f"there is no memory {name}: there are {', '.join(names)}")
    memory = names.index(name)
    _, stored = program.memories[name]
    end = len(stored) if words is None else first + words
    if not 0 <= first <= end <= len(stored):
        raise ValueError(
            f"words {first} to {end} are not all in memory {name}, which has {len(stored)}"
        )
    parts = section_parts(sections(program.shape)[memory], stored[first:end])
    return ReadBack(
        name=name,
        memory=memory,
        first=first,
        parts=len(parts),
        crc=zlib.crc32(b"".join(part.to_bytes(PART_BYTES, "little") for part in parts)),
        word=parts[-1] if parts else 0,
    )
