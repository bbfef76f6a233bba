"""Cycle cause: what every cycle was used for."""

from amaranth import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from arch.registers import IDLE_CAUSES
from hw.layouts import Activity

__all__ = ["CycleCause", "CycleCauses"]


class CycleCauses(data.StructLayout):
    """What a cycle of a tile was used for, exactly one of the members.

    Members
    -------
    planes : ``unsigned(1)``
        A plane is issued.
    stopped, steps, load, ... : ``unsigned(1)``
        None is, for this reason: :data:`arch.registers.IDLE_CAUSES`.
    """

    def __init__(self):
        super().__init__(dict.fromkeys(("planes", *IDLE_CAUSES), 1))


class CycleCause(wiring.Component):
    """Say of each cycle whether a tile issues a plane, and if not, why not.

    This is the definition of every cause of an idle cycle: the first that applies, in the order of
    ``elaborate``. Of a layer it is what the next plane waits for, seen from the OU controller.

    Latency is none; throughput is a cycle a cycle; never stalls.

    Members
    -------
    stopped : ``In(1)``
        No image may begin, or a step was refused.
    running : ``In(1)``
        A step runs.
    loading, operating : ``In(1)``
        It is the input; it is an operation; else it is a layer. Valid with ``running``.
    layer : ``In(Activity)``
        What the tile does.
    cause : ``Out(CycleCauses)``
        One bit of it is high.
    """

    stopped: In(1)
    running: In(1)
    loading: In(1)
    operating: In(1)
    layer: In(Activity())
    cause: Out(CycleCauses())

    def elaborate(self, platform):
        m = Module()
        layer, cause = self.layer, self.cause
        with m.If(layer.plane):
            m.d.comb += cause.planes.eq(1)
        with m.Elif(self.stopped):
            m.d.comb += cause.stopped.eq(1)
        with m.Elif(~self.running):
            m.d.comb += cause.steps.eq(1)
        with m.Elif(self.loading):
            m.d.comb += cause.load.eq(1)
        with m.Elif(self.operating):
            m.d.comb += cause.operation.eq(1)
        with m.Elif(layer.ahead):
            m.d.comb += cause.balance.eq(1)
        with m.Elif(layer.ou & ~layer.taken):  # no bank of accumulators is free
            m.d.comb += cause.output.eq(1)
        with m.Elif(layer.ou | layer.collecting):
            m.d.comb += cause.input.eq(1)
        with m.Elif(~layer.more):  # all planes have been issued
            m.d.comb += cause.output.eq(1)
        with m.Elif(~layer.window):
            m.d.comb += cause.window.eq(1)
        with m.Elif(~layer.record):
            m.d.comb += cause.index.eq(1)
        with m.Else():  # the first read of an OU
            m.d.comb += cause.input.eq(1)
        return m
