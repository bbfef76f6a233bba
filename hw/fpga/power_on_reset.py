"""Power-on reset: holds a design until its clock and its memories can be relied on."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes

__all__ = ["RESET_SECONDS", "PowerOnReset", "reset_cycles"]

RESET_SECONDS = 15e-6
"""How long a reset lasts, at least.

Block RAM of an iCE40 reads as zero for some 3 microseconds after configuration (icestorm issue 76);
five times as long leaves room for voltage and temperature, as Amaranth does.
"""


def reset_cycles(clock_mhz):
    """Cycles of a clock that last :data:`RESET_SECONDS` or a little longer."""
    return int(RESET_SECONDS * 1e6 * clock_mhz) + 1


class PowerOnReset(wiring.Component):
    """Say when a design may run: some time after power-on, the lock of a PLL, and a button.

    Its clock may be that of the PLL: until that runs, nothing does. Both inputs may change at any
    time; while one of them says so, the time begins anew.

    Latency is ``cycles + 3`` from the last cycle in which an input was against it until ``ready``,
    and 3 from an input that is against it until it is not; throughput does not apply; never stalls.

    Parameters
    ----------
    cycles : int
        How long the inputs must agree.

    Members
    -------
    locked : ``In(1)``
        The clock is there; asynchronous.
    button : ``In(1)``
        Someone asks for a reset; asynchronous.
    ready : ``Out(1)``
        Run; zero from configuration on.
    """

    def __init__(self, *, cycles):
        check_sizes(cycles=cycles)
        self._cycles = cycles
        super().__init__({"locked": In(1), "button": In(1), "ready": Out(1)})

    def elaborate(self, platform):
        m = Module()
        locked, button = Signal(), Signal()
        m.submodules.locked = FFSynchronizer(self.locked, locked)
        m.submodules.button = FFSynchronizer(self.button, button)
        # It counts up, as flip-flops begin at zero in every family.
        count = Signal(range(self._cycles + 1))
        with m.If(button | ~locked):
            m.d.sync += [count.eq(0), self.ready.eq(0)]
        with m.Elif(count == self._cycles):
            m.d.sync += self.ready.eq(1)
        with m.Else():
            m.d.sync += count.eq(count + 1)
        return m
