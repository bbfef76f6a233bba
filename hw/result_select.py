"""Result select: the results of the step that runs, from whatever computes them."""

from amaranth import Array, Module, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import span

__all__ = ["ResultSelect"]


class ResultSelect(wiring.Component):
    """Pass one of several streams on; the others stall.

    Latency is none; throughput is a result a cycle; stalls when ``o`` does.

    Parameters
    ----------
    sources : int
        Streams.
    out_bits : int
        Width of a result.

    Members
    -------
    select : ``In(range(sources))``
        Which; steady in a step.
    i0, i1, ... : ``In(stream.Signature(signed(out_bits)))``
        Results.
    o : ``Out(stream.Signature(signed(out_bits)))``
        Results of the selected stream.
    """

    def __init__(self, *, sources, out_bits):
        check_sizes(sources=sources, out_bits=out_bits)
        self._sources = sources
        results = stream.Signature(signed(out_bits))
        super().__init__(
            {"select": In(span(sources))}
            | {f"i{source}": In(results) for source in range(sources)}
            | {"o": Out(results)}
        )

    def elaborate(self, platform):
        m = Module()
        sources = [getattr(self, f"i{source}") for source in range(self._sources)]
        m.d.comb += [
            self.o.p.eq(Array(source.p for source in sources)[self.select]),
            self.o.valid.eq(Array(source.valid for source in sources)[self.select]),
        ]
        for number, source in enumerate(sources):
            m.d.comb += source.ready.eq((self.select == number) & self.o.ready)
        return m
