"""Input fetch: collects the inputs of the next OU while the present one is computed."""

from amaranth import Array, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.input_buffer import BufferRead
from hw.layouts import FetchedOu, IndexRecord, span

__all__ = ["InputFetch"]


class InputFetch(wiring.Component):
    """Turn index records into OUs with their own inputs.

    In ``block`` mode one read gives all inputs of an OU. In ``list`` mode entry ``e`` of a record
    is read by port ``e % ports`` in step ``e // ports``; its word is the row block, its lane the
    row in the block, and lane ``ou_rows`` means no input, which reads as zero.

    Latency is ``steps + 1`` cycles from a record, once its position is in the buffer, to ``o``;
    throughput is one OU in ``steps`` cycles; stalls when ``o`` does, with one complete OU waiting
    and the next one in collection, and while the position is not in the buffer.

    Parameters
    ----------
    index : layout
        Layout of an index word: ``block``, or ``blocks`` and ``lanes``, and then the outputs.
    ous : int
        OUs of the program.
    ports : int
        Read ports of the buffer.
    blocks, ou_rows, act_bits : int
        As in :class:`hw.input_buffer.InputBuffer`.

    Members
    -------
    empty : ``In(1)``
        The layer has no OUs: the one that is issued in their place has only zeros as inputs.
    i : ``In(stream.Signature(IndexRecord))``
        Index records.
    read : ``Out(BufferRead)``
        The input buffer.
    collecting : ``Out(1)``
        Inputs of an OU were read and are not at ``o`` yet.
    o : ``Out(stream.Signature(FetchedOu))``
        OUs, in the order of their records.
    """

    def __init__(self, *, index, ous, ports, blocks, ou_rows, act_bits):
        check_sizes(ous=ous, ports=ports, blocks=blocks, ou_rows=ou_rows, act_bits=act_bits)
        names = [name for name, _ in index]
        self._block_mode = "block" in names
        if not self._block_mode and names[:2] != ["blocks", "lanes"]:
            raise ValueError(f"index must begin with block, or with blocks and lanes, not {names}")
        most = 1 if self._block_mode else ou_rows
        if ports > most:
            raise ValueError(f"ports must be at most {most} for this index, not {ports}")
        self._ports = ports
        self._ou_rows = ou_rows
        fetched = FetchedOu(
            ou_rows=ou_rows, act_bits=act_bits, outputs=index[names[-1]].shape, ous=ous
        )
        super().__init__(
            {
                "empty": In(1),
                "i": In(stream.Signature(IndexRecord(index=index, ous=ous))),
                "read": Out(
                    BufferRead(ports=ports, blocks=blocks, ou_rows=ou_rows, act_bits=act_bits)
                ),
                "collecting": Out(1),
                "o": Out(stream.Signature(fetched)),
            }
        )

    @property
    def steps(self) -> int:
        """Cycles in which the inputs of one OU are read."""
        return 1 if self._block_mode else -(-self._ou_rows // self._ports)

    def elaborate(self, platform):
        m = Module()
        step = Signal(span(self.steps))
        issue, advance = Signal(), Signal()
        last_step = step == self.steps - 1
        # The read that was issued in the cycle before, now at the outputs of the memory.
        arriving, arriving_last = Signal(), Signal()
        record = Signal(self.i.p.shape())

        m.d.comb += [
            advance.eq(~(arriving & arriving_last & self.o.valid & ~self.o.ready)),
            issue.eq(self.i.valid & self.read.full & advance),
            self.i.ready.eq(issue & last_step),
            self.read.en.eq(advance),
            self.read.release.eq(issue & last_step & self.i.p.last),
            self.collecting.eq(arriving),
        ]
        with m.If(issue):
            m.d.sync += [step.eq(Mux(last_step, 0, step + 1)), record.eq(self.i.p)]
        with m.If(advance):
            m.d.sync += [arriving.eq(issue), arriving_last.eq(last_step)]

        collected = self._read_block(m) if self._block_mode else self._read_list(m, step, record)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(arriving & arriving_last & advance):
            m.d.sync += [
                self.o.valid.eq(1),
                self.o.p.ou.eq(record.ou),
                self.o.p.first.eq(record.first),
                self.o.p.last.eq(record.last),
                self.o.p.outputs.eq(record.index[list(dict(record.index.shape()))[-1]]),
            ]
            for act, value in zip(self.o.p.acts, collected, strict=True):
                m.d.sync += act.eq(Mux(self.empty, 0, value))
        return m

    def _read_block(self, m):
        m.d.comb += self.read.blocks[0].eq(self.i.p.index.block)
        return list(self.read.data[0])

    def _read_list(self, m, step, record):
        """Schedule the reads; return each entry's value, valid in the cycle that completes it."""
        at = Signal.like(step)
        with m.If(self.read.en):
            m.d.sync += at.eq(step)
        collected = []
        for port in range(self._ports):
            entries = range(port, self._ou_rows, self._ports)
            m.d.comb += self.read.blocks[port].eq(
                Array(self.i.p.index.blocks[entry] for entry in entries)[step]
            )
            lane = Array(record.index.lanes[entry] for entry in entries)[at]
            value = Signal.like(self.o.p.acts[0], name=f"value{port}")
            m.d.comb += value.eq(Array([*self.read.data[port], Const(0)])[lane])
            for turn, entry in enumerate(entries):
                held = Signal.like(value, name=f"held{entry}")
                with m.If(at == turn):
                    m.d.sync += held.eq(value)
                collected.append((entry, Mux(at == turn, value, held)))
        return [value for _, value in sorted(collected, key=lambda pair: pair[0])]
