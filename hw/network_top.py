"""Network top: a network engine with its registers, as the generated Verilog has it."""

from dataclasses import replace

from amaranth import Const, Module, Mux, ResetInserter
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.load_image import sections
from arch.network_program import NetworkProgram
from arch.register import WORD_BITS, Access
from arch.registers import (
    ADDRESS_BITS,
    COUNTERS,
    REGISTERS,
    Error,
    hash_words,
)
from arch.shape_record import shape_identity
from hw.counters import Counters
from hw.cycle_cause import CycleCauses
from hw.loader import Loader
from hw.network_engine import BYTE_BITS, NetworkEngine
from hw.read_back import ReadBack
from hw.register_block import RegisterBlock
from hw.run_control import RunControl
from hw.wishbone import Wishbone

__all__ = ["NetworkTop"]

WORD_ADDRESS_BITS = ADDRESS_BITS - (WORD_BITS // 8).bit_length() + 1


class NetworkTop(wiring.Component):
    """Bytes of images in, results out; everything else over the control bus.

    What the registers say and do is in :data:`arch.registers.REGISTERS`, and in
    ``docs/registers.md``. After reset no image begins before the bus permits it.

    Latency and throughput are those of :class:`hw.network_engine.NetworkEngine`, and of
    :class:`hw.register_block.RegisterBlock` on the bus; ``i`` stalls while no image may begin, too.

    Parameters
    ----------
    program : :class:`arch.network_program.NetworkProgram`
        Sizes and memory contents.

    Members
    -------
    i, o, monitor
        As of :class:`hw.network_engine.NetworkEngine`.
    bus : ``In(Wishbone)``
        The registers.
    irq : ``Out(1)``
        High while a bit is one in both ``interrupt`` and ``interrupt_mask``.
    """

    def __init__(self, program):
        if not isinstance(program, NetworkProgram):  # before an engine is made and left over
            raise TypeError(f"program must be a NetworkProgram, not {program!r}")
        self._program = program
        self._engine = NetworkEngine(program)
        super().__init__(
            {
                "i": In(stream.Signature(BYTE_BITS)),
                "o": Out(self._engine.o.signature),
                "bus": In(Wishbone(address_bits=WORD_ADDRESS_BITS)),
                "irq": Out(1),
                "monitor": Out(self._engine.monitor.shape()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        engine = self._engine
        m.submodules.registers = registers = RegisterBlock(
            REGISTERS if self._program.shape.read_back else _without_read_back(),
            address_bits=WORD_ADDRESS_BITS,
        )
        m.submodules.run_control = control = RunControl(steps=self._program.shape.steps)
        tiles = self._program.shape.engine.tiles
        events = dict.fromkeys(COUNTERS, tiles.bit_length())
        events["planes_skipped"] = len(engine.skipped)
        m.submodules.counters = counters = Counters(events, bits=self._program.shape.counter_bits)
        drop, reading_back = registers.control.reset, Const(0)
        if self._program.shape.read_back:
            drop = drop | registers.control.read_back
            reading_back = self._add_read_back(m, registers, control)
        if self._program.shape.engine.loadable:
            drop = drop | registers.control.load
        m.submodules.engine = ResetInserter(drop)(engine)
        if self._program.shape.engine.loadable:
            self._add_loader(m, registers, control, reading_back)
        else:
            m.d.comb += [registers.status.loaded.eq(1), engine.hold.eq(reading_back)]
            self._show_hash(m, registers, hash_words(self._program.tables_sha256))
        connect(m, flipped(self.bus), registers.bus)
        connect(m, flipped(self.i), engine.i)
        connect(m, engine.o, flipped(self.o))
        m.d.comb += [
            control.progress.eq(engine.progress),
            engine.permit.eq(control.permit),
            self.monitor.eq(engine.monitor),
            self.monitor.reset.eq(drop),
            self.monitor.error.eq(control.error),
            self.monitor.code.eq(control.raised),
            self.monitor.loading.eq(registers.status.loading),
            self.monitor.loaded.eq(registers.status.loaded),
        ]
        self._identify(m, registers)
        self._control(m, registers, control, drop)
        self._count(m, registers, counters)
        return m

    def _identify(self, m, registers):
        """Give the constants of this engine their values."""
        shape, g = self._program.shape, self._program.shape.engine.geometry
        values = {
            "capabilities": {
                "tiles": shape.engine.tiles,
                "skip_zero_planes": shape.engine.skip_zero_planes,
                "macro": shape.engine.macro is not None,
                "differential": g.encoding == "differential",
                "loadable": shape.engine.loadable,
                "argmax": shape.argmax,
                "counter_bits": shape.counter_bits,
                "read_back": shape.read_back,
            },
            "crossbar": {"rows": g.rows, "cols": g.cols},
            "operation_unit": {
                name: getattr(g, name) for name in ("ou_rows", "ou_cols", "cell_bits", "adc_bits")
            },
            "formats": {
                "weight_bits": g.weight_bits,
                "act_bits": g.act_bits,
                "out_bits": shape.out_bits,
            },
            "program": {"steps": shape.steps, "layers": shape.engine.layers},
            "memory": {"elements": shape.depth},
        }
        for name, fields in values.items():
            for field, value in fields.items():
                m.d.comb += getattr(getattr(registers, name), field).eq(value)

    def _show_hash(self, m, registers, words):
        for register, word in zip(registers.table_hash, words, strict=True):
            m.d.comb += register.value.eq(word)

    def _add_read_back(self, m, registers, control):
        """Let the bus ask for what lies in the memories; high while the engine must hold for it."""
        shape, written = self._program.shape, registers.control
        m.submodules.read_back = read_back = ReadBack(
            memories=shape.memories, sections=sections(shape)
        )
        connect(m, read_back.ports, self._engine.read_back)
        m.d.comb += [
            read_back.begin.eq(written.read_back),
            read_back.end.eq(written.reset | written.load),
            read_back.number.eq(registers.read_back_memory.value),
            read_back.first.eq(registers.read_back_first.value),
            read_back.parts.eq(registers.read_back_parts.value),
            registers.status.reading_back.eq(read_back.busy),
            registers.read_back_crc.value.eq(read_back.crc),
            registers.read_back_word.value.eq(read_back.word),
            control.table_fault.eq(read_back.fault),
            control.table_code.eq(Error.READ_BACK),
        ]
        return read_back.busy

    def _add_loader(self, m, registers, control, reading_back):
        """Load tables over the bus; the engine holds while they are not complete."""
        shape, engine = self._program.shape, self._engine
        m.submodules.loader = loader = Loader(
            identity=shape_identity(shape), memories=shape.memories, sections=sections(shape)
        )
        for name in shape.memories:
            connect(m, getattr(loader.load, name), getattr(engine.load, name))
        self._show_hash(m, registers, [Mux(loader.loaded, word, 0) for word in loader.digest])
        m.d.comb += [
            registers.shape.value.eq(shape_identity(shape)),
            registers.status.loaded.eq(loader.loaded),
            registers.status.loading.eq(loader.loading),
            registers.load_count.value.eq(loader.count),
            loader.begin.eq(registers.control.load),
            loader.valid.eq(registers.load_word.value_written),
            loader.word.eq(registers.load_word.value),
            engine.hold.eq(~loader.loaded | reading_back),
        ]
        with m.If(loader.fault):
            m.d.comb += [control.table_fault.eq(1), control.table_code.eq(loader.code)]

    def _control(self, m, registers, control, drop):
        """Connect run control, interrupts and errors."""
        written, status, error = registers.control, registers.status, registers.error
        interrupt, mask = registers.interrupt, registers.interrupt_mask
        progress = self._engine.progress
        m.d.comb += [
            control.enable.eq(written.enable),
            control.start.eq(written.start),
            control.reset.eq(drop),
            control.fault.eq(registers.fault),
            control.held.eq(error.flag),
            status.busy.eq(control.busy),
            status.waiting.eq(progress.stopped & ~progress.refused),
            status.refused.eq(progress.refused),
            status.step.eq(progress.step),
            error.flag_set.eq(control.error),
            error.code.eq(control.code),
            error.step.eq(control.step),
            interrupt.image_set.eq(progress.end),
            interrupt.error.eq(error.flag),
            self.irq.eq((interrupt.image & mask.image) | (interrupt.error & mask.error)),
        ]

    def _count(self, m, registers, counters):
        """Connect the counters."""
        progress, written = self._engine.progress, registers.control
        m.d.comb += [
            counters.events.cycles.eq(1),
            counters.events.images.eq(progress.end),
            counters.events.planes_skipped.eq(self._engine.skipped),
            counters.latch.eq(written.latch | (written.latch_images & progress.end)),
            counters.clear.eq(written.clear),
        ]
        for name, _field in CycleCauses():
            tiles = sum(cause[name] for cause in self._engine.cause)
            m.d.comb += counters.events[counter_of(name)].eq(tiles)
        for name in COUNTERS:
            m.d.comb += getattr(registers, name).value.eq(counters.values[name])


def counter_of(cause):
    """Name of the counter of a cause."""
    return cause if cause in COUNTERS else f"idle_{cause}"


def _without_read_back():
    """The registers of an engine whose memories cannot be read back: those of it are zero."""
    for register in REGISTERS:
        if not register.name.startswith("read_back_"):
            yield register
            continue
        fields = [replace(field, access=Access.CONSTANT, value=0) for field in register.fields]
        yield replace(register, fields=tuple(fields))
