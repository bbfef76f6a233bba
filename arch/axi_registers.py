"""The registers of the AXI wrapper: the one description of its address map.

They are at :data:`AXI_BASE` of the addresses that a manager sees; those of the engine are at 0.
"""

from arch.register import Access, AddressMap, Register, constant, field, identity

__all__ = ["AXI_ADDRESS_BITS", "AXI_BASE", "AXI_MAGIC", "AXI_MAP", "COUNT_BITS"]

AXI_BASE = 0x1000
"""Byte address of the first register, as a manager sees it."""
AXI_ADDRESS_BITS = 13
"""Bits of a byte address, as a manager sees it: the registers of engine and wrapper."""
AXI_MAGIC = 0x4F484D41
"""What the first register reads as: ``OHMA`` in ASCII."""
COUNT_BITS = 24
"""Width of the number of bytes of an image."""
_VERSION = (1, 0)
_ADDRESS_BITS = 12

AXI_MAP = AddressMap(
    name="ohmforge_axi",
    title="Ohmforge AXI wrapper",
    version=_VERSION,
    address_bits=_ADDRESS_BITS,
    origin="arch/axi_registers.py",
    registers=(
        *identity("an AXI wrapper", AXI_MAGIC, _VERSION),
        Register(
            name="features",
            at=0x008,
            text="What was built",
            fields=(constant("stream_bytes", 0, 8, "Bytes of a transfer of images"),),
        ),
        Register(
            name="image_bytes",
            at=0x010,
            text="Bytes of an image, against which `tlast` of images is checked",
            fields=(
                field("value", 0, Access.SETTING, "How many; 0: not checked", bits=COUNT_BITS),
            ),
        ),
        Register(
            name="control",
            at=0x014,
            text="What the wrapper is to do",
            fields=(
                field("flush", 0, Access.PULSE, "Drop bytes that wait; the next begins an image"),
            ),
        ),
        Register(
            name="error",
            at=0x018,
            text="What was wrong with images; while a bit is set no further image is let in",
            fields=(
                field("short", 0, Access.EVENT, "`tlast` came before the last byte of an image"),
                field("long", 1, Access.EVENT, "More bytes came before `tlast`; they were dropped"),
            ),
        ),
        Register(
            name="interrupt_mask",
            at=0x01C,
            text="What raises `irq`, beside the interrupts of the engine",
            fields=(field("error", 0, Access.SETTING, "A bit of `error`"),),
        ),
    ),
)
"""The address map of the AXI wrapper."""
