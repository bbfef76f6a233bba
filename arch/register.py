"""What a register is: its address, its fields, and who writes each of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum

__all__ = [
    "WORD_BITS",
    "Access",
    "AddressMap",
    "Register",
    "RegisterField",
    "constant",
    "field",
    "identity",
]

WORD_BITS = 32
"""Width of the control bus; an address names a byte."""


class Access(StrEnum):
    """Who writes a field."""

    CONSTANT = "constant"
    """Nobody: it says what the engine is."""
    STATE = "state"
    """The hardware."""
    SETTING = "setting"
    """The host; it keeps its value."""
    PULSE = "pulse"
    """The host: writing one does something once; it reads as zero."""
    EVENT = "event"
    """The hardware sets it, and writing one clears it."""
    WORD = "word"
    """The host: every write of the whole word is taken once; it reads as zero."""


@dataclass(frozen=True, kw_only=True)
class RegisterField:
    """Some bits of a register.

    Parameters
    ----------
    name : str
        Its name in the register.
    low, bits : int
        Its least significant bit, and its width.
    access : Access
        Who writes it.
    text : str
        What it says, as a sentence without a full stop.
    encoding : type of IntEnum, optional
        Names of its values.
    value : int, optional
        Of a constant that is the same in every engine.
    """

    name: str
    low: int = 0
    bits: int = 1
    access: Access
    text: str
    encoding: type[IntEnum] | None = None
    value: int | None = None


@dataclass(frozen=True, kw_only=True)
class Register:
    """A register, or several in a row that are alike.

    Parameters
    ----------
    name : str
        Its name.
    at : int
        Byte address of the first word.
    text : str
        What it is, as a sentence without a full stop.
    fields : tuple of RegisterField
        The lowest first; bits between them read as zero.
    words : int
        Words of 32 bits that it takes, the least significant first.
    count : int
        Registers in a row.
    """

    name: str
    at: int
    text: str
    fields: tuple[RegisterField, ...]
    words: int = 1
    count: int = 1

    @property
    def bits(self) -> int:
        """Width of the register."""
        return self.words * WORD_BITS

    @property
    def end(self) -> int:
        """Byte address behind the last word."""
        return self.at + self.count * self.words * WORD_BITS // 8

    def pieces(self, word: int) -> Iterator[tuple[RegisterField, int, int, int]]:
        """Fields in a word: each with its low bit there, that in the field, and the bits of it."""
        for field in self.fields:
            low = max(field.low, word * WORD_BITS)
            high = min(field.low + field.bits, (word + 1) * WORD_BITS)
            if low < high:
                yield field, low - word * WORD_BITS, low - field.low, high - low


@dataclass(frozen=True, kw_only=True)
class AddressMap:
    """Registers behind one bus, from address 0 on.

    Parameters
    ----------
    name : str
        As programs call it.
    title : str
        As people do.
    version : tuple of (int, int)
        Major and minor number; the minor one counts additions.
    address_bits : int
        Bits of a byte address.
    registers : tuple of Register
        In the order of the addresses.
    origin : str
        The module that describes them.
    """

    name: str
    title: str
    version: tuple[int, int]
    address_bits: int
    registers: tuple[Register, ...]
    origin: str

    def find(self, name: str) -> Register:
        """The register of that name; raises KeyError if there is none."""
        return {register.name: register for register in self.registers}[name]


def field(name: str, low: int, access: Access, text: str, bits: int = 1) -> RegisterField:
    """A field, in one line of a table."""
    return RegisterField(name=name, low=low, bits=bits, access=access, text=text)


def constant(name: str, low: int, bits: int, text: str, value: int | None = None) -> RegisterField:
    """A field that says what the engine is, in one line of a table."""
    return RegisterField(
        name=name, low=low, bits=bits, access=Access.CONSTANT, text=text, value=value
    )


def identity(what: str, magic: int, version: tuple[int, int]) -> tuple[Register, Register]:
    """The first two registers of an address map: which it is, and in which version.

    Parameters
    ----------
    what : str
        What has the map, with an article.
    magic : int
        Four letters in ASCII, the first one in the most significant byte.
    version : tuple of (int, int)
        Major and minor number.
    """
    letters = magic.to_bytes(WORD_BITS // 8).decode("ascii")
    return (
        Register(
            name="magic",
            at=0x000,
            text=f"Tells {what} of Ohmforge from anything else",
            fields=(constant("value", 0, WORD_BITS, f"`{letters}` in ASCII", magic),),
        ),
        Register(
            name="version",
            at=0x004,
            text="Version of this address map",
            fields=(
                constant("minor", 0, 16, "Counts additions", version[1]),
                constant("major", 16, 16, "Counts all other changes", version[0]),
            ),
        ),
    )
