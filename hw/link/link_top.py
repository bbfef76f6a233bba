"""Link top: a network engine with a host link, as an FPGA has it."""

import dataclasses

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from arch.link_registers import LINK_BASE, LINK_MAP, TRACE_BASE
from arch.link_shape import LinkShape
from arch.network_program import NetworkProgram
from arch.network_shape import INDEX_BITS
from arch.register import WORD_BITS, Access
from hw.link.block_buffer import BlockBuffer
from hw.link.bus_decoder import BusDecoder
from hw.link.bus_share import BusShare
from hw.link.dispatcher import ADDRESS_BITS, Dispatcher
from hw.link.frame_check import FrameCheck
from hw.link.frame_receive import FrameReceive
from hw.link.frame_send import FrameSend
from hw.link.inside import absent_registers, add_probe, add_trace
from hw.link.link_counters import COUNTED, LinkCounters
from hw.link.result_word import NUMBER_BITS, ResultWord
from hw.link.status_watch import StatusWatch
from hw.link.trace import trace_address_bits
from hw.link.uart_receive import DATA_BITS, UartReceive
from hw.link.uart_transmit import UartTransmit
from hw.network_top import WORD_ADDRESS_BITS, NetworkTop
from hw.register_block import RegisterBlock

__all__ = ["LinkTop"]

_WORD_BYTES = WORD_BITS // DATA_BITS
_BUS_BITS = ADDRESS_BITS - 2
_LINK_BITS = LINK_MAP.address_bits - 2


