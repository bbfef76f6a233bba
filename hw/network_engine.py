"""Network engine: an image in, class scores out."""

from amaranth import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.network_program import NetworkProgram
from arch.network_shape import INDEX_BITS, OPERANDS, STEP_KINDS, WORD_BITS
from arch.program import POSITION_BITS
from arch.registers import Error
from arch.walk import LEVELS, WINDOW_LEVELS
from hw.argmax import Argmax
from hw.beat_pack import BeatPack
from hw.cycle_cause import CycleCause, CycleCauses
from hw.feature_memory import FeatureMemory
from hw.layer_engine import LayerEngine
from hw.layouts import struct
from hw.network_layouts import Progress, Score
from hw.network_view import network_monitor, show_inside
from hw.operate import Operate
from hw.queue import Queue
from hw.result_select import ResultSelect
from hw.result_store import ResultStore
from hw.rom import TableReadBack, load_port, pass_on
from hw.run_read import RunRead
from hw.step_control import StepControl
from hw.step_fields import give_step
from hw.step_guard import StepGuard, patience
from hw.window_walk import WindowWalk

__all__ = ["NetworkEngine"]

BYTE_BITS = 8


class NetworkEngine(wiring.Component):
    """Run a network on one image after the other.

    Each image comes as bytes in the order channel, row, column, an activation code each. The
    results of the last step leave in their order, the last of them marked; or, with ``argmax``,
    only the largest of them.

    Latency and throughput are those of :func:`arch.network_cycles.network_cycles`, exactly, when
    neither stream stalls; ``i`` stalls while an image is computed, and a stalled ``o`` stalls the
    last step.

    Parameters
    ----------
    program : :class:`arch.network_program.NetworkProgram`
        Sizes and memory contents.

    Members
    -------
    permit : ``In(1)``
        An image may begin.
    i : ``In(stream.Signature(unsigned(8)))``
        Images; two's complement if their reader says so.
    o : ``Out(stream.Signature(Score))``
        Results.
    progress : ``Out(Progress)``
        Where the engine is.
    cause : ``Out(ArrayLayout(CycleCauses, tiles))``
        What each tile uses this cycle for.
    skipped : ``Out``
        OU planes that were skipped in this cycle.
    monitor : ``Out(NetworkMonitor)``
        The inside, for testbenches and traces; leave it open otherwise.
    hold : ``In(1)``
        No image may begin: the memories do not hold what they should, or are read back.
    read_back : ``In(TableReadBack)``
        Reads the memories; valid with ``hold``, after a reset; only if they can be read back.
    load : ``In(TableLoad)``
        Writes them; only if their words are not baked in.
    """

    def __init__(self, program):
        if not isinstance(program, NetworkProgram):
            raise TypeError(f"program must be a NetworkProgram, not {program!r}")
        self._program = program
        shape = program.shape
        self._layers = LayerEngine(program.layers, read_back=shape.read_back)
        index_bits = INDEX_BITS if shape.argmax else None
        read_back = {"read_back": In(TableReadBack(shape.memories))} if shape.read_back else {}
        super().__init__(
            {
                "permit": In(1, init=1),
                "i": In(stream.Signature(BYTE_BITS)),
                "o": Out(stream.Signature(Score(out_bits=shape.out_bits, index_bits=index_bits))),
                "progress": Out(Progress(steps=shape.steps)),
                "cause": Out(data.ArrayLayout(CycleCauses(), shape.engine.tiles)),
                "skipped": Out(self._layers.skipped.shape()),
                "monitor": Out(network_monitor(shape)),
                "hold": In(1),
                **load_port(shape),
                **read_back,
            }
        )

    def elaborate(self, platform):
        m = Module()
        self._add_components(m)
        control, walk, read = m.submodules.control, m.submodules.walk, m.submodules.read
        pack, operate, layers = m.submodules.pack, m.submodules.operate, m.submodules.layers
        select, store = m.submodules.select, m.submodules.store
        step = control.step

        for source, sink in (
            (walk.o, m.submodules.runs.i),
            (m.submodules.runs.o, read.i),
            (pack.o, layers.i),
            (operate.o, select.i2),
            *self._results(m, store.o),
        ):
            connect(m, source, sink)
        # A step is checked in the cycle before it starts: then this is known.
        is_layer, walks = Signal(), Signal()
        m.d.sync += [
            is_layer.eq(step.kind == STEP_KINDS.index("layer")),
            walks.eq(step.kind != STEP_KINDS.index("input")),
        ]
        m.d.comb += [
            control.permit.eq(self.permit),
            control.hold.eq(self.hold),
            control.ready.eq(layers.command.ready),
            control.done.eq(store.done),
            walk.start.eq(control.start & walks),
            store.start.eq(control.start),
            layers.command.valid.eq(control.start & is_layer),
            layers.command.p.layer.eq(step.layer),
            layers.command.p.positions.eq(step.positions),
            # Windows go to the layer engine as beats, to an operation as elements.
            pack.i.p.eq(read.o.p),
            pack.i.valid.eq(read.o.valid & is_layer),
            operate.i.p.eq(read.o.p),
            operate.i.valid.eq(read.o.valid & ~is_layer),
            read.o.ready.eq(pack.i.ready & operate.i.ready),  # who gets nothing is ready
            # The kinds of step in their order.
            select.select.eq(step.kind),
            select.i0.p.eq(self.i.p),
            select.i0.valid.eq(self.i.valid),
            self.i.ready.eq(select.i0.ready),
            select.i1.p.eq(layers.o.p.value),
            select.i1.valid.eq(layers.o.valid),
            layers.o.ready.eq(select.i1.ready),
        ]
        give_step(m, step, walk=walk, read=read, operate=operate, store=store)
        self._add_memory(m, read, store)
        if self._program.shape.read_back:
            self._pass_on(m, "read_back")
        if self._program.shape.engine.loadable:
            self._guard(m)
        else:
            connect(m, select.o, store.i)
            m.d.comb += control.known.eq(step.kind < len(STEP_KINDS))
            m.d.comb += self.progress.code.eq(Error.STEP_KIND)
        self._account(m)
        show_inside(m, self._program, self)
        return m

    def _add_components(self, m):
        program, shape = self._program, self._program.shape
        geometry = shape.engine.geometry
        run = {"lanes": shape.lanes, "beat": geometry.ou_rows}
        sizes = {"at_bits": shape.at_bits, "code_bits": shape.code_bits}
        layout = struct(shape.step_layout)
        steps = program.words if shape.step_logic else program.contents("step")
        m.submodules.control = StepControl(
            steps, word_bits=WORD_BITS, layout=layout, logic=shape.step_logic
        )
        m.submodules.walk = WindowWalk(
            levels=LEVELS,
            window_levels=WINDOW_LEVELS,
            at_bits=shape.at_bits,
            count_bits=shape.count_bits,
            place_bits=shape.place_bits,
            **run,
        )
        # What is ready behind a queue depends on nothing in front of it.
        m.submodules.runs = Queue(m.submodules.walk.o.p.shape(), depth=2)
        m.submodules.read = RunRead(**sizes, **run)
        m.submodules.pack = BeatPack(code_bits=shape.code_bits, act_bits=geometry.act_bits, **run)
        m.submodules.operate = Operate(
            code_bits=shape.code_bits,
            multiplier_bits=layout["multiplier"].shape.elem_shape.width,
            shift_bits=layout["shift"].shape.width,
            sum_bits=shape.sum_bits,
            out_bits=shape.out_bits,
            operands=OPERANDS,
            **run,
        )
        m.submodules.layers = self._layers
        for tile in range(shape.engine.tiles):
            m.submodules[f"cycle_cause{tile}"] = CycleCause()
        m.submodules.select = ResultSelect(sources=len(STEP_KINDS), out_bits=shape.out_bits)
        m.submodules.store = ResultStore(
            # An address that nobody checked must not wrap.
            at_bits=shape.at_bits + shape.engine.loadable,
            code_bits=shape.code_bits,
            count_bits=shape.count_bits,
            position_bits=POSITION_BITS,
            out_bits=shape.out_bits,
        )
        if shape.engine.loadable:
            m.submodules.guard = StepGuard(
                layout=layout,
                layers=shape.engine.layers,
                elements=shape.depth,
                patience=patience(outputs=shape.engine.outputs, ous=shape.engine.ous),
                out_bits=shape.out_bits,
            )

    def _results(self, m, results):
        """What is connected from the results of the last step to the outside."""
        if not self._program.shape.argmax:
            return [(results, flipped(self.o))]
        argmax = Argmax(out_bits=self._program.shape.out_bits, index_bits=INDEX_BITS)
        m.submodules.argmax = argmax
        return [(results, argmax.i), (argmax.o, flipped(self.o))]

    def _add_memory(self, m, read, store):
        shape, loadable = self._program.shape, self._program.shape.engine.loadable
        m.submodules.maps = maps = FeatureMemory(
            lanes=shape.lanes, depth=shape.depth, code_bits=shape.code_bits
        )
        m.d.comb += [
            maps.write.eq(m.submodules.guard.permitted if loadable else store.write),
            maps.write_at.eq(store.write_at),
            maps.code.eq(store.code),
            maps.read.eq(read.read),
            maps.read_at.eq(read.read_at),
            read.values.eq(maps.values),
        ]

    def _pass_on(self, m, kind):
        """Connect the ports of a kind to the memories."""
        inside, names = getattr(self._layers, kind), self._program.shape.engine.memories
        steps = {} if self._program.shape.step_logic else {"step": m.submodules.control}
        homes = {name: getattr(home, kind) for name, home in steps.items()}
        pass_on(m, getattr(self, kind), homes | {name: getattr(inside, name) for name in names})

    def _guard(self, m):
        """Load the memories, and trust no step: what was loaded may be anything."""
        control, store, guard = m.submodules.control, m.submodules.store, m.submodules.guard
        connect(m, m.submodules.select.o, guard.i)
        connect(m, guard.o, store.i)
        self._pass_on(m, "load")
        moves = self.monitor.offered.as_value() & self.monitor.taken.as_value()
        waits = (self.i.ready & ~self.i.valid) | (self.o.valid & ~self.o.ready)
        m.d.comb += [
            control.known.eq(guard.known),
            control.fault.eq(guard.fault),
            guard.step.eq(control.step),
            guard.over.eq(control.over),
            guard.active.eq(~control.stopped),
            guard.refused.eq(control.refused),
            guard.moves.eq(moves.any() | self.monitor.plane | waits),
            guard.write.eq(store.write),
            guard.write_at.eq(store.write_at),
            self.progress.code.eq(guard.code),
        ]

    def _account(self, m):
        """Say where the engine is, and what each cycle is used for."""
        control = m.submodules.control
        kind = control.step.kind
        m.d.comb += [
            self.progress.begin.eq(control.start & (control.number == 0)),
            self.progress.end.eq(control.done & control.step.program_last),
            self.progress.stopped.eq(control.stopped),
            self.progress.refused.eq(control.refused),
            self.progress.step.eq(control.number),
            self.skipped.eq(m.submodules.layers.skipped),
        ]
        for tile, activity in enumerate(m.submodules.layers.activity):
            cycle_cause = m.submodules[f"cycle_cause{tile}"]
            m.d.comb += [
                cycle_cause.stopped.eq(control.stopped),
                cycle_cause.running.eq(control.running),
                cycle_cause.loading.eq(kind == STEP_KINDS.index("input")),
                cycle_cause.operating.eq(kind == STEP_KINDS.index("operation")),
                cycle_cause.layer.eq(activity),
                self.cause[tile].eq(cycle_cause.cause),
            ]
