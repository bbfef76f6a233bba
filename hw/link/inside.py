"""Inside: trace and probe of a link, with their registers."""

from amaranth.lib.wiring import connect

from arch.trace_event import EVENT_WORDS
from arch.trace_registers import TRACE_REGISTERS
from hw.link.probe import Probe
from hw.link.trace import Trace

__all__ = ["absent_registers", "add_probe", "add_trace"]


def absent_registers(link):
    """Registers of what a link does not have.

    Parameters
    ----------
    link : :class:`arch.link_shape.LinkShape`
        Its sizes.
    """
    there = {"trace": bool(link.trace_events), "probe": link.probe}
    return [r for r in TRACE_REGISTERS if not there[r.name.partition("_")[0]]]


def add_trace(m, shape, *, events, monitor, registers, bus):
    """Add a trace to a link.

    Parameters
    ----------
    m : Module
        Of the link.
    shape : :class:`arch.network_shape.NetworkShape`
        Of the engine.
    events : int
        Events that the trace holds.
    monitor : view
        That of the engine.
    registers : :class:`hw.register_block.RegisterBlock`
        Those of the link.
    bus : Wishbone interface
        For the memory.
    """
    m.submodules.trace = trace = Trace(shape, events=events)
    connect(m, bus, trace.bus)
    control, status, steps = registers.trace_control, registers.trace_status, registers.trace_steps
    m.d.comb += [
        trace.monitor.eq(monitor),
        *(getattr(trace, name).eq(getattr(control, name)) for name in _CONTROL),
        trace.first_step.eq(steps.first),
        trace.last_step.eq(steps.last),
        trace.passes.eq(registers.trace_pass.events),
        status.running.eq(trace.running),
        status.wrapped.eq(trace.wrapped),
        status.next.eq(trace.next),
        registers.trace_lost.value.eq(trace.lost),
        registers.trace_shape.events.eq(events),
        registers.trace_shape.words.eq(EVENT_WORDS),
    ]


def add_probe(m, shape, *, monitor, registers):
    """Add a probe to a link; parameters as those of :func:`add_trace`."""
    m.submodules.probe = probe = Probe(shape)
    m.d.comb += [
        probe.monitor.eq(monitor),
        probe.arm.eq(registers.probe_control.arm),
        probe.step.eq(registers.probe_select.step),
        probe.tile.eq(registers.probe_select.tile),
        probe.number.eq(registers.probe_ou.number),
        registers.probe_status.ou.eq(probe.ou),
        registers.probe_status.step.eq(probe.done),
        registers.probe_results.value.eq(probe.results),
        registers.probe_check.value.eq(probe.check),
    ]
    for register, value in zip(registers.probe_value, probe.values, strict=True):
        m.d.comb += register.value.eq(value)


_CONTROL = ("start", "stop", "ring", "kinds")