class LinkTop(wiring.Component):
    """A network engine behind a serial line.

    The frames are those of :mod:`arch.link_frame`, the registers those of
    :data:`arch.link_registers.LINK_MAP`; ``docs/link.md`` has both.

    Latency and throughput are those of the line and of :class:`hw.network_top.NetworkTop`; the
    engine stalls while no byte of an image waits, or its results have no room.

    Parameters
    ----------
    program : :class:`arch.network_program.NetworkProgram`
        Sizes and memory contents of the engine.
    link : :class:`arch.link_shape.LinkShape`
        Sizes of the link.

    Members
    -------
    uart_rx : ``In(1)``
        From the host, of another clock; high when nothing is sent.
    uart_tx : ``Out(1)``
        To the host.
    led_idle, led_busy : ``Out(1)``
        Whether the engine computes; one of them is high.
    led_error : ``Out(1)``
        The engine has seen an error, and nobody has cleared it.

    Raises
    ------
    TypeError, ValueError
        If an argument is no program or no shape, or a result does not fit the words of the link.
    """

    def __init__(self, program, link):
        if not isinstance(program, NetworkProgram):
            raise TypeError(f"program must be a NetworkProgram, not {program!r}")
        if not isinstance(link, LinkShape):
            raise TypeError(f"link must be a LinkShape, not {link!r}")
        size = program.steps[-1].result.size
        if program.shape.argmax and size > 1 << NUMBER_BITS:
            raise ValueError(f"the number of one of {size} results does not fit {NUMBER_BITS} bits")
        self._link = link
        self._shape = program.shape
        self._engine = NetworkTop(program)
        self._words = ResultWord(
            out_bits=program.shape.out_bits,
            index_bits=INDEX_BITS if program.shape.argmax else None,
        )
        super().__init__(
            {
                "uart_rx": In(1, init=1),
                "uart_tx": Out(1, init=1),
                "led_idle": Out(1),
                "led_busy": Out(1),
                "led_error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        link = self._link
        m.submodules.engine = engine = self._engine
        m.submodules.image_buffer = image = BlockBuffer(DATA_BITS, depth=link.image_bytes)
        m.submodules.result_word = words = self._words
        m.submodules.result_buffer = result = BlockBuffer(WORD_BITS, depth=link.results)
        m.submodules.dispatcher = dispatcher = Dispatcher(
            payload_max=link.payload_max, image_bytes=link.image_bytes, results=link.results
        )
        connect(m, dispatcher.image, image.i)
        connect(m, image.o, engine.i)
        connect(m, engine.o, words.i)
        connect(m, words.o, result.i)
        connect(m, result.o, dispatcher.result)
        m.d.comb += [dispatcher.room.eq(image.room), dispatcher.waiting.eq(result.level)]
        registers = self._add_bus(m, dispatcher, engine)
        events = self._add_line(m, dispatcher)
        self._identify(m, registers)
        m.submodules.counters = counters = LinkCounters()
        m.d.comb += [
            counters.clear.eq(registers.control.clear),
            counters.read.eq(registers.bus.cyc),
            counters.at.eq(registers.bus.adr),
            image.flush.eq(registers.control.flush),
            result.flush.eq(registers.control.flush),
            registers.status.room.eq(image.room),
            registers.status.results.eq(result.level),
        ]
        for name in COUNTED:
            m.d.comb += [
                counters.events[name].eq(events[name]),
                getattr(registers, name).value.eq(counters.value),
            ]
        return m

    def _add_line(self, m, dispatcher):
        """The line and its frames; what is to be counted, by the name of its counter."""
        link = self._link
        m.submodules.uart_receive = uart_receive = UartReceive(
            divisor=link.divisor, idle_bits=link.idle_bits
        )
        m.submodules.uart_transmit = uart_transmit = UartTransmit(divisor=link.divisor)
        m.submodules.frame_receive = receive = FrameReceive(payload_max=link.payload_max)
        m.submodules.frame_send = send = FrameSend(payload_max=link.payload_max)
        m.submodules.frame_check = check = FrameCheck()
        connect(m, receive.check, check.receive)
        connect(m, send.check, check.send)
        connect(m, send.o, uart_transmit.i)
        connect(m, receive.payload, dispatcher.payload)
        m.d.comb += [
            uart_receive.rx.eq(self.uart_rx),
            self.uart_tx.eq(uart_transmit.tx),
            send.kind.eq(dispatcher.answer_kind),
            send.sequence.eq(receive.sequence),
            dispatcher.sending.eq(send.busy | ~uart_transmit.i.ready),
        ]
        for name in ("valid", "byte", "bad_stop", "silent"):
            m.d.comb += getattr(receive, name).eq(getattr(uart_receive, name))
        for name in ("request", "kind", "sequence", "length", "rest"):
            m.d.comb += getattr(dispatcher, name).eq(getattr(receive, name))
        for name in ("clear", "write", "byte", "send", "bare", "status"):
            m.d.comb += getattr(send, name).eq(getattr(dispatcher, name))
        m.d.comb += receive.done.eq(dispatcher.done)
        return {
            "frames": dispatcher.done,
            "repeats": dispatcher.done & dispatcher.repeated,
            "damaged": receive.damaged,
            "silences": receive.silenced,
            "bad_stops": uart_receive.bad_stop,
            "ignored": receive.ignored,
        }

    def _add_bus(self, m, dispatcher, engine):
        """The bus with the engine and the registers of the link, which are returned."""
        m.submodules.watch = watch = StatusWatch(address_bits=_BUS_BITS)
        m.submodules.share = share = BusShare(address_bits=_BUS_BITS)
        windows = {
            "engine": (0, WORD_ADDRESS_BITS),
            "link": (LINK_BASE // _WORD_BYTES, _LINK_BITS),
        }
        if self._link.trace_events:
            bits = trace_address_bits(self._link.trace_events)
            windows["trace"] = (TRACE_BASE // _WORD_BYTES, bits)
        m.submodules.decoder = decoder = BusDecoder(address_bits=_BUS_BITS, windows=windows)
        m.submodules.registers = registers = RegisterBlock(
            _registers(self._link), address_bits=_LINK_BITS
        )
        connect(m, dispatcher.bus, share.first)
        connect(m, watch.bus, share.second)
        connect(m, share.bus, decoder.bus)
        connect(m, decoder.engine, engine.bus)
        connect(m, decoder.link, registers.bus)
        inside = {"monitor": engine.monitor, "registers": registers}
        if self._link.trace_events:
            events = self._link.trace_events
            add_trace(m, self._shape, events=events, bus=decoder.trace, **inside)
        if self._link.probe:
            add_probe(m, self._shape, **inside)
        m.d.comb += [
            self.led_busy.eq(watch.busy),
            self.led_idle.eq(~watch.busy),
            self.led_error.eq(watch.error),
        ]
        return registers

    def _identify(self, m, registers):
        """Give the constants of this link their values."""
        link = self._link
        values = {
            "features": {
                "trace": bool(link.trace_events),
                "probe": link.probe,
                "payload_max": link.payload_max,
            },
            "clock": {"hertz": link.clock_hz},
            "wire": {"divisor": link.divisor, "idle_bits": link.idle_bits},
            "build": {"value": link.build},
            "buffers": {"image_bytes": link.image_bytes, "results": link.results},
        }
        for name, fields in values.items():
            for field, value in fields.items():
                m.d.comb += getattr(getattr(registers, name), field).eq(value)


def _registers(link):
    """The registers of a link; those of what it does not have are zero, and cost nothing."""
    absent = absent_registers(link)
    for register in LINK_MAP.registers:
        if register not in absent:
            yield register
            continue
        yield dataclasses.replace(
            register,
            fields=tuple(
                dataclasses.replace(field, access=Access.CONSTANT, value=0)
                for field in register.fields
            ),
        )
