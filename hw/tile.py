"""Tile: one datapath from the index of OUs to their results."""

from amaranth import ClockSignal, Instance, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.fixed import ou_magnitude
from arch.program import POSITION_BITS, Program, tile_name
from hw.adc import Adc, code_bits
from hw.emulated_crossbar import EmulatedCrossbar, bit_line_bits
from hw.index_fetch import IndexFetch
from hw.input_buffer import BufferRead
from hw.input_fetch import InputFetch
from hw.layouts import Activity, OuResult, PlaneTag, ScannedOu, span, struct
from hw.macro_crossbar import MacroCrossbar
from hw.monitor import TileMonitor
from hw.ou_controller import OuController
from hw.plane_scan import PlaneScan
from hw.queue import Queue
from hw.rom import TableLoad, TableReadBack, pass_on
from hw.shift_add import ShiftAdd

__all__ = ["CELLS", "MACRO", "Tile", "value_bits"]

MACRO = "crossbar_macro"
"""Name of the black box module, see ``docs/crossbar-macro.md``."""
CELLS = "crossbars"
"""What the file is called that says what the cells of a macro hold, without ``.mem``."""


def value_bits(geometry):
    """Width of what an OU adds to an output."""
    return ou_magnitude(geometry).bit_length() + 1


class Tile(wiring.Component):
    """Compute the OUs of a layer that belong to this tile, position after position.

    It has index, inputs, planes, crossbar and arithmetic of its own, and knows nothing of other
    tiles: it reads the inputs of a position when they are complete and begins its OUs when a bank
    of accumulators is free.

    Latency is that of the components in a row, throughput is a plane a cycle; stalls where
    :class:`hw.input_fetch.InputFetch` and :class:`hw.ou_controller.OuController` do.

    Parameters
    ----------
    program : :class:`arch.program.Program`
        Sizes and memory contents.
    number : int
        Which tile.

    Members
    -------
    start : ``In(1)``
        Begin a layer.
    positions : ``In(position_bits)``
        Output positions of the layer, at least 1; steady while it runs.
    first_ou, last_ou : ``In(range(ous))``
        OUs of the layer in the memories of the tile; steady while it runs.
    empty : ``In(1)``
        The tile has no OU of the layer; it issues one of zeros in the place of none.
    signed : ``In(1)``
        Activations are two's complement; steady while the layer runs.
    drained : ``In(1)``
        A bank of accumulators becomes free in this cycle.
    ahead : ``In(1)``
        The tile has ended a position that another has not.
    read : ``Out(BufferRead)``
        The input buffer.
    o : ``Out(stream.Signature(OuResult, always_ready=True))``
        Results of OUs.
    ended : ``Out(1)``
        The last plane of a position is issued in this cycle.
    skipped : ``Out(span(act_bits + 1))``
        OU planes that were skipped in this cycle.
    activity : ``Out(Activity)``
        What the OU controller does or waits for, for counters.
    monitor : ``Out(TileMonitor)``
        The inside, for testbenches and traces.
    read_back : ``In(TableReadBack)``
        Reads its memories while it is at rest.
    load : ``In(TableLoad)``
        Writes its memories; only if their words are not baked in.
    """

    def __init__(self, program, *, number):
        if not isinstance(program, Program):
            raise TypeError(f"program must be a Program, not {program!r}")
        shape, g = program.shape, program.shape.geometry
        if number not in range(shape.tiles):
            raise ValueError(f"number must be 0 to {shape.tiles - 1}, not {number!r}")
        self._program = program
        self._number = number
        self._level_bits = bit_line_bits(ou_rows=g.ou_rows, cell_bits=g.cell_bits)
        self._code_bits = code_bits(level_bits=self._level_bits, adc_bits=g.adc_bits)
        self._index = struct(shape.index_layout)
        self._outputs = self._index[shape.index_layout.fields[-1].name].shape
        self._buffer_size = {
            "ports": shape.fetch_ports,
            "blocks": shape.blocks,
            "ou_rows": g.ou_rows,
            "act_bits": g.act_bits,
        }
        result = OuResult(value_bits=value_bits(g), ou_weights=g.ou_weights, outputs=self._outputs)
        monitor = TileMonitor(
            code_bits=self._code_bits,
            columns=g.arrays * g.ou_cols,
            value_bits=value_bits(g),
            ou_weights=g.ou_weights,
            ous=shape.ous,
            act_bits=g.act_bits,
        )
        streams = data.StructLayout(dict.fromkeys(TileMonitor.STREAMS, 1))
        super().__init__(
            {
                "start": In(1),
                "positions": In(POSITION_BITS),
                "first_ou": In(span(shape.ous)),
                "last_ou": In(span(shape.ous)),
                "empty": In(1),
                "signed": In(1),
                "drained": In(1),
                "ahead": In(1),
                "read": Out(BufferRead(**self._buffer_size)),
                "o": Out(stream.Signature(result, always_ready=True)),
                "ended": Out(1),
                "skipped": Out(span(g.act_bits + 1)),
                "activity": Out(Activity()),
                "monitor": Out(monitor),
                "offered": Out(streams),
                "taken": Out(streams),
                "read_back": In(TableReadBack(shape.tile_memories)),
                **({"load": In(TableLoad(shape.tile_memories))} if shape.loadable else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        self._add_components(m)
        index_fetch, input_fetch = m.submodules.index_fetch, m.submodules.input_fetch
        controller, crossbar = m.submodules.controller, m.submodules.crossbar
        shift_add = m.submodules.shift_add
        # A macro gives codes, bit-line sums go through a converter first.
        has_macro = self._program.shape.macro is not None
        codes = crossbar.o if has_macro else m.submodules.adc.o
        conversion = () if has_macro else ((crossbar.o, m.submodules.adc.i),)

        for source, sink in (
            (index_fetch.o, input_fetch.i),
            (input_fetch.read, flipped(self.read)),
            *self._lookahead(m, input_fetch.o, controller.i),
            (controller.o, crossbar.i),
            *conversion,
            (codes, shift_add.i),
            (shift_add.o, flipped(self.o)),
        ):
            connect(m, source, sink)
        planes = controller.o
        m.d.comb += [
            index_fetch.start.eq(self.start),
            index_fetch.positions.eq(self.positions),
            index_fetch.first_ou.eq(self.first_ou),
            index_fetch.last_ou.eq(self.last_ou),
            input_fetch.empty.eq(self.empty),
            controller.signed.eq(self.signed),
            controller.drained.eq(self.drained),
            self.ended.eq(planes.valid & planes.p.tag.last & planes.p.tag.position_last),
            self.activity.plane.eq(planes.valid),
            self.activity.ahead.eq(self.ahead),
            self.activity.ou.eq(controller.i.valid),
            self.activity.taken.eq(controller.i.ready),
            self.activity.collecting.eq(input_fetch.collecting | input_fetch.o.valid),
            self.activity.more.eq(index_fetch.more),
            self.activity.window.eq(self.read.full),
            self.activity.record.eq(index_fetch.o.valid),
            self.monitor.plane.eq(codes.valid),
            self.monitor.codes.eq(codes.p.levels),
            self.monitor.result.eq(shift_add.o.valid),
            self.monitor.values.eq(shift_add.o.p.values),
        ]
        self._show_issue(m, planes)
        homes = {
            name: index_fetch if name == "index" else crossbar
            for name in self._program.shape.tile_memories
        }
        pass_on(m, self.read_back, {name: home.read_back for name, home in homes.items()})
        if self._program.shape.loadable:
            pass_on(m, self.load, {name: home.load for name, home in homes.items()})
        for name in TileMonitor.STREAMS:
            stalling = m.submodules[name].o
            m.d.comb += [
                self.offered[name].eq(stalling.valid),
                self.taken[name].eq(stalling.ready),
            ]
        return m

    def _show_issue(self, m, planes):
        """Show the monitor which plane is issued."""
        issue = self.monitor.issue
        m.d.comb += [
            issue.issued.eq(planes.valid),
            issue.ou.eq(planes.p.ou),
            issue.last.eq(planes.p.tag.last),
            issue.position_last.eq(planes.p.tag.position_last),
        ]
        if self._program.shape.skip_zero_planes:
            m.d.comb += issue.plane.eq(planes.p.tag.plane)
            return
        highest = self._program.shape.geometry.act_bits - 1
        shown_plane = Signal.like(issue.plane, init=highest)
        m.d.comb += issue.plane.eq(shown_plane)
        with m.If(planes.valid):
            m.d.sync += shown_plane.eq(Mux(planes.p.tag.last, highest, shown_plane - 1))

    def _own(self, name):
        """What one of its memories is called in the program."""
        return tile_name(name, self._number, self._program.shape.tiles)

    def _lookahead(self, m, fetched, issued):
        """What is connected between input fetch and OU controller."""
        if not self._program.shape.skip_zero_planes:
            return [(fetched, issued)]
        scan, queue = m.submodules.scan, m.submodules.queue
        m.d.comb += self.skipped.eq(scan.skipped)
        return [(fetched, scan.i), (scan.o, queue.i), (queue.o, issued)]

    def _add_components(self, m):
        program, shape, g = self._program, self._program.shape, self._program.shape.geometry
        skips = shape.skip_zero_planes
        tag = PlaneTag(outputs=self._outputs, skipped_of=g.act_bits if skips else None)
        m.submodules.index_fetch = IndexFetch(
            program.contents(self._own("index")), layout=self._index, position_bits=POSITION_BITS
        )
        m.submodules.input_fetch = InputFetch(**self._buffer_size, index=self._index, ous=shape.ous)
        controlled = {
            "ou_rows": g.ou_rows,
            "act_bits": g.act_bits,
            "ous": shape.ous,
            "outputs": self._outputs,
        }
        if skips:
            m.submodules.scan = PlaneScan(**controlled)
            m.submodules.queue = Queue(ScannedOu(**controlled), depth=shape.queue_ous)
        m.submodules.controller = OuController(**controlled, skip_zero_planes=skips)
        self._add_crossbar(m, tag)
        m.submodules.shift_add = ShiftAdd(
            ou_rows=g.ou_rows,
            ou_cols=g.ou_cols,
            level_bits=self._code_bits,
            cell_bits=g.cell_bits,
            weight_bits=g.weight_bits,
            arrays=g.arrays,
            value_bits=value_bits(g),
            tag=tag,
        )

    def _add_crossbar(self, m, tag):
        """Crossbar and ADC, or what is around a macro of both."""
        program, macro = self._program, self._program.shape.macro
        g = program.shape.geometry
        sizes = {"ou_rows": g.ou_rows, "tag": tag}
        columns = g.arrays * g.ou_cols
        if macro is None:
            m.submodules.crossbar = EmulatedCrossbar(
                program.contents(self._own("cells")),
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
            program.contents(self._own("slot")),
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
        if program.shape.tiles > 1:  # all macros are alike, but hold other cells
            pins["p_CELLS"] = f"{tile_name(CELLS, self._number, program.shape.tiles)}.mem"
        m.submodules.macro = Instance(MACRO, i_clk=ClockSignal(), **pins)
