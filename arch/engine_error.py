"""What a network engine can find wrong, as the ``error`` register says it."""

from enum import IntEnum

__all__ = ["Error"]


class Error(IntEnum):
    """What can go wrong."""

    NONE = 0
    STEP_KIND = 1
    """A step of the program is of no kind that there is; the engine stops before it."""
    ADDRESS = 2
    """The control bus was used at an address without a register; the engine goes on."""
    STEP_LAYER = 3
    """A step names a layer beyond those that the engine can hold; it stops before the step."""
    MAP_ADDRESS = 4
    """A step has results beyond the feature memory: it is not begun, or ended before the first."""
    PROGRAM_END = 5
    """The program that was loaded ends without a last step; the engine stops before its end."""
    NO_PROGRESS = 6
    """A step stands still though neither stream is waited for; it is ended."""
    LOAD_IDLE = 16
    """A word of a load image came while no load was in progress; it is ignored."""
    LOAD_MAGIC = 17
    """What is loaded is no load image; so are all that follow: the load has failed."""
    LOAD_VERSION = 18
    """The load image is in another version of the format."""
    LOAD_SHAPE = 19
    """The load image is for another engine."""
    LOAD_SECTION = 20
    """A section of the load image is not the one whose turn it is."""
    LOAD_LENGTH = 21
    """A section of the load image is empty, or longer than its memory."""
    LOAD_CRC = 22
    """The words of the load image are not those that were sent."""
