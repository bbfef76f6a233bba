"""FPGA parts that an engine can be meant for, and how many of their memory blocks a memory takes.

Sizes are those of the data sheets: Lattice FPGA-DS-02012 (ECP5 and ECP5-5G family, table 1.1) and
FPGA-DS-02008 (iCE40 UltraPlus family, table 1.1); the forms of a memory block those of the
Memory Usage Guides TN1264 (ECP5 and ECP5-5G) and TN1250 (iCE40).
"""

from dataclasses import dataclass

__all__ = ["FPGA_PARTS", "FpgaPart", "blocks_of"]

_SYSMEM = ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36))
_EBR = ((2048, 2), (1024, 4), (512, 8), (256, 16))


@dataclass(frozen=True, kw_only=True)
class FpgaPart:
    """What a part has.

    Parameters
    ----------
    title : str
        Name of the part.
    luts : int
        Look-up tables of four inputs.
    blocks : int
        Memory blocks with a write and a read port.
    forms : tuple of (int, int)
        Words and bits that a block can be used as.
    multipliers : int
        Multipliers.
    multiplier_bits : int
        Width of their operands, signed.
    """

    title: str
    luts: int
    blocks: int
    forms: tuple[tuple[int, int], ...]
    multipliers: int
    multiplier_bits: int


FPGA_PARTS = {
    "ice40-up5k": FpgaPart(
        title="iCE40UP5K",
        luts=5280,
        blocks=30,
        forms=_EBR,
        multipliers=8,
        multiplier_bits=16,
    ),
    "ecp5-25f": FpgaPart(
        title="LFE5U-25F",
        luts=24288,
        blocks=56,
        forms=_SYSMEM,
        multipliers=28,
        multiplier_bits=18,
    ),
    "ecp5-45f": FpgaPart(
        title="LFE5U-45F",
        luts=43848,
        blocks=108,
        forms=_SYSMEM,
        multipliers=72,
        multiplier_bits=18,
    ),
    "ecp5-85f": FpgaPart(
        title="LFE5U-85F",
        luts=83640,
        blocks=208,
        forms=_SYSMEM,
        multipliers=156,
        multiplier_bits=18,
    ),
}
"""Parts by name, the smallest first."""


def blocks_of(words: int, bits: int, part: FpgaPart) -> int:
    """Memory blocks of a part that a memory of one write and one read port takes.

    It is cut into blocks of one form, that of which it takes fewest.
    """
    return min(-(-words // form[0]) * -(-bits // form[1]) for form in part.forms)
