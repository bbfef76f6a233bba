"""AXI top: a network engine behind AXI4-Lite and AXI4-Stream."""

from amaranth import Module, Mux, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.axi_registers import AXI_ADDRESS_BITS, AXI_MAP
from arch.register import WORD_BITS
from hw.axi.axi_lite import AxiLiteBridge
from hw.axi.axi_ports import AxiLite, AxiStream
from hw.axi.image_stream import ImageStream
from hw.axi.result_stream import ResultStream
from hw.network_top import NetworkTop
from hw.register_block import RegisterBlock

__all__ = ["AxiTop"]

_WORD_BYTES = WORD_BITS // 8
_BLOCK_BITS = AXI_MAP.address_bits - _WORD_BYTES.bit_length() + 1
"""Bits of the address of a word in the registers of the engine, and in those of the wrapper."""


class AxiTop(wiring.Component):
    """Images in and results out over AXI4-Stream, registers over AXI4-Lite; the engine unchanged.

    The registers of the engine are at 0, those of the wrapper (:data:`arch.axi_registers.AXI_MAP`)
    at :data:`arch.axi_registers.AXI_BASE`. Dropping an image leaves results that are offered where
    they are, as AXI demands.

    Latency and throughput are those of :class:`hw.network_top.NetworkTop`, with one cycle more on
    either stream, and of :class:`hw.axi.axi_lite.AxiLiteBridge`; it stalls as these do.

    Parameters
    ----------
    program : :class:`arch.network_program.NetworkProgram`
        Sizes and memory contents.
    stream_bytes : int
        Bytes of a transfer of images: 1, or 4 with ``tkeep``.

    Members
    -------
    s_axi : ``In(AxiLite)``
        The registers.
    s_axis : ``In(AxiStream)``
        Images.
    m_axis : ``Out(AxiStream)``
        Results.
    irq : ``Out(1)``
        High while an interrupt that is not masked waits.
    """

    def __init__(self, program, *, stream_bytes=1):
        if stream_bytes not in (1, 4):
            raise ValueError(f"stream_bytes must be 1 or 4, not {stream_bytes}")
        self._stream_bytes = stream_bytes
        self._engine = NetworkTop(program)
        super().__init__(
            {
                "s_axi": In(AxiLite(address_bits=AXI_ADDRESS_BITS)),
                "s_axis": In(AxiStream(data_bytes=stream_bytes, keep=stream_bytes > 1)),
                "m_axis": Out(AxiStream(data_bytes=_WORD_BYTES)),
                "irq": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.network = engine = self._engine
        m.submodules.bridge = bridge = AxiLiteBridge(address_bits=AXI_ADDRESS_BITS)
        m.submodules.registers = registers = RegisterBlock(
            AXI_MAP.registers, address_bits=_BLOCK_BITS
        )
        images = ImageStream(data_bytes=self._stream_bytes)
        m.submodules.images = ResetInserter(registers.control.flush)(images)
        m.submodules.results = results = ResultStream(engine.o.p.shape())
        connect(m, flipped(self.s_axi), bridge.axi)
        connect(m, flipped(self.s_axis), images.axis)
        connect(m, images.o, engine.i)
        connect(m, engine.o, results.i)
        connect(m, results.axis, flipped(self.m_axis))
        self._select(m, bridge.bus, engine.bus, registers.bus)
        error = registers.error
        m.d.comb += [
            registers.features.stream_bytes.eq(self._stream_bytes),
            images.image_bytes.eq(registers.image_bytes.value),
            images.stop.eq(error.short | error.long),
            error.short_set.eq(images.short),
            error.long_set.eq(images.long),
            self.irq.eq(engine.irq | (images.stop & registers.interrupt_mask.error)),
        ]
        return m

    @staticmethod
    def _select(m, bus, engine, wrapper):
        """Give an access to the registers of the wrapper, or else to those of the engine."""
        upper = bus.adr[_BLOCK_BITS]
        for block, chosen in ((engine, ~upper), (wrapper, upper)):
            m.d.comb += [
                block.cyc.eq(bus.cyc & chosen),
                block.stb.eq(bus.stb & chosen),
                block.we.eq(bus.we),
                block.adr.eq(bus.adr),
                block.dat_w.eq(bus.dat_w),
                block.sel.eq(bus.sel),
            ]
        m.d.comb += [
            bus.ack.eq(engine.ack | wrapper.ack),
            bus.err.eq(engine.err | wrapper.err),
            bus.dat_r.eq(Mux(upper, wrapper.dat_r, engine.dat_r)),
        ]
