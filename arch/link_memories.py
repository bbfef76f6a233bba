"""Memories of a host link; :mod:`hw.link` makes them from the same sizes."""

from arch.link_shape import LinkShape
from arch.register import WORD_BITS
from arch.trace_event import EVENT_WORDS
from arch.work_memories import MemorySize

__all__ = ["COUNTER_PLACES", "link_memories"]

COUNTER_PLACES = 8
"""Words of the memory with the counters."""
_BYTE_BITS = 8


def link_memories(link: LinkShape) -> dict[str, MemorySize]:
    """Memories in block RAM, by what they hold."""
    memories = {
        "image buffer": MemorySize(count=1, words=link.image_bytes, bits=_BYTE_BITS),
        "result buffer": MemorySize(count=1, words=link.results, bits=WORD_BITS),
        "frames": MemorySize(count=2, words=link.payload_max, bits=_BYTE_BITS),
    }
    memories["link counters"] = MemorySize(count=1, words=COUNTER_PLACES, bits=WORD_BITS)
    if link.trace_events:
        bits = EVENT_WORDS * WORD_BITS
        memories["trace"] = MemorySize(count=1, words=link.trace_events, bits=bits)
    return memories
