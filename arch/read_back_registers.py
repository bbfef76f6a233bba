"""The registers of a network engine that read the memories for tables back."""

from arch.register import Access, Register, field

__all__ = ["READ_BACK_REGISTERS"]

READ_BACK_REGISTERS = (
    Register(
        name="read_back_memory",
        at=0x064,
        text="Which memory for tables is read back",
        fields=(
            field(
                "value",
                0,
                Access.SETTING,
                "Its place among the sections of a load image, from 0 on",
                bits=16,
            ),
        ),
    ),
    Register(
        name="read_back_first",
        at=0x068,
        text="Where the read-back begins",
        fields=(field("value", 0, Access.SETTING, "A word of the memory", bits=24),),
    ),
    Register(
        name="read_back_parts",
        at=0x06C,
        text="How much is read back",
        fields=(
            field(
                "value",
                0,
                Access.SETTING,
                "Parts of 32 bits, as a load image has them: a word may take several",
                bits=24,
            ),
        ),
    ),
    Register(
        name="read_back_crc",
        at=0x070,
        text="CRC-32 of the parts that were read back, the least significant byte first",
        fields=(
            field("value", 0, Access.STATE, "Valid while `status.reading_back` is 0", bits=32),
        ),
    ),
    Register(
        name="read_back_word",
        at=0x074,
        text="The last part that was read back",
        fields=(
            field("value", 0, Access.STATE, "Valid while `status.reading_back` is 0", bits=32),
        ),
    ),
)
"""In the order of the addresses; see :mod:`arch.registers`."""
