"""Probe: the results of one OU and of one step."""

from amaranth import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.crc.catalog import CRC32_ETHERNET
from amaranth.lib.wiring import In, Out

from arch.network_shape import NetworkShape
from arch.register import WORD_BITS
from arch.trace_registers import PROBE_VALUES
from hw.network_view import network_monitor

__all__ = ["Probe"]

_STEP_BITS, _TILE_BITS = 16, 8


class Probe(wiring.Component):
    """Keep what an OU gives, and the number and the CRC-32 of all results of its step.

    The OU is the one of a tile that is the ``number``-th of those that give a result in the step,
    counted from 0 over all its positions. Where planes are skipped an OU without any gives none,
    unless it is the last of its position.

    Latency is two cycles, from a value to the register that shows it; throughput is a result a
    cycle; the engine never stalls.

    Parameters
    ----------
    shape : :class:`arch.network_shape.NetworkShape`
        Of the engine.

    Members
    -------
    monitor : ``In(NetworkMonitor)``
        The engine.
    arm : ``In(1)``
        Forget what there is, and take the values of the image that begins next.
    step : ``In(16)``
        Which step; steady while armed, as are the following.
    tile : ``In(8)``
        Which tile.
    number : ``In(32)``
        Which OU.
    ou : ``Out(1)``
        The results of the OU are there.
    done : ``Out(1)``
        The step has ended.
    results : ``Out(32)``
        Results of the step, so far.
    check : ``Out(32)``
        CRC-32 of them, that of zlib: each as 32 bits, signed, the lowest byte first.
    values : ``Out(ArrayLayout(signed(32), 16))``
        Results of the OU, one a weight column; zero where it has none.
    """

    def __init__(self, shape):
        if not isinstance(shape, NetworkShape):
            raise TypeError(f"shape must be a NetworkShape, not {shape!r}")
        super().__init__(
            {
                "monitor": In(network_monitor(shape)),
                "arm": In(1),
                "step": In(_STEP_BITS),
                "tile": In(_TILE_BITS),
                "number": In(WORD_BITS),
                "ou": Out(1),
                "done": Out(1),
                "results": Out(WORD_BITS),
                "check": Out(WORD_BITS),
                "values": Out(data.ArrayLayout(signed(WORD_BITS), PROBE_VALUES)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        seen = Signal(self.monitor.shape())  # the engine's paths end here
        armed, looks, here = Signal(), Signal(), Signal()
        m.d.comb += here.eq(looks & (seen.step == self.step))
        m.d.sync += seen.eq(self.monitor)
        with m.If(armed & seen.begin):
            m.d.sync += [armed.eq(0), looks.eq(1)]
        with m.Elif(seen.end | seen.reset):
            m.d.sync += looks.eq(0)
        with m.If(self.arm):
            m.d.sync += [armed.eq(1), looks.eq(0)]
        self._look_at_step(m, seen, here)
        self._look_at_ou(m, seen, here)
        return m

    def _look_at_step(self, m, seen, here):
        m.submodules.crc = crc = CRC32_ETHERNET(data_width=WORD_BITS).create()
        wide = Signal(signed(WORD_BITS))
        m.d.comb += [
            wide.eq(seen.value),
            crc.start.eq(self.arm),
            crc.data.eq(wide),
            crc.valid.eq(here & seen.result),
            self.check.eq(crc.crc),
        ]
        with m.If(self.arm):
            m.d.sync += [self.results.eq(0), self.done.eq(0)]
        with m.Elif(here):
            m.d.sync += [self.results.eq(self.results + seen.result), self.done.eq(seen.done)]

    def _look_at_ou(self, m, seen, here):
        left = Signal(WORD_BITS)  # OUs until that one
        result = Signal()
        values = Signal(seen.tiles[0]["values"].shape())
        with m.Switch(self.tile):
            for number, tile in enumerate(seen.tiles):
                with m.Case(number):
                    m.d.comb += [result.eq(tile.result), values.eq(tile["values"])]
        with m.If(self.arm):
            m.d.sync += [left.eq(self.number), self.ou.eq(0), self.values.eq(0)]
        with m.Elif(here & result & ~self.ou):
            m.d.sync += [left.eq(left - 1), self.ou.eq(left == 0)]
            with m.If(left == 0):
                m.d.sync += [
                    shown.eq(value) for shown, value in zip(self.values, values, strict=False)
                ]
