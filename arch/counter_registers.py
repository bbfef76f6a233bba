"""The counters among the registers of a network engine; see :mod:`arch.registers`."""

from arch.register import WORD_BITS, Access, Register, field

__all__ = ["COUNTER_BITS", "COUNTER_REGISTERS", "IDLE_CAUSES"]

COUNTER_BITS = 64
"""Width of a counter on the bus; an engine may be built with narrower ones."""


def _counter(name: str, at: int, text: str) -> Register:
    value = field(
        "value", 0, Access.STATE, "Its value when the counters were latched", bits=COUNTER_BITS
    )
    return Register(name=name, at=at, text=text, fields=(value,), words=COUNTER_BITS // WORD_BITS)


_IDLE = {
    "stopped": "no image may begin, or the engine has refused a step",
    "steps": "between two steps: the next one is read and prepared",
    "load": "the image is loaded, or waited for",
    "operation": "an operation between layers runs",
    "window": "the window of the next position is not complete",
    "index": "the window is there, but not the index of the next OU",
    "input": "the inputs of the next OU are collected",
    "output": "an OU waits for free accumulators, or the last outputs of a layer leave",
    "balance": "a tile has ended a position that another has not",
}
IDLE_CAUSES = tuple(_IDLE)
"""Why a tile issues no plane in a cycle; each has a counter called ``idle_CAUSE``."""

COUNTER_REGISTERS = (
    _counter("cycles", 0x100, "Cycles of the clock"),
    _counter("images", 0x108, "Images that have ended"),
    _counter("planes", 0x110, "OU planes issued, of all tiles"),
    *(
        _counter(
            f"idle_{cause}", 0x118 + 8 * number, f"Cycles of all tiles without a plane: {text}"
        )
        for number, (cause, text) in enumerate(_IDLE.items())
    ),
    _counter("planes_skipped", 0x160, "OU planes without a one that were not issued"),
)
"""Every counter, in the order of the addresses."""
