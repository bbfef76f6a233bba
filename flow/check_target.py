"""What an engine needs of an FPGA part, and by how much it does not fit."""

from dataclasses import dataclass

from arch.fixed import BIAS_BITS, MULTIPLIER_BITS
from arch.fpga_parts import FPGA_PARTS, FpgaPart, blocks_of
from arch.network_shape import NetworkShape
from arch.work_memories import memories_of

__all__ = [
    "Need",
    "Target",
    "about_luts",
    "blocks_needed",
    "multipliers_needed",
    "smallest",
    "target_for",
]

_LUTS_ENGINE = 3900
"""Registers, counters, walks, operations, requantisation: all that is there once."""
_LUTS_TILE = 250
"""Index and input fetch, OU controller."""
_LUTS_ROW = 22
"""Queues and the choice of planes, for each word line of an OU."""
_LUTS_CELL_BIT = 4.5
"""Word lines, adders and ADC, for each bit of a cell of an OU."""
_LUTS_COLUMN = 300
"""Shift-and-add and accumulators, for each weight column."""
_LUTS_PORT = 200
"""Each read port of the input buffer but the first: inputs that are fetched one by one."""
_LUTS_LOADABLE = 1500
"""Loader, step guard, and write ports of the memories."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """How much of one resource is needed, and how much there is.

    Parameters
    ----------
    resource : str
        Its name.
    needed, there : int
        Both amounts.
    exact : bool
        Whether the amount follows from a closed form; else it is an estimate from what engines
        took that were synthesised.
    """

    resource: str
    needed: int
    there: int
    exact: bool

    @property
    def missing(self) -> int:
        """By how much it does not fit; 0 if it does."""
        return max(0, self.needed - self.there)


@dataclass(frozen=True, kw_only=True)
class Target:
    """An engine on a part."""

    name: str
    part: FpgaPart
    needs: tuple[Need, ...]

    @property
    def fits(self) -> bool:
        """Whether there is enough of everything."""
        return not any(need.missing for need in self.needs)


def target_for(shape: NetworkShape, name: str) -> Target:
    """What an engine needs of a part.

    Parameters
    ----------
    name : str
        A key of :data:`arch.fpga_parts.FPGA_PARTS`.
    """
    part = FPGA_PARTS[name]
    blocks = sum(blocks_needed(shape, part).values())
    multipliers = multipliers_needed(shape, part.multiplier_bits)
    return Target(
        name=name,
        part=part,
        needs=(
            Need(resource="memory blocks", needed=blocks, there=part.blocks, exact=True),
            Need(resource="multipliers", needed=multipliers, there=part.multipliers, exact=True),
            Need(resource="look-up tables", needed=about_luts(shape), there=part.luts, exact=False),
        ),
    )


def smallest(shape: NetworkShape) -> Target:
    """The smallest part that an engine fits; the largest of all if it fits none."""
    targets = [target_for(shape, name) for name in FPGA_PARTS]
    return next((target for target in targets if target.fits), targets[-1])


def blocks_needed(shape: NetworkShape, part: FpgaPart) -> dict[str, int]:
    """Memory blocks of a part that each memory of an engine takes."""
    return {
        name: memory.count * blocks_of(memory.words, memory.bits, part)
        for name, memory in memories_of(shape).items()
    }


def multipliers_needed(shape: NetworkShape, bits: int) -> int:
    """Multipliers of ``bits`` x ``bits``, signed: for requantisation, and for operations."""
    sums = max(shape.engine.acc_bits, BIAS_BITS) + 1
    return _pieces(sums, bits) * _pieces(MULTIPLIER_BITS + 1, bits) + _pieces(
        shape.code_bits + 1, bits
    ) * _pieces(MULTIPLIER_BITS + 1, bits)


def _pieces(width: int, bits: int) -> int:
    """Parts of a signed number: the highest has a sign, which each of the others does without."""
    return 1 + max(0, -(-(width - bits) // (bits - 1)))


def about_luts(shape: NetworkShape) -> int:
    """Look-up tables of four inputs, to some 10 %: a fit to engines that were synthesised."""
    engine = shape.engine
    geometry = engine.geometry
    tile = _LUTS_TILE + _LUTS_ROW * geometry.ou_rows + _LUTS_COLUMN * geometry.ou_weights
    tile += _LUTS_PORT * (engine.fetch_ports - 1)
    if engine.macro is None:
        cells = geometry.ou_rows * geometry.ou_cols * geometry.arrays
        tile += round(_LUTS_CELL_BIT * cells * geometry.cell_bits)
    loadable = _LUTS_LOADABLE if engine.loadable else 0
    return _LUTS_ENGINE + loadable + engine.tiles * tile
