"""Step guard: ends a program that makes no sense, before it hangs or writes where it must not."""

from amaranth import Const, Module, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from arch.network_shape import STEP_KINDS
from arch.registers import Error
from hw.arguments import check_sizes
from hw.network_layouts import CODE_BITS

__all__ = ["StepGuard", "patience"]

PATIENCE = 2048
"""Cycles in which nothing moves before a step is given up, at least."""
_AROUND = 64  # cycles of the pipeline before and behind the reading of OUs, and more


def patience(*, outputs, ous):
    """Cycles in which nothing moves before a step is given up.

    They are more than the accumulators of so many outputs take to be cleared after a reset, and
    than so many OUs without planes take to be read: the guard sees them in the first tile only.
    """
    return max(PATIENCE, 1 << (2 * outputs).bit_length(), 1 << (2 * ous + _AROUND).bit_length())


class StepGuard(wiring.Component):
    """Look at a step before it starts, and at the engine while it runs.

    Latency is none from a step to ``known``, from ``write`` to ``permitted`` and ``fault``, and of
    results; ``patience + 1`` cycles without a move to ``fault``, and one from ``known`` or
    ``fault`` to ``code``; throughput is a step at a time; results stall when ``o`` does.

    Parameters
    ----------
    layout : layout
        Layout of a step.
    layers : int
        Layers that the engine can hold.
    elements : int
        Elements of the feature memory.
    patience : int
        Cycles in which nothing moves before the step is given up, a power of two.
    out_bits : int
        Width of a result.

    Members
    -------
    step : ``In(layout)``
        The step that is to start.
    over : ``In(1)``
        No step follows it.
    known : ``Out(1)``
        It can start.
    active : ``In(1)``
        A step runs, or waits for the others to be ready.
    moves : ``In(1)``
        Something moves in this cycle, or the world outside is waited for.
    write : ``In(1)``
        A result is to be written into the feature memory in this cycle.
    write_at : ``In``
        Where, with one bit more than an address; valid with ``write``.
    permitted : ``Out(1)``
        There is such a place.
    fault : ``Out(1)``
        The step must end.
    refused : ``In(1)``
        The step was refused, or has ended for a fault.
    i, o : ``stream.Signature(signed(out_bits))``
        Results of the step; none pass any more when it was refused.
    code : ``Out(8)``
        Why: :class:`arch.registers.Error`; valid with ``refused``.
    """

    def __init__(self, *, layout, layers, elements, patience, out_bits):
        check_sizes(layers=layers, elements=elements, patience=patience, out_bits=out_bits)
        if patience & (patience - 1):
            raise ValueError(f"patience must be a power of two, not {patience}")
        self._layers, self._elements, self._patience = layers, elements, patience
        super().__init__(
            {
                "step": In(layout),
                "over": In(1),
                "known": Out(1),
                "active": In(1),
                "moves": In(1),
                "write": In(1),
                "write_at": In(layout["store_at"].shape.width + 1),
                "permitted": Out(1),
                "fault": Out(1),
                "refused": In(1),
                "i": In(stream.Signature(signed(out_bits))),
                "o": Out(stream.Signature(signed(out_bits))),
                "code": Out(CODE_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        step = self.step
        wrong, happened = Signal(CODE_BITS), Signal(CODE_BITS)
        moved = Signal()
        still = Signal(range(self._patience + 1))  # cycles in which nothing moved
        inside = self.write_at < self._elements
        m.d.comb += [
            self.known.eq(wrong == Error.NONE),
            self.permitted.eq(self.write & inside),
            self.o.p.eq(self.i.p),
            self.o.valid.eq(self.i.valid & ~self.refused),
            self.i.ready.eq(self.o.ready & ~self.refused),
        ]
        with m.If(step.kind >= len(STEP_KINDS)):
            m.d.comb += wrong.eq(Error.STEP_KIND)
        with m.Elif((step.kind == STEP_KINDS.index("layer")) & _beyond(step.layer, self._layers)):
            m.d.comb += wrong.eq(Error.STEP_LAYER)
        with m.Elif(step.store & _beyond(step.store_at, self._elements)):
            m.d.comb += wrong.eq(Error.MAP_ADDRESS)
        with m.Elif(self.over & ~step.program_last):
            m.d.comb += wrong.eq(Error.PROGRAM_END)

        m.d.sync += [moved.eq(self.moves | ~self.active), still.eq(still + 1)]
        with m.If(moved):
            m.d.sync += still.eq(0)
        with m.If(self.write & ~inside):
            m.d.comb += happened.eq(Error.MAP_ADDRESS)
        with m.Elif(still[-1]):
            m.d.comb += happened.eq(Error.NO_PROGRESS)
        m.d.comb += self.fault.eq(happened != Error.NONE)
        with m.If(~self.refused):
            m.d.sync += self.code.eq(wrong)
            with m.If(self.fault):
                m.d.sync += self.code.eq(happened)
        return m


def _beyond(number, count):
    """Whether a number is not below a count; a comparison that no number can fail is left out."""
    return number >= count if count < 1 << len(number) else Const(0)
