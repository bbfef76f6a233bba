"""The registers of a network engine: the one description of its address map.

The hardware (:mod:`hw.register_block`), the SystemRDL file, what PeakRDL makes of that, and
``docs/registers.md`` all come from :data:`REGISTERS`.
"""

from arch.counter_registers import COUNTER_BITS, COUNTER_REGISTERS, IDLE_CAUSES
from arch.engine_error import Error
from arch.read_back_registers import READ_BACK_REGISTERS
from arch.register import (
    Access,
    AddressMap,
    Register,
    RegisterField,
    constant,
    field,
    identity,
)

__all__ = [
    "ADDRESS_BITS",
    "COUNTERS",
    "COUNTER_BITS",
    "ENGINE_MAP",
    "IDLE_CAUSES",
    "MAGIC",
    "REGISTERS",
    "VERSION",
    "Error",
    "find_register",
    "hash_words",
]

ADDRESS_BITS = 12
"""Bits of a byte address: the registers take 4 KiB."""
MAGIC = 0x4F484D46
"""What the first register reads as: ``OHMF`` in ASCII."""
VERSION = (1, 2)
"""Version of the address map: major and minor number; the minor one counts additions."""


def _constants(*fields: tuple[str, int, int, str]) -> tuple[RegisterField, ...]:
    return tuple(constant(*each) for each in fields)


