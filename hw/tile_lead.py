"""Tile lead: which tiles have ended a position that another has not."""

from amaranth import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import BANKS

__all__ = ["TileLead"]


class TileLead(wiring.Component):
    """Count, for each tile, the positions that it has ended and the slowest has not.

    There are at most two of them, as a tile has two banks of accumulators, which are drained when
    all tiles have ended their position.

    Latency is one cycle; throughput is any number of ends per cycle, one a tile; never stalls.

    Parameters
    ----------
    tiles : int
        Tiles.

    Members
    -------
    ended : ``In(tiles)``
        The tile ends a position in this cycle.
    ahead : ``Out(tiles)``
        By the cycle before, the tile had ended a position that another had not.
    """

    def __init__(self, *, tiles):
        check_sizes(tiles=tiles)
        super().__init__({"ended": In(tiles), "ahead": Out(tiles)})

    def elaborate(self, platform):
        m = Module()
        every = Signal()
        afters = []
        for tile, ended in enumerate(self.ended):
            lead = Signal(range(BANKS + 1), name=f"lead{tile}")
            after = Signal(range(BANKS + 2), name=f"after{tile}")
            m.d.comb += [after.eq(lead + ended), self.ahead[tile].eq(lead != 0)]
            m.d.sync += lead.eq(after - every)
            afters.append(after)
        m.d.comb += every.eq(Cat(after != 0 for after in afters).all())
        return m
