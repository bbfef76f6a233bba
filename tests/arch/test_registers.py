"""The address map: complete, without overlaps, and as other tools understand it."""

import pytest

from arch.register import WORD_BITS, Access
from arch.registers import (
    ADDRESS_BITS,
    COUNTERS,
    IDLE_CAUSES,
    REGISTERS,
    find_register,
    hash_words,
)

FIXED = {
    "magic": 0x000,
    "version": 0x004,
    "table_hash": 0x020,
    "scratch": 0x040,
    "control": 0x044,
    "status": 0x048,
    "error": 0x04C,
    "cycles": 0x100,
    "planes": 0x110,
    "idle_output": 0x150,
    "read_back_memory": 0x064,
    "read_back_word": 0x074,
    "planes_skipped": 0x160,
}


def test_addresses_are_fixed():
    """Hosts rely on these."""
    assert {name: find_register(name).at for name in FIXED} == FIXED


def test_no_two_at_one_place():
    end = 0
    for register in REGISTERS:
        assert register.at % (WORD_BITS // 8) == 0
        assert register.at >= end
        end = register.end
        low = 0
        for field in register.fields:
            assert field.low >= low, f"{register.name}.{field.name}"
            low = field.low + field.bits
        assert low <= register.bits
    assert end <= 1 << ADDRESS_BITS
    assert len({register.name for register in REGISTERS}) == len(REGISTERS)


def test_pieces():
    """Each bit of each field is in one word."""
    control = find_register("control")
    assert [(f.name, *rest) for f, *rest in control.pieces(0)][-1] == ("read_back", 7, 0, 1)
    cycles = find_register("cycles")
    assert [list(cycles.pieces(word)) for word in range(2)] == [
        [(cycles.fields[0], 0, 0, 32)],
        [(cycles.fields[0], 0, 32, 32)],
    ]


def test_counters():
    assert COUNTERS[:3] == ("cycles", "images", "planes")
    assert COUNTERS[3:-1] == tuple(f"idle_{cause}" for cause in IDLE_CAUSES)
    assert COUNTERS[-1] == "planes_skipped"


def test_values_are_constants():
    """A value is stated only where nobody writes."""
    stated = [
        (register.name, field.access)
        for register in REGISTERS
        for field in register.fields
        if field.value is not None
    ]
    assert {name for name, _ in stated} == {"magic", "version"}
    assert {access for _, access in stated} == {Access.CONSTANT}


def test_unknown_register():
    with pytest.raises(KeyError, match="nothing"):
        find_register("nothing")


def test_hash_words():
    digits = "".join(f"{n:02x}" for n in range(32))
    words = hash_words(digits)
    assert words[0] == 0x00010203
    assert "".join(f"{word:08x}" for word in words) == digits
    assert hash_words("") == (0,) * 8
