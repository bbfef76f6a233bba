"""Run control: when images begin, and what is remembered of their end and of errors."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch.registers import Error
from hw.arguments import check_sizes
from hw.network_layouts import CODE_BITS, Progress

__all__ = ["RunControl"]


class RunControl(wiring.Component):
    """Permit images, and watch them.

    Latency is one cycle from ``start`` to ``permit``, and from what happens to what is shown of it;
    throughput is an image at a time; never stalls.

    Parameters
    ----------
    steps : int
        Steps of the program.

    Members
    -------
    enable : ``In(1)``
        Images may begin.
    start : ``In(1)``
        One may begin even so; a second start before it has begun changes nothing.
    reset : ``In(1)``
        The engine begins anew with the next cycle.
    progress : ``In(Progress)``
        Where it is.
    fault : ``In(1)``
        The bus was used where there is no register.
    table_fault : ``In(1)``
        Something is wrong with the tables that are loaded, or with what is read back of them.
    table_code : ``In(8)``
        What; valid with ``table_fault``.
    permit : ``Out(1)``
        An image may begin.
    busy : ``Out(1)``
        An image is in work.
    error : ``Out(1)``
        There is an error in this cycle.
    raised : ``Out(8)``
        Which; valid with ``error``.
    held : ``In(1)``
        The flag of an earlier error is still set, so that code and step stay.
    code : ``Out(8)``
        :class:`arch.registers.Error` of the first error; one cycle after it.
    step : ``Out(range(steps))``
        Number of the step at that time.
    """

    def __init__(self, *, steps):
        check_sizes(steps=steps)
        progress = Progress(steps=steps)
        super().__init__(
            {
                "enable": In(1),
                "start": In(1),
                "reset": In(1),
                "progress": In(progress),
                "fault": In(1),
                "table_fault": In(1),
                "table_code": In(CODE_BITS),
                "permit": Out(1),
                "busy": Out(1),
                "error": Out(1),
                "raised": Out(CODE_BITS),
                "held": In(1),
                "code": Out(CODE_BITS),
                "step": Out(progress["step"].shape),
            }
        )

    def elaborate(self, platform):
        m = Module()
        wanted, refused, refuses = Signal(), Signal(), Signal()
        m.d.sync += refused.eq(self.progress.refused)
        m.d.comb += [
            self.permit.eq(self.enable | wanted),
            refuses.eq(self.progress.refused & ~refused),
            self.error.eq(refuses | self.table_fault | self.fault),
        ]
        with m.If(self.progress.begin):
            m.d.sync += [wanted.eq(0), self.busy.eq(1)]
        with m.If(self.progress.end):
            m.d.sync += self.busy.eq(0)
        with m.If(self.start):
            m.d.sync += wanted.eq(1)
        with m.If(self.reset):
            m.d.sync += [wanted.eq(0), self.busy.eq(0)]
        with m.If(refuses):
            m.d.comb += self.raised.eq(self.progress.code)
        with m.Elif(self.table_fault):
            m.d.comb += self.raised.eq(self.table_code)
        with m.Else():
            m.d.comb += self.raised.eq(Error.ADDRESS)
        with m.If(self.error & ~self.held):
            m.d.sync += [self.step.eq(self.progress.step), self.code.eq(self.raised)]
        return m
