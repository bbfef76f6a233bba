"""Read-back of a virtual engine: what lies in its memories for tables."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arch.load_image import Section
from arch.network_shape import WORD_BITS

__all__ = ["VirtualReadBack"]

_BYTES = WORD_BITS // 8


@dataclass(kw_only=True)
class VirtualReadBack:
    """What the last read-back gave.

    Parameters
    ----------
    crc : int
        CRC-32 of the parts that were read.
    word : int
        The last of them.
    """

    crc: int = 0
    word: int = 0

    def read(
        self,
        sections: Sequence[Section],
        memories: Mapping[str, Sequence[int]],
        *,
        memory: int,
        first: int,
        parts: int,
    ) -> bool:
        """Read parts of a memory; whether all of them are in it.

        Parameters
        ----------
        sections : sequence of Section
            The memories, in their order.
        memories : mapping of str to sequence of int
            What each was given; there may be room for more, which holds zeros.
        memory, first, parts : int
            As the registers have them.
        """
        self.crc = self.word = 0
        if memory >= len(sections):
            return False
        section = sections[memory]
        words = memories[section.name]
        if first * section.parts + parts > section.depth * section.parts:
            return False
        for part in range(parts):
            at, low = divmod(first * section.parts + part, section.parts)
            word = words[at] if at < len(words) else 0
            self.word = word >> low * WORD_BITS & (1 << WORD_BITS) - 1
            self.crc = zlib.crc32(self.word.to_bytes(_BYTES, "little"), self.crc)
        return True
