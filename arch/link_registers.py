"""The registers of a host link: the one description of its address map.

They are at :data:`LINK_BASE` of the addresses that a host sees; those of the engine are at 0, the
memory of the trace at :data:`TRACE_BASE`. ``docs/link-registers.md`` is made from them.
"""

from arch.register import WORD_BITS, Access, AddressMap, Register, constant, field, identity
from arch.trace_registers import TRACE_REGISTERS

__all__ = ["LINK_BASE", "LINK_MAGIC", "LINK_MAP", "TRACE_BASE"]

LINK_BASE = 0x1000
"""Byte address of the first register, as a host sees it."""
TRACE_BASE = 0x8000
"""Byte address of the memory of the trace, as a host sees it."""
LINK_MAGIC = 0x4F484D4C
"""What the first register reads as: ``OHML`` in ASCII."""
_VERSION = (1, 0)
_ADDRESS_BITS = 12


def _counter(name: str, at: int, text: str) -> Register:
    value = field("value", 0, Access.STATE, "How many, modulo 2**32", bits=WORD_BITS)
    return Register(name=name, at=at, text=text, fields=(value,))


LINK_MAP = AddressMap(
    name="ohmforge_link",
    title="Ohmforge host link",
    version=_VERSION,
    address_bits=_ADDRESS_BITS,
    origin="arch/link_registers.py",
    registers=(
        *identity("a host link", LINK_MAGIC, _VERSION),
        Register(
            name="features",
            at=0x008,
            text="What was built",
            fields=(
                constant("trace", 0, 1, "There is an event trace"),
                constant("probe", 1, 1, "There is a probe"),
                constant("payload_max", 16, 16, "Longest payload of a frame, in bytes"),
            ),
        ),
        Register(
            name="clock",
            at=0x00C,
            text="The clock of link and engine",
            fields=(constant("hertz", 0, 32, "Cycles a second"),),
        ),
        Register(
            name="wire",
            at=0x010,
            text="The serial line; zero if the link has none",
            fields=(
                constant("divisor", 0, 16, "Cycles of a bit"),
                constant("idle_bits", 16, 16, "Bits of silence after which a frame is dropped"),
            ),
        ),
        Register(
            name="build",
            at=0x014,
            text="Tells this build from others",
            fields=(constant("value", 0, 32, "First 32 bits of a hash of its parts"),),
        ),
        Register(
            name="buffers",
            at=0x018,
            text="Sizes of the buffers",
            fields=(
                constant("image_bytes", 0, 16, "Bytes of images that can wait"),
                constant("results", 16, 16, "Results that can wait"),
            ),
        ),
        Register(
            name="control",
            at=0x020,
            text="What the link is to do",
            fields=(
                field("flush", 0, Access.PULSE, "Drop the bytes of images and results that wait"),
                field("clear", 1, Access.PULSE, "Set all counters of the link to zero"),
            ),
        ),
        Register(
            name="status",
            at=0x024,
            text="What waits",
            fields=(
                field("room", 0, Access.STATE, "Bytes of images that can be given now", bits=16),
                field("results", 16, Access.STATE, "Results that can be taken now", bits=16),
            ),
        ),
        _counter("frames", 0x028, "Requests that were answered, repeated ones included"),
        _counter("repeats", 0x02C, "Requests that had come before, and were only answered again"),
        _counter("damaged", 0x030, "Frames dropped since their length or check was wrong"),
        _counter("silences", 0x034, "Frames dropped since the line fell silent in the middle"),
        _counter("bad_stops", 0x038, "Bytes without a stop bit: noise, or another baud rate"),
        _counter("ignored", 0x03C, "Bytes that came while a request was being answered"),
        *TRACE_REGISTERS,
    ),
)
"""The address map of a host link."""
