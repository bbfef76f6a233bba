"""AXI4-Lite bridge: reads and writes of AXI become cycles of the control bus."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch.register import WORD_BITS
from hw.arguments import check_sizes
from hw.axi.axi_ports import AxiLite, AxiResponse
from hw.wishbone import Wishbone

__all__ = ["AxiLiteBridge"]

_SHIFT = (WORD_BITS // 8).bit_length() - 1
"""Bits of an address that choose a byte of a word; they are not looked at."""


class AxiLiteBridge(wiring.Component):
    """Do the reads and writes of AXI4-Lite, one at a time.

    Address and data of a write come in any order. When a read and a write wait, they take turns. An
    address where the bus answers ``err`` gives SLVERR. Every output of ``axi`` comes from a
    flip-flop, so that there is no path through the bridge from an input to an output
    (ARM IHI 0022, A3.1); no ``ready`` is high during a reset, and a ``ready`` waits for no
    ``valid``.

    Latency is two cycles from the last part of an access to the request on ``bus``, and one from
    ``ack`` to the answer; throughput is an access at a time; stalls while an access of the same
    kind is done or its answer is not taken. The next one is taken while the answer waits.

    Parameters
    ----------
    address_bits : int
        Width of the address of a byte.

    Members
    -------
    axi : ``In(AxiLite)``
        From the manager.
    bus : ``Out(Wishbone)``
        To the registers.
    """

    def __init__(self, *, address_bits):
        check_sizes(address_bits=address_bits - _SHIFT)
        super().__init__(
            {
                "axi": In(AxiLite(address_bits=address_bits)),
                "bus": Out(Wishbone(address_bits=address_bits - _SHIFT)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        axi, bus = self.axi, self.bus
        write_done, read_done = Signal(), Signal()
        ended, busy, writing = Signal(), Signal(), Signal()
        address_held = self._hold(m, "aw", write_done)
        data_held = self._hold(m, "w", write_done)
        read_held = self._hold(m, "ar", read_done)
        write_at, read_at = Signal.like(bus.adr), Signal.like(bus.adr)
        with m.If(axi.awready & axi.awvalid):
            m.d.sync += write_at.eq(axi.awaddr >> _SHIFT)
        with m.If(axi.wready & axi.wvalid):
            m.d.sync += [bus.dat_w.eq(axi.wdata), bus.sel.eq(axi.wstrb)]
        with m.If(axi.arready & axi.arvalid):
            m.d.sync += read_at.eq(axi.araddr >> _SHIFT)

        can_write, can_read = Signal(), Signal()
        m.d.comb += [
            can_write.eq(address_held & data_held & ~axi.bvalid),
            can_read.eq(read_held & ~axi.rvalid),
            ended.eq(busy & (bus.ack | bus.err)),
            write_done.eq(ended & writing),
            read_done.eq(ended & ~writing),
            bus.cyc.eq(busy),
            bus.stb.eq(busy),
            bus.we.eq(writing),
        ]
        with m.If(ended):
            m.d.sync += busy.eq(0)
        with m.Elif(~busy & (can_write | can_read)):
            # A read that waits comes next all the same: the next write is not complete so soon.
            m.d.sync += [
                busy.eq(1),
                writing.eq(can_write),
                bus.adr.eq(Mux(can_write, write_at, read_at)),
            ]

        response = Mux(bus.err, AxiResponse.SLVERR, AxiResponse.OKAY)
        with m.If(write_done):
            m.d.sync += [axi.bvalid.eq(1), axi.bresp.eq(response)]
        with m.Elif(axi.bready):
            m.d.sync += axi.bvalid.eq(0)
        with m.If(read_done):
            m.d.sync += [axi.rvalid.eq(1), axi.rresp.eq(response), axi.rdata.eq(bus.dat_r)]
        with m.Elif(axi.rready):
            m.d.sync += axi.rvalid.eq(0)
        return m

    def _hold(self, m, channel, done):
        """Take what a channel offers, and hold it until the access is done; says whether it is."""
        valid, ready = getattr(self.axi, f"{channel}valid"), getattr(self.axi, f"{channel}ready")
        held, held_next = Signal(name=f"{channel}_held"), Signal(name=f"{channel}_held_next")
        m.d.comb += held_next.eq((held & ~done) | (valid & ready))
        m.d.sync += [held.eq(held_next), ready.eq(~held_next)]
        return held
