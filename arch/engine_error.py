"""What a network engine can find wrong, as the ``error`` register says it."""

from enum import IntEnum
from typing import Self

__all__ = ["Error"]


class Error(IntEnum):
    """What can go wrong, with a sentence on each."""

    text: str

    def __new__(cls, value: int, text: str = "") -> Self:
        """A member with its sentence."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.text = text
        return member

    NONE = 0, "Nothing is wrong"
    STEP_KIND = 1, "A step is of no kind that there is; the engine stops before it"
    ADDRESS = 2, "The bus was used where no register is; the engine goes on"
    STEP_LAYER = 3, "A step names a layer beyond the capacity; the engine stops before it"
    MAP_ADDRESS = 4, "Results lie beyond the feature memory; the step ends before the first of them"
    PROGRAM_END = 5, "What was loaded ends without a last step; the engine stops before its end"
    NO_PROGRESS = 6, "A step stands still though neither stream is waited for; it is ended"
    LOAD_IDLE = 16, "A word came while no load was in progress; it is ignored"
    LOAD_MAGIC = 17, "What comes is no load image; the load has failed"
    LOAD_VERSION = 18, "The load image is in another version of the format; likewise"
    LOAD_SHAPE = 19, "The load image is for another engine; likewise"
    LOAD_SECTION = 20, "A section is not the one whose turn it is; likewise"
    LOAD_LENGTH = 21, "A section is empty, or longer than its memory; likewise"
    LOAD_CRC = 22, "The words are not those that were packed; likewise"
    READ_BACK = 32, "A read-back left its memory, or there is none of that number; it has ended"
