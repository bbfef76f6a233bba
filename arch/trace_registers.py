"""Registers of the trace and the probe, which look into an engine while it works.

They are part of :data:`arch.link_registers.LINK_MAP`; :mod:`arch.trace_event` has the events.
"""

from arch.register import WORD_BITS, Access, Register, constant, field

__all__ = ["PROBE_VALUES", "TRACE_REGISTERS"]

PROBE_VALUES = 16
"""Weight columns of an OU that the probe can show."""

TRACE_REGISTERS = (
    Register(
        name="trace_control",
        at=0x040,
        text="What the trace is to do",
        fields=(
            field("start", 0, Access.PULSE, "Forget all events, and record"),
            field("stop", 1, Access.PULSE, "Record no more"),
            field("ring", 2, Access.SETTING, "Overwrite the oldest events; else stop when full"),
            field("kinds", 8, Access.SETTING, "Kinds of events that are recorded", bits=8),
        ),
    ),
    Register(
        name="trace_status",
        at=0x044,
        text="What the trace holds",
        fields=(
            field("running", 0, Access.STATE, "It records"),
            field("wrapped", 1, Access.STATE, "The oldest events were overwritten, or it is full"),
            field("next", 16, Access.STATE, "Where the next event goes", bits=16),
        ),
    ),
    Register(
        name="trace_shape",
        at=0x048,
        text="Size of the trace; zero if there is none",
        fields=(
            constant("events", 0, 16, "Events that it holds"),
            constant("words", 16, 8, "Words of 32 bits of an event"),
        ),
    ),
    Register(
        name="trace_lost",
        at=0x04C,
        text="Events that came too fast since the start",
        fields=(field("value", 0, Access.STATE, "How many are missing", bits=WORD_BITS),),
    ),
    Register(
        name="trace_steps",
        at=0x050,
        text="Steps of which steps, causes, OUs and results are recorded",
        fields=(
            field("first", 0, Access.SETTING, "The first of them", bits=16),
            field("last", 16, Access.SETTING, "The last of them", bits=16),
        ),
    ),
    Register(
        name="trace_pass",
        at=0x054,
        text="Where in the events the trace begins",
        fields=(field("events", 0, Access.SETTING, "Passed over after the start", bits=WORD_BITS),),
    ),
    Register(
        name="probe_select",
        at=0x060,
        text="Where the probe looks",
        fields=(
            field("step", 0, Access.SETTING, "Number of the step", bits=16),
            field("tile", 16, Access.SETTING, "Tile of the OU", bits=8),
        ),
    ),
    Register(
        name="probe_ou",
        at=0x064,
        text="Which of the OUs that the tile ends in the step the probe shows",
        fields=(field("number", 0, Access.SETTING, "Counted from 0", bits=WORD_BITS),),
    ),
    Register(
        name="probe_control",
        at=0x068,
        text="What the probe is to do",
        fields=(field("arm", 0, Access.PULSE, "Forget what it has, and look once more"),),
    ),
    Register(
        name="probe_status",
        at=0x06C,
        text="What the probe has",
        fields=(
            field("ou", 0, Access.STATE, "The results of the OU"),
            field("step", 1, Access.STATE, "All results of the step"),
        ),
    ),
    Register(
        name="probe_results",
        at=0x070,
        text="How many results the step gave",
        fields=(field("value", 0, Access.STATE, "So far", bits=WORD_BITS),),
    ),
    Register(
        name="probe_check",
        at=0x074,
        text="CRC-32 of the results of the step",
        fields=(
            field("value", 0, Access.STATE, "Of 32 bits each, signed, lowest byte first", bits=32),
        ),
    ),
    Register(
        name="probe_value",
        at=0x080,
        count=PROBE_VALUES,
        text="Result of a weight column of the OU; zero where there is none",
        fields=(field("value", 0, Access.STATE, "Signed", bits=WORD_BITS),),
    ),
)
"""The registers, in the order of the addresses."""