REGISTERS = (
    *identity("an engine", MAGIC, VERSION),
    Register(
        name="capabilities",
        at=0x008,
        text="What was built",
        fields=_constants(
            ("tiles", 0, 8, "Layer datapaths side by side"),
            ("skip_zero_planes", 8, 1, "Planes without a one are skipped"),
            ("macro", 9, 1, "The crossbar is a macro; else it is emulated"),
            ("differential", 10, 1, "Sign encoding is differential; else it is offset"),
            ("loadable", 11, 1, "Tables are loaded at run time; else they are baked in"),
            ("argmax", 12, 1, "Only the largest result of an image leaves, with its number"),
            ("read_back", 13, 1, "What lies in the memories for tables can be read back"),
            (
                "counter_bits",
                24,
                8,
                "Width of a counter, which wraps; 0 before version 1.2, for 64",
            ),
        ),
    ),
    Register(
        name="crossbar",
        at=0x00C,
        text="Size of a crossbar, in cells",
        fields=_constants(("rows", 0, 16, "Word lines"), ("cols", 16, 16, "Bit lines")),
    ),
    Register(
        name="operation_unit",
        at=0x010,
        text="Size of an operation unit (OU), in cells",
        fields=_constants(
            ("ou_rows", 0, 8, "Word lines"),
            ("ou_cols", 8, 8, "Bit lines"),
            ("cell_bits", 16, 8, "Bits of a cell"),
            ("adc_bits", 24, 8, "Bits of a conversion"),
        ),
    ),
    Register(
        name="formats",
        at=0x014,
        text="Widths of numbers",
        fields=_constants(
            ("weight_bits", 0, 8, "Of a weight"),
            ("act_bits", 8, 8, "Of an activation: planes of an OU"),
            ("out_bits", 16, 8, "Of a result on `o`, signed"),
        ),
    ),
    Register(
        name="program",
        at=0x018,
        text="Size of the program",
        fields=_constants(
            ("steps", 0, 16, "Steps of an image"), ("layers", 16, 16, "Layers among them")
        ),
    ),
    Register(
        name="memory",
        at=0x01C,
        text="Size of the feature memory",
        fields=_constants(("elements", 0, 32, "Elements of feature maps")),
    ),
    Register(
        name="table_hash",
        at=0x020,
        text="SHA-256 of the mapping tables, the first 8 hexadecimal digits in the first word",
        fields=(
            field(
                "value",
                0,
                Access.STATE,
                "32 bits of it; all are zero when it is not known, or while nothing is loaded",
                bits=32,
            ),
        ),
        count=8,
    ),
    Register(
        name="scratch",
        at=0x040,
        text="Does nothing: for trying out the bus",
        fields=(field("value", 0, Access.SETTING, "Anything", bits=32),),
    ),
    Register(
        name="control",
        at=0x044,
        text="What the engine is to do",
        fields=(
            field("enable", 0, Access.SETTING, "Images begin one after the other"),
            field("start", 1, Access.PULSE, "One image may begin although `enable` is 0"),
            field("reset", 2, Access.PULSE, "Drop the image; begin anew. No register changes"),
            field("latch", 3, Access.PULSE, "Latch all counters in the same cycle"),
            field("clear", 4, Access.PULSE, "Set all counters to zero, not the latched values"),
            field("latch_images", 5, Access.SETTING, "Latch at the end of each image, too"),
            field("load", 6, Access.PULSE, "Begin to load tables; drop the image and old tables"),
            field(
                "read_back",
                7,
                Access.PULSE,
                "Begin to read back what the `read_back` registers say; drop the image",
            ),
        ),
    ),
    Register(
        name="status",
        at=0x048,
        text="What the engine does",
        fields=(
            field("busy", 0, Access.STATE, "An image is in work"),
            field(
                "waiting",
                1,
                Access.STATE,
                "It waits for `enable` or `start`, or for tables",
            ),
            field("refused", 2, Access.STATE, "It has stopped at an error, until a reset"),
            field("loaded", 3, Access.STATE, "Tables are there; always if they are baked in"),
            field("loading", 4, Access.STATE, "Tables are being loaded"),
            field("reading_back", 5, Access.STATE, "A memory is being read back"),
            field("step", 16, Access.STATE, "Number of the step", bits=16),
        ),
    ),
    Register(
        name="error",
        at=0x04C,
        text="The first error since the flag was cleared",
        fields=(
            field("flag", 0, Access.EVENT, "There was an error"),
            RegisterField(
                name="code",
                low=8,
                bits=8,
                access=Access.STATE,
                text="Which; valid while the flag is set",
                encoding=Error,
            ),
            field("step", 16, Access.STATE, "Number of the step at that time", bits=16),
        ),
    ),
    Register(
        name="interrupt",
        at=0x050,
        text="`irq` is high while a bit is one here and in `interrupt_mask`",
        fields=(
            field("image", 0, Access.EVENT, "An image has ended"),
            field("error", 1, Access.STATE, "`error.flag` is set"),
        ),
    ),
    Register(
        name="interrupt_mask",
        at=0x054,
        text="Which bits of `interrupt` raise `irq`",
        fields=(
            field("image", 0, Access.SETTING, "The end of an image"),
            field("error", 1, Access.SETTING, "An error"),
        ),
    ),
    Register(
        name="shape",
        at=0x058,
        text="Identity of the shape, which the third word of a load image must have",
        fields=_constants(("value", 0, 32, "A hash of all sizes and layouts; zero if baked in")),
    ),
    Register(
        name="load_word",
        at=0x05C,
        text="Takes a load image, word by word; see [loadable tables](network-engine.md)",
        fields=(field("value", 0, Access.WORD, "The next word; all bytes at once", bits=32),),
    ),
    Register(
        name="load_count",
        at=0x060,
        text="How far a load is",
        fields=(field("value", 0, Access.STATE, "Words taken since it began", bits=32),),
    ),
    *READ_BACK_REGISTERS,
    *COUNTER_REGISTERS,
)
"""Every register, in the order of the addresses."""
ENGINE_MAP = AddressMap(
    name="ohmforge",
    title="Ohmforge network engine",
    version=VERSION,
    address_bits=ADDRESS_BITS,
    registers=REGISTERS,
    origin="arch/registers.py",
)
"""The address map of a network engine."""
COUNTERS = tuple(register.name for register in COUNTER_REGISTERS)
"""Registers that count; those of idle cycles and ``planes`` add up to ``cycles`` by tiles."""


def find_register(name: str) -> Register:
    """The register of that name; raises KeyError if there is none."""
    return ENGINE_MAP.find(name)


def hash_words(sha256: str) -> tuple[int, ...]:
    """What the words of ``table_hash`` read as, for 64 hexadecimal digits or an empty hash."""
    digits = sha256 or "0" * 64
    return tuple(int(digits[at : at + 8], 16) for at in range(0, 64, 8))
