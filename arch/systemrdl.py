"""An address map in SystemRDL 2.0, as tools for registers read it."""

from enum import IntEnum

from arch.register import WORD_BITS, Access, AddressMap, Register, RegisterField

__all__ = ["systemrdl"]

_KEYWORDS = """
    abstract accesstype addressingtype addrmap alias all alternate bit boolean bothedge byte
    compact component componentwidth constraint default encode enum external false field
    fullalign hw inside int internal level longint mem na negedge nonsticky number onreadtype
    onwritetype posedge precedencetype property r rclr real ref reg regalign regfile rset ruser
    rw rw1 shortint shortreal signal signed string struct sw this true type unsigned w w1 wclr
    with within woclr woset wot wr wset wuser wzc wzs wzt
"""
"""Words that are no names unless a backslash stands before them."""
_ACCESS = {
    Access.CONSTANT: "sw = r; hw = na;",
    Access.STATE: "sw = r; hw = w;",
    Access.SETTING: "sw = rw; hw = r; reset = 0;",
    Access.PULSE: "sw = w; hw = r; singlepulse; reset = 0;",
    Access.EVENT: "sw = rw; hw = r; onwrite = woclr; hwset; reset = 0;",
    Access.WORD: "sw = w; hw = r; swmod; reset = 0;",
}


def systemrdl(registers: AddressMap) -> str:
    """The text of the file; the same for every device that has these registers."""
    encodings = {
        field.encoding.__name__: field.encoding
        for register in registers.registers
        for field in register.fields
        if field.encoding
    }
    thing = registers.title.removeprefix("Ohmforge ")
    article = "an" if thing[0] in "AEIOaeio" else "a"
    major, minor = registers.version
    parts = [
        f"// Registers of {article} {thing}, written by Ohmforge from {registers.origin}.\n",
        *(_enumeration(encoding) for encoding in encodings.values()),
        f"addrmap {registers.name} {{",
        f'    name = "{registers.title}";',
        f'    desc = "Address map {major}.{minor}, {1 << registers.address_bits} bytes.";',
        f"    default regwidth = {WORD_BITS};",
        f"    default accesswidth = {WORD_BITS};",
        *(_register(register) for register in registers.registers),
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
        f"    }} {_name(register.name)}{count} @ {register.at:#05x};"
    )


def _field(field: RegisterField) -> str:
    # A constant of one engine comes from its logic; one of all engines is a reset value.
    access = _ACCESS[Access.STATE if _is_of_engine(field) else field.access]
    encode = f" encode = {_type(field.encoding)};" if field.encoding else ""
    value = "" if field.value is None else f" = {field.bits}'h{field.value:x}"
    high = field.low + field.bits - 1
    return (
        f"        field {{\n            desc = {_quoted(field.text)};\n"
        f"            {access}{encode}\n"
        f"        }} {_name(field.name)}[{high}:{field.low}]{value};\n"
    )


def _name(name: str) -> str:
    return f"\\{name}" if name in _KEYWORDS.split() else name


def _is_of_engine(field: RegisterField) -> bool:
    return field.access == Access.CONSTANT and field.value is None


def _quoted(text: str) -> str:
    return f'"{text}."'
