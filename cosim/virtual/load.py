"""What a load image is checked for, word by word, as the loader of the hardware does it."""

import zlib
from collections.abc import Sequence

from arch.engine_error import Error
from arch.load_image import FORMAT_VERSION, HASH_WORDS, LOAD_MAGIC, Section

__all__ = ["VirtualLoader"]


class VirtualLoader:
    """Takes a load image; says what is wrong at the same word as :mod:`hw.loader`.

    Parameters
    ----------
    identity : int
        Of the shape of the engine.
    sections : sequence of Section
        In the order in which they come.
    """

    def __init__(self, identity: int, sections: Sequence[Section]) -> None:
        self._identity = identity
        self._sections = tuple(sections)
        self.loading = self.loaded = False
        self.count = 0
        self.words: list[int] = []
        self._turn = 0
        self._left = 0

    def begin(self) -> None:
        """A load begins; what was loaded is void."""
        self.loading, self.loaded = True, False
        self.count, self._turn, self._left = 0, 0, 0
        self.words = []

    @property
    def digest(self) -> tuple[int, ...]:
        """Hash of the tables; all zero while none are loaded."""
        return tuple(self.words[3 : 3 + HASH_WORDS]) if self.loaded else (0,) * HASH_WORDS

    def memory(self, name: str) -> tuple[int, ...]:
        """The words of a memory as they were loaded; empty while none are."""
        at = 3 + HASH_WORDS
        for section in self._sections:
            length = self.words[at + 1] if self.loaded else 0
            begin = at + 2
            at = begin + length * section.parts
            if section.name == name:
                parts = self.words[begin:at]
                return tuple(
                    sum(parts[n * section.parts + p] << 32 * p for p in range(section.parts))
                    for n in range(length)
                )
        raise KeyError(name)

    def take(self, word: int) -> Error:
        """Take a word; what is wrong with it."""
        if not self.loading:
            # After a failure words are ignored; before the first load they are an error.
            return Error.NONE if self.words and not self.loaded else Error.LOAD_IDLE
        self.count += 1
        self.words.append(word)
        error = self._check(word)
        if error != Error.NONE:
            self.loading = False
        return error

    def _check(self, word: int) -> Error:
        place = self.count - 1
        heads = (
            (LOAD_MAGIC, Error.LOAD_MAGIC),
            (FORMAT_VERSION, Error.LOAD_VERSION),
            (self._identity, Error.LOAD_SHAPE),
        )
        if place < len(heads):
            expected, error = heads[place]
            return Error.NONE if word == expected else error
        if place < len(heads) + HASH_WORDS:
            return Error.NONE
        return self._check_section(word)

    def _check_section(self, word: int) -> Error:
        if self._turn == 3 * len(self._sections):
            data = b"".join(each.to_bytes(4, "little") for each in self.words[:-1])
            self.loading = False
            self.loaded = word == zlib.crc32(data)
            return Error.NONE if self.loaded else Error.LOAD_CRC
        section = self._sections[self._turn // 3]
        if self._turn % 3 == 0:
            self._turn += 1
            return Error.NONE if word == section.number else Error.LOAD_SECTION
        if self._turn % 3 == 1:
            self._turn += 1
            self._left = word * section.parts
            return Error.NONE if 0 < word <= section.depth else Error.LOAD_LENGTH
        self._left -= 1
        if not self._left:
            self._turn += 1
        return Error.NONE
