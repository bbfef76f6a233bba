"""Layer engine: the datapath from activations of output positions to their outputs."""

from amaranth import ClockSignal, Instance, Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.fixed import ou_magnitude
from arch.program import POSITION_BITS, Program
from hw.accumulate import Accumulate
from hw.adc import Adc, code_bits
from hw.emulated_crossbar import EmulatedCrossbar, bit_line_bits
from hw.index_fetch import IndexFetch
from hw.input_buffer import InputBuffer
from hw.input_fetch import InputFetch
from hw.layer_control import COUNTER_BITS, LayerControl
from hw.layouts import Activity, Command, Monitor, PlaneTag, Result, ScannedOu, struct
from hw.macro_crossbar import MacroCrossbar
from hw.ou_controller import OuController
from hw.output import Output
from hw.plane_scan import PlaneScan
from hw.queue import Queue
from hw.rom import load_port
from hw.shift_add import ShiftAdd

__all__ = ["MACRO", "LayerEngine"]

MACRO = "crossbar_macro"
"""Name of the black box module, see ``docs/crossbar-macro.md``."""


class LayerEngine(wiring.Component):
    """Run one layer at a time over any number of output positions.

    A command names the layer and the number of positions. For each position the engine takes the
    activations of its window, ``ou_rows`` a beat in row order, and gives the outputs of all columns
    in order.

    Latency and throughput are those of :func:`arch.cycles.layer_cycles`, exactly, when neither
    stream stalls: in steady work one OU in ``act_bits`` cycles, without a gap, unless loading the
    inputs or draining the outputs of a position takes longer. If planes are skipped, they are those
    of :func:`arch.skipping_cycles.work_of_layer`. ``i`` stalls while two positions
    wait; a stalled ``o`` stalls the rest once two positions are finished.

    Parameters
    ----------
    program : :class:`arch.program.Program`
        Sizes and memory contents.

    Members
    -------
    command : ``In(stream.Signature(Command))``
        What to run; taken while no layer runs.
    i : ``In(stream.Signature(ArrayLayout(unsigned(act_bits), ou_rows)))``
        Activation codes; two's complement when the layer is signed.
    o : ``Out(stream.Signature(Result))``
        Outputs; ``last`` ends a position.
    busy : ``Out(1)``
        A layer runs.
    cycles : ``Out(48)``
        Cycles from the command to the last output of the layer.
    planes : ``Out(48)``
        OU planes issued for the layer.
    activity : ``Out(Activity)``
        What the OU controller does or waits for, for counters.
    monitor : ``Out(Monitor)``
        The inside, for testbenches and traces; leave it open otherwise.
    load : ``In(TableLoad)``
        Writes the memories; only if their words are not baked in.
    """

    def __init__(self, program):
        if not isinstance(program, Program):
            raise TypeError(f"program must be a Program, not {program!r}")
        self._program = program
        shape, g = program.shape, program.shape.geometry
        self._level_bits = bit_line_bits(ou_rows=g.ou_rows, cell_bits=g.cell_bits)
        self._code_bits = code_bits(level_bits=self._level_bits, adc_bits=g.adc_bits)
        self._value_bits = ou_magnitude(g).bit_length() + 1
        monitor = Monitor(
            code_bits=self._code_bits,
            columns=g.arrays * g.ou_cols,
            value_bits=self._value_bits,
            ou_weights=g.ou_weights,
        )
        command = Command(layers=shape.layers, position_bits=POSITION_BITS)
        super().__init__(
            {
                "command": In(stream.Signature(command)),
                "i": In(stream.Signature(data.ArrayLayout(g.act_bits, g.ou_rows))),
                "o": Out(stream.Signature(Result(out_bits=shape.out_bits))),
                "busy": Out(1),
                "cycles": Out(COUNTER_BITS),
                "planes": Out(COUNTER_BITS),
                "activity": Out(Activity()),
                "monitor": Out(monitor),
                **load_port(shape),
            }
        )

    @property
    def program(self):
        """What the engine runs."""
        return self._program

    def elaborate(self, platform):
        m = Module()
        self._add_components(m)
        control, index_fetch = m.submodules.control, m.submodules.index_fetch
        input_buffer, input_fetch = m.submodules.input_buffer, m.submodules.input_fetch
        controller, crossbar = m.submodules.controller, m.submodules.crossbar
        shift_add = m.submodules.shift_add
        accumulate, output = m.submodules.accumulate, m.submodules.output
        # A macro gives codes, bit-line sums go through a converter first.
        has_macro = self._program.shape.macro is not None
        codes = crossbar.o if has_macro else m.submodules.adc.o
        conversion = () if has_macro else ((crossbar.o, m.submodules.adc.i),)

        for source, sink in (
            (flipped(self.command), control.command),
            (flipped(self.i), input_buffer.i),
            (index_fetch.o, input_fetch.i),
            (input_fetch.read, input_buffer.read),
            *self._lookahead(m, input_fetch.o, controller.i),
            (controller.o, crossbar.i),
            *conversion,
            (codes, shift_add.i),
            (shift_add.o, accumulate.i),
            (accumulate.o, output.i),
            (output.o, flipped(self.o)),
        ):
            connect(m, source, sink)
        m.d.comb += [
            control.prepared.eq(accumulate.prepared),
            control.plane.eq(controller.o.valid),
            control.position_done.eq(self.o.valid & self.o.ready & self.o.p.last),
            index_fetch.start.eq(control.start),
            index_fetch.positions.eq(control.positions),
            input_buffer.start.eq(control.start),
            input_buffer.positions.eq(control.positions),
            controller.drained.eq(accumulate.drained),
            self.busy.eq(control.busy),
            self.cycles.eq(control.cycles),
            self.planes.eq(control.planes),
            self.activity.plane.eq(controller.o.valid),
            self.activity.ou.eq(controller.i.valid),
            self.activity.taken.eq(controller.i.ready),
            self.activity.collecting.eq(input_fetch.collecting | input_fetch.o.valid),
            self.activity.more.eq(index_fetch.more),
            self.activity.window.eq(input_buffer.read.full),
            self.activity.record.eq(index_fetch.o.valid),
            self.monitor.plane.eq(codes.valid),
            self.monitor.codes.eq(codes.p.levels),
            self.monitor.result.eq(shift_add.o.valid),
            self.monitor.values.eq(shift_add.o.p.values),
        ]
        for name, stalling in zip(
            Monitor.STREAMS,
            (self.command, self.i, index_fetch.o, input_fetch.o, accumulate.o, self.o),
            strict=True,
        ):
            m.d.comb += [
                self.monitor.offered[name].eq(stalling.valid),
                self.monitor.taken[name].eq(stalling.ready),
            ]
        for component, names in (
            (index_fetch, ("first_ou", "last_ou")),
            (input_buffer, ("last_block", "last_lanes")),
            (input_fetch, ("empty",)),
            (controller, ("signed",)),
            (accumulate, ("last_output",)),
            (output, ("first_channel", "zero_point", "minimum", "maximum")),
        ):
            m.d.comb += [getattr(component, name).eq(control.layer[name]) for name in names]
        if self._program.shape.loadable:
            homes = {"layer": control, "index": index_fetch, "channel": output}
            for name in self._program.shape.memories:
                connect(m, flipped(getattr(self.load, name)), homes.get(name, crossbar).load)
        return m

    def _lookahead(self, m, fetched, issued):
        """What is connected between input fetch and OU controller."""
        if not self._program.shape.skip_zero_planes:
            return [(fetched, issued)]
        scan, queue = m.submodules.scan, m.submodules.queue
        return [(fetched, scan.i), (scan.o, queue.i), (queue.o, issued)]

    def _add_components(self, m):
        program, shape, g = self._program, self._program.shape, self._program.shape.geometry
        index = struct(shape.index_layout)
        outputs = index[shape.index_layout.fields[-1].name].shape
        skips = shape.skip_zero_planes
        tag = PlaneTag(outputs=outputs, skipped_of=g.act_bits if skips else None)
        ou_size = {"ou_rows": g.ou_rows, "ou_cols": g.ou_cols}
        buffer_size = {
            "ports": shape.fetch_ports,
            "blocks": shape.blocks,
            "ou_rows": g.ou_rows,
            "act_bits": g.act_bits,
        }
        m.submodules.control = LayerControl(
            program.contents("layer"),
            layout=struct(shape.layer_layout),
            position_bits=POSITION_BITS,
        )
        m.submodules.index_fetch = IndexFetch(
            program.contents("index"), layout=index, position_bits=POSITION_BITS
        )
        m.submodules.input_buffer = InputBuffer(**buffer_size, position_bits=POSITION_BITS)
        m.submodules.input_fetch = InputFetch(**buffer_size, index=index, ous=shape.ous)
        controlled = {
            "ou_rows": g.ou_rows,
            "act_bits": g.act_bits,
            "ous": shape.ous,
            "outputs": outputs,
        }
        if skips:
            m.submodules.scan = PlaneScan(**controlled)
            m.submodules.queue = Queue(ScannedOu(**controlled), depth=shape.queue_ous)
        m.submodules.controller = OuController(**controlled, skip_zero_planes=skips)
        self._add_crossbar(m, tag)
        m.submodules.shift_add = ShiftAdd(
            **ou_size,
            level_bits=self._code_bits,
            cell_bits=g.cell_bits,
            weight_bits=g.weight_bits,
            arrays=g.arrays,
            value_bits=self._value_bits,
            tag=tag,
        )
        m.submodules.accumulate = Accumulate(
            value_bits=self._value_bits,
            acc_bits=shape.acc_bits,
            ou_weights=g.ou_weights,
            outputs=shape.outputs,
            index=outputs,
        )
        m.submodules.output = Output(
            program.contents("channel"),
            layout=struct(shape.channel_layout),
            acc_bits=shape.acc_bits,
            out_bits=shape.out_bits,
            outputs=shape.outputs,
        )

    def _add_crossbar(self, m, tag):
        """Crossbar and ADC, or what is around a macro of both."""
        program, macro = self._program, self._program.shape.macro
        g = program.shape.geometry
        sizes = {"ou_rows": g.ou_rows, "tag": tag}
        columns = g.arrays * g.ou_cols
        if macro is None:
            m.submodules.crossbar = EmulatedCrossbar(
                program.contents("cells"),
                **sizes,
                ou_cols=g.ou_cols,
                cell_bits=g.cell_bits,
                arrays=g.arrays,
            )
            m.submodules.adc = Adc(
                **sizes, level_bits=self._level_bits, adc_bits=g.adc_bits, columns=columns
            )
            return
        m.submodules.crossbar = crossbar = MacroCrossbar(
            program.contents("slot"),
            **sizes,
            slot=struct(macro.slot_layout),
            latency=macro.latency,
            columns=columns,
            code_bits=self._code_bits,
        )
        pins = {
            f"{'o' if member.flow == In else 'i'}_{name}": getattr(crossbar.pins, name)
            for name, member in crossbar.pins.signature.members.items()
        }
        m.submodules.macro = Instance(MACRO, i_clk=ClockSignal(), **pins)
