"""Network view: what the monitor of a network engine shows of it."""

from amaranth import Cat

from arch.program import tile_name
from hw.network_layouts import NetworkMonitor
from hw.tile import value_bits

__all__ = ["network_monitor", "show_inside"]


def network_monitor(shape):
    """The layout of the monitor of an engine of ``shape``, a network shape."""
    engine = shape.engine
    return NetworkMonitor(
        out_bits=shape.out_bits,
        at_bits=shape.at_bits,
        steps=shape.steps,
        tiles=engine.tiles,
        ous=engine.ous,
        act_bits=engine.geometry.act_bits,
        value_bits=value_bits(engine.geometry),
        ou_weights=engine.geometry.ou_weights,
    )


def show_inside(m, program, engine):
    """Connect the monitor of a network engine to the components in its module.

    What the control bus does is shown by what is around the engine.

    Parameters
    ----------
    m : Module
        Of the engine, with its components.
    program : :class:`arch.network_program.NetworkProgram`
        What it runs.
    engine : :class:`hw.network_engine.NetworkEngine`
        Whose ports they are.
    """
    control, store, layers = m.submodules.control, m.submodules.store, m.submodules.layers
    monitor, tiles = engine.monitor, program.shape.engine.tiles
    ous = tile_name("input_fetch", 0, tiles)
    m.d.comb += [
        monitor.result.eq(store.taken),
        monitor.value.eq(store.i.p),
        monitor.at.eq(store.at),
        monitor.start.eq(control.start),
        monitor.done.eq(store.done),
        monitor.step.eq(control.number),
        monitor.cycles.eq(control.cycles),
        monitor.planes.eq(layers.planes),
        monitor.plane.eq(Cat(tile.plane for tile in layers.monitor.tiles).any()),
        monitor.offered.ous.eq(layers.monitor.offered[ous]),
        monitor.taken.ous.eq(layers.monitor.taken[ous]),
        monitor.begin.eq(engine.progress.begin),
        monitor.end.eq(engine.progress.end),
    ]
    for number, inside in enumerate(layers.monitor.tiles):
        shown = monitor.tiles[number]
        m.d.comb += [
            shown.cause.eq(engine.cause[number]),
            *(shown[name].eq(inside[name]) for name in ("issue", "result", "values")),
        ]
    for name, stalling in {
        "i": engine.i,
        "runs": m.submodules.walk.o,
        "read_runs": m.submodules.read.o,
        "beats": m.submodules.pack.o,
        "layer_results": layers.o,
        "results": store.i,
        "o": engine.o,
    }.items():
        m.d.comb += [
            monitor.offered[name].eq(stalling.valid),
            monitor.taken[name].eq(stalling.ready),
        ]
