"""Result stream: results of the network become transfers of AXI4-Stream."""

from amaranth import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.axi.axi_ports import AxiStream
from hw.network_layouts import Score
from hw.queue import Queue

__all__ = ["ResultStream"]

_VALUE_BITS, _INDEX_BITS = 16, 15
_WORD_BYTES = 4


class ResultStream(wiring.Component):
    """Give each result as the word of ``docs/link.md``; ``tlast`` marks the last one of an image.

    Every output of ``axis`` comes from a flip-flop or from the two places of the queue alone.

    Latency is one cycle; throughput is a result a cycle; stalls while two results wait.

    Parameters
    ----------
    score : Score
        Layout of the results.

    Members
    -------
    i : ``In(stream.Signature(Score))``
        Results.
    axis : ``Out(AxiStream)``
        Words of 32 bits.
    """

    def __init__(self, score):
        if not isinstance(score, Score):
            raise TypeError(f"score must be a Score, not {score!r}")
        if score["value"].width > _VALUE_BITS:
            raise ValueError(f"a value has at most {_VALUE_BITS} bits, not {score['value'].width}")
        super().__init__(
            {
                "i": In(stream.Signature(score)),
                "axis": Out(AxiStream(data_bytes=_WORD_BYTES)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word = data.StructLayout({"value": _VALUE_BITS, "index": _INDEX_BITS, "last": 1})
        m.submodules.queue = queue = Queue(word, depth=2)
        score = self.i.p
        m.d.comb += [
            self.i.ready.eq(queue.i.ready),
            queue.i.valid.eq(self.i.valid),
            queue.i.p.value.eq(score.value),
            queue.i.p.last.eq(score.last),
            self.axis.tvalid.eq(queue.o.valid),
            self.axis.tdata.eq(queue.o.p),
            self.axis.tlast.eq(queue.o.p.last),
            queue.o.ready.eq(self.axis.tready),
        ]
        if "index" in score.shape().members:
            m.d.comb += queue.i.p.index.eq(score.index)
        return m
