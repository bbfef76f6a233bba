"""Layer engine: the datapath from activations of output positions to their outputs."""

from amaranth import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.program import POSITION_BITS, Program, tile_name
from hw.accumulate import Accumulate
from hw.adc import code_bits
from hw.emulated_crossbar import bit_line_bits
from hw.input_buffer import InputBuffer
from hw.layer_control import COUNTER_BITS, LayerControl
from hw.layouts import Activity, Command, Result, span, struct
from hw.monitor import Monitor, TileMonitor
from hw.output import Output
from hw.queue import Queue
from hw.rom import TableReadBack, load_port, pass_on
from hw.tile import Tile, value_bits
from hw.tile_lead import TileLead

__all__ = ["LayerEngine"]


class LayerEngine(wiring.Component):
    """Run one layer at a time over any number of output positions.

    Its tiles work side by side on different OUs of a position; what they hold of an output is added
    when the position is drained. A tile that has ended its OUs goes on with the next position.

    A command names the layer and the number of positions. For each position the engine takes the
    activations of its window, ``ou_rows`` a beat in row order, and gives the outputs of all columns
    in order.

    Latency and throughput are those of :func:`arch.cycles.layer_cycles`, exactly, when neither
    stream stalls: in steady work one OU a tile in ``act_bits`` cycles, without a gap, unless
    loading the inputs or draining the outputs of a position takes longer. If planes are skipped,
    they are those of :func:`arch.skipping_cycles.work_of_layer`. ``i`` stalls while two positions
    wait; a stalled ``o`` stalls the rest once two positions are finished.

    Parameters
    ----------
    program : :class:`arch.program.Program`
        Sizes and memory contents.
    read_back : bool
        Whether the memories can be read back.

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
        OU planes issued for the layer, by all tiles.
    skipped : ``Out(span(tiles * act_bits + 1))``
        OU planes that all tiles skipped in this cycle.
    activity : ``Out(ArrayLayout(Activity, tiles))``
        What the OU controller of each tile does or waits for, for counters.
    monitor : ``Out(Monitor)``
        The inside, for testbenches and traces; leave it open otherwise.
    read_back : ``In(TableReadBack)``
        Reads the memories while no layer runs; only if it is asked for.
    load : ``In(TableLoad)``
        Writes the memories; only if their words are not baked in.
    """

    def __init__(self, program, *, read_back=False):
        if not isinstance(program, Program):
            raise TypeError(f"program must be a Program, not {program!r}")
        self._program = program
        ports = load_port(program.shape)
        if read_back:
            ports["read_back"] = In(TableReadBack(program.shape.memories))
        shape, g = program.shape, program.shape.geometry
        level_bits = bit_line_bits(ou_rows=g.ou_rows, cell_bits=g.cell_bits)
        monitor = Monitor(
            tiles=shape.tiles,
            code_bits=code_bits(level_bits=level_bits, adc_bits=g.adc_bits),
            columns=g.arrays * g.ou_cols,
            value_bits=value_bits(g),
            ou_weights=g.ou_weights,
            ous=shape.ous,
            act_bits=g.act_bits,
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
                "skipped": Out(span(shape.tiles * g.act_bits + 1)),
                "activity": Out(data.ArrayLayout(Activity(), shape.tiles)),
                "monitor": Out(monitor),
                **ports,
            }
        )

    @property
    def program(self):
        """What the engine runs."""
        return self._program

    def elaborate(self, platform):
        m = Module()
        self._add_components(m)
        control, input_buffer = m.submodules.control, m.submodules.input_buffer
        accumulate, output = m.submodules.accumulate, m.submodules.output
        tiles = [m.submodules[f"tile{number}"] for number in range(self._program.shape.tiles)]

        for source, sink in (
            (flipped(self.command), control.command),
            (flipped(self.i), input_buffer.i),
            *((tile.read, input_buffer.read[n]) for n, tile in enumerate(tiles)),
            *((tile.o, accumulate.i[n]) for n, tile in enumerate(tiles)),
            (accumulate.o, output.i),
            (output.o, m.submodules.results.i),
            (m.submodules.results.o, flipped(self.o)),
        ):
            connect(m, source, sink)
        m.d.comb += [
            control.prepared.eq(accumulate.prepared),
            control.issued.eq(sum(tile.activity.plane for tile in tiles)),
            control.position_done.eq(self.o.valid & self.o.ready & self.o.p.last),
            input_buffer.start.eq(control.start),
            input_buffer.positions.eq(control.positions),
            self.busy.eq(control.busy),
            self.cycles.eq(control.cycles),
            self.planes.eq(control.planes),
            self.skipped.eq(sum(tile.skipped for tile in tiles)),
        ]
        for component, names in (
            (input_buffer, ("last_block", "last_lanes")),
            (accumulate, ("last_output",)),
            (output, ("first_channel", "zero_point", "minimum", "maximum")),
        ):
            m.d.comb += [getattr(component, name).eq(control.layer[name]) for name in names]
        for number, tile in enumerate(tiles):
            m.d.comb += [
                tile.start.eq(control.start),
                tile.positions.eq(control.positions),
                tile.signed.eq(control.layer.signed),
                tile.drained.eq(accumulate.drained),
                self.activity[number].eq(tile.activity),
                self.activity[number].more.eq(control.reading | tile.activity.more),
                self.monitor.tiles[number].eq(tile.monitor),
            ]
            for name in ("first_ou", "last_ou", "empty"):
                m.d.comb += getattr(tile, name).eq(control.layer[name][number])
        if len(tiles) > 1:
            lead = m.submodules.lead
            for tile, ended, ahead in zip(tiles, lead.ended, lead.ahead, strict=True):
                m.d.comb += [ended.eq(tile.ended), tile.ahead.eq(ahead)]
        if self._program.shape.loadable:
            pass_on(m, self.load, self._homes(m, "load"))
        if "read_back" in self.signature.members:
            pass_on(m, self.read_back, self._homes(m, "read_back"))
        self._show_streams(m, tiles)
        return m

    def _homes(self, m, kind):
        """The ports of a kind inside, by the name of the memory."""
        tiles = self._program.shape.tiles
        homes = {"layer": m.submodules.control, "channel": m.submodules.output}
        if self._program.shape.layer_logic:
            del homes["layer"]
        return {name: getattr(home, kind) for name, home in homes.items()} | {
            tile_name(name, number, tiles): getattr(
                getattr(m.submodules[f"tile{number}"], kind), name
            )
            for number in range(tiles)
            for name in self._program.shape.tile_memories
        }

    def _show_streams(self, m, tiles):
        """Show the monitor what each stream does."""
        states = {
            "command": (self.command.valid, self.command.ready),
            "i": (self.i.valid, self.i.ready),
            "accumulate": (m.submodules.accumulate.o.valid, m.submodules.accumulate.o.ready),
            "o": (self.o.valid, self.o.ready),
        }
        for number, tile in enumerate(tiles):
            for name in TileMonitor.STREAMS:
                own = tile_name(name, number, len(tiles))
                states[own] = (tile.offered[name], tile.taken[name])
        for name, (valid, ready) in states.items():
            m.d.comb += [
                self.monitor.offered[name].eq(valid),
                self.monitor.taken[name].eq(ready),
            ]

    def _add_components(self, m):
        program, shape, g = self._program, self._program.shape, self._program.shape.geometry
        m.submodules.control = LayerControl(
            program.layer_words if shape.layer_logic else program.contents("layer"),
            layout=struct(shape.layer_layout),
            position_bits=POSITION_BITS,
            tiles=shape.tiles,
            logic=shape.layer_logic,
        )
        m.submodules.input_buffer = InputBuffer(
            readers=shape.tiles,
            ports=shape.fetch_ports,
            blocks=shape.blocks,
            ou_rows=g.ou_rows,
            act_bits=g.act_bits,
            position_bits=POSITION_BITS,
        )
        for number in range(shape.tiles):
            m.submodules[f"tile{number}"] = Tile(program, number=number)
        if shape.tiles > 1:
            m.submodules.lead = TileLead(tiles=shape.tiles)
        # The datapath does not wait in the same cycle for what is ready behind it.
        m.submodules.results = Queue(self.o.p.shape(), depth=2)
        index = struct(shape.index_layout)
        m.submodules.accumulate = Accumulate(
            value_bits=value_bits(g),
            acc_bits=shape.acc_bits,
            ou_weights=g.ou_weights,
            outputs=shape.outputs,
            index=index[shape.index_layout.fields[-1].name].shape,
            tiles=shape.tiles,
        )
        m.submodules.output = Output(
            program.contents("channel"),
            layout=struct(shape.channel_layout),
            acc_bits=shape.acc_bits,
            out_bits=shape.out_bits,
            outputs=shape.outputs,
        )
