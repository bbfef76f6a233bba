"""Memories of a network engine that hold no tables: feature maps, windows, sums, queues.

:mod:`hw` makes them from the same sizes; a test compares this list with the Verilog.
"""

from dataclasses import dataclass

from arch.index_fields import range_bits
from arch.network_shape import NetworkShape
from arch.tiles import tile_name

__all__ = ["ACCUMULATOR_BANKS", "MemorySize", "memories_of", "work_memories"]

ACCUMULATOR_BANKS = 2
"""Output positions that are added up or drained at a time."""
_HALVES = 2
"""Output positions that the input buffer holds."""


@dataclass(frozen=True, kw_only=True)
class MemorySize:
    """Some equal memories.

    Parameters
    ----------
    count : int
        Memories, each with ports of its own.
    words : int
        Words of each.
    bits : int
        Width of a word.
    """

    count: int
    words: int
    bits: int

    @property
    def total_bits(self) -> int:
        """Bits of all of them."""
        return self.count * self.words * self.bits


def work_memories(shape: NetworkShape) -> dict[str, MemorySize]:
    """Memories in block RAM, by what they hold; queues are in look-up tables and left out."""
    engine = shape.engine
    geometry = engine.geometry
    grouped = engine.output_mode == "group"
    half = max(1, range_bits(engine.blocks))
    sums = MemorySize(
        count=ACCUMULATOR_BANKS * geometry.ou_weights,
        words=max(2, engine.groups if grouped else engine.outputs),
        bits=engine.acc_bits,
    )
    return {
        "feature maps": MemorySize(
            count=shape.lanes, words=-(-shape.depth // shape.lanes), bits=shape.code_bits
        ),
        "input buffer": MemorySize(
            count=engine.tiles * engine.fetch_ports,
            words=_HALVES << half,
            bits=geometry.ou_rows * geometry.act_bits,
        ),
        **{tile_name("accumulators", tile, engine.tiles): sums for tile in range(engine.tiles)},
    }


def memories_of(shape: NetworkShape) -> dict[str, MemorySize]:
    """Every memory of an engine but its small queues, those for tables first.

    A memory of one word has two: Verilog knows no address without bits.
    """
    tables = {
        name: MemorySize(count=1, words=max(2, depth), bits=layout.width)
        for name, (layout, depth) in shape.memories.items()
    }
    return tables | work_memories(shape)
