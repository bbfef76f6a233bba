"""The registers of a network engine in SystemRDL 2.0, as tools for registers read it."""

from enum import IntEnum

from arch.register import WORD_BITS, Access, Register, RegisterField
from arch.registers import ADDRESS_BITS, REGISTERS, VERSION

__all__ = ["NAME", "systemrdl"]

NAME = "ohmforge"
"""Name of the address map."""
_ACCESS = {
    Access.CONSTANT: "sw = r; hw = na;",
    Access.STATE: "sw = r; hw = w;",
    Access.SETTING: "sw = rw; hw = r; reset = 0;",
    Access.PULSE: "sw = w; hw = r; singlepulse; reset = 0;",
    Access.EVENT: "sw = rw; hw = r; onwrite = woclr; hwset; reset = 0;",
    Access.WORD: "sw = w; hw = r; swmod; reset = 0;",
}


def systemrdl() -> str:
    """The text of the file; the same for every engine."""
    encodings = {
        field.encoding.__name__: field.encoding
        for register in REGISTERS
        for field in register.fields
        if field.encoding
    }
    parts = [
        "// Registers of a network engine, written by Ohmforge from arch/registers.py.\n",
        *(_enumeration(encoding) for encoding in encodings.values()),
        f"addrmap {NAME} {{",
        '    name = "Ohmforge network engine";',
        f'    desc = "Address map {VERSION[0]}.{VERSION[1]}, {1 << ADDRESS_BITS} bytes.";',
        f"    default regwidth = {WORD_BITS};",
        f"    default accesswidth = {WORD_BITS};",
        *(_register(register) for register in REGISTERS),
        "};\n",
    ]
    return "\n".join(parts)


def _enumeration(encoding: type[IntEnum]) -> str:
    values = "".join(f"    {value.name} = {value.value};\n" for value in encoding)
    return f"enum {_type(encoding)} {{\n{values}}};\n"


def _type(encoding: type[IntEnum]) -> str:
    return f"{encoding.__name__.lower()}_code"


def _register(register: Register) -> str:
    count = f"[{register.count}]" if register.count > 1 else ""
    width = f"        regwidth = {register.bits};\n" if register.words > 1 else ""
    fields = "".join(_field(field) for field in register.fields)
    return (
        f"\n    reg {{\n        desc = {_quoted(register.text)};\n{width}{fields}"
        f"    }} {register.name}{count} @ {register.at:#05x};"
    )


def _field(field: RegisterField) -> str:
    # A constant of one engine comes from its logic; one of all engines is a reset value.
    access = _ACCESS[Access.STATE if _is_of_engine(field) else field.access]
    encode = f" encode = {_type(field.encoding)};" if field.encoding else ""
    value = "" if field.value is None else f" = {field.bits}'h{field.value:x}"
    high = field.low + field.bits - 1
    return (
        f"        field {{\n            desc = {_quoted(field.text)};\n"
        f"            {access}{encode}\n        }} {field.name}[{high}:{field.low}]{value};\n"
    )


def _is_of_engine(field: RegisterField) -> bool:
    return field.access == Access.CONSTANT and field.value is None


def _quoted(text: str) -> str:
    return f'"{text}."'
