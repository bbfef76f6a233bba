"""Input buffer: the activations of two output positions, one being filled while one is read."""

from amaranth import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import span

__all__ = ["BufferRead", "InputBuffer"]


class BufferRead(wiring.Signature):
    """Read side of the buffer, seen from the reader.

    Members
    -------
    full : ``In(1)``
        The oldest position that was not released is complete.
    release : ``Out(1)``
        The last read of that position is issued in this cycle; the next one becomes the oldest.
    en : ``Out(1)``
        Read in this cycle; without it the data stay as they were.
    blocks : ``Out(ArrayLayout(range(blocks), ports))``
        Row block that each port reads.
    data : ``In(ArrayLayout(ArrayLayout(unsigned(act_bits), ou_rows), ports))``
        What was read, one cycle later.
    """

    def __init__(self, *, ports, blocks, ou_rows, act_bits):
        word = data.ArrayLayout(unsigned(act_bits), ou_rows)
        super().__init__(
            {
                "full": In(1),
                "release": Out(1),
                "en": Out(1),
                "blocks": Out(data.ArrayLayout(span(blocks), ports)),
                "data": In(data.ArrayLayout(word, ports)),
            }
        )


class InputBuffer(wiring.Component):
    """Store the activations of output positions as words of one row block each.

    A position is ``last_block + 1`` beats of ``ou_rows`` activations. Lanes of the last beat from
    ``last_lanes`` on are stored as zero, whatever they carry. There is one copy of the memory for
    each read port of each reader, so that the ports never collide. Readers release a position one
    by one, and may read the next one before the others have released the first.

    Latency is one cycle from the last beat of a position to ``full``, and one from a read to its
    data; throughput is one beat per cycle, without a gap between positions, and one read a port per
    cycle; ``i`` stalls while both halves hold positions that some reader has not released.

    Parameters
    ----------
    readers : int
        Readers.
    ports : int
        Read ports of each.
    blocks : int
        Row blocks of a position, at most.
    ou_rows : int
        Activations in a row block.
    act_bits : int
        Width of an activation.
    position_bits : int
        Width of a number of positions.

    Members
    -------
    start : ``In(1)``
        Begin a layer.
    last_block : ``In(range(blocks))``
        Last row block of the layer; steady while it runs.
    last_lanes : ``In(range(ou_rows + 1))``
        Rows in that block, at least 1; steady while it runs.
    positions : ``In(position_bits)``
        Output positions of the layer, at least 1; beats beyond them are not taken.
    i : ``In(stream.Signature(ArrayLayout(unsigned(act_bits), ou_rows)))``
        Activations in row order.
    read : array of ``Out(BufferRead)``, flipped
        Read side of each reader.
    """

    def __init__(self, *, readers=1, ports, blocks, ou_rows, act_bits, position_bits):
        check_sizes(
            readers=readers,
            ports=ports,
            blocks=blocks,
            ou_rows=ou_rows,
            act_bits=act_bits,
            position_bits=position_bits,
        )
        read = BufferRead(ports=ports, blocks=blocks, ou_rows=ou_rows, act_bits=act_bits)
        super().__init__(
            {
                "start": In(1),
                "last_block": In(span(blocks)),
                "last_lanes": In(range(ou_rows + 1)),
                "positions": In(position_bits),
                "i": In(stream.Signature(data.ArrayLayout(unsigned(act_bits), ou_rows))),
                "read": In(read).array(readers),
            }
        )

    def elaborate(self, platform):
        m = Module()
        fill_half, running = Signal(), Signal()
        block = Signal.like(self.last_block)
        left = Signal.like(self.positions)
        last = block == self.last_block
        put = Signal()
        # For each reader: the halves that it has not released, and the one that it reads.
        held = [Signal(2, name=f"held{n}") for n, _ in enumerate(self.read)]
        halves = [Signal(name=f"read_half{n}") for n, _ in enumerate(self.read)]

        m.d.comb += [
            self.i.ready.eq(running & ~Cat(full.bit_select(fill_half, 1) for full in held).any()),
            put.eq(self.i.valid & self.i.ready),
        ]
        self._add_copies(m, write_at=Cat(block, fill_half), put=put, last=last, halves=halves)

        for read, full, read_half in zip(self.read, held, halves, strict=True):
            # Much waits for this, so it is a flip-flop: whether the half that is read next is full.
            present = full | ((put & last) << fill_half)
            m.d.sync += read.full.eq(present.bit_select(read_half ^ read.release, 1))
            with m.If(read.release):
                m.d.sync += [full.bit_select(read_half, 1).eq(0), read_half.eq(~read_half)]
            with m.If(put & last):
                m.d.sync += full.bit_select(fill_half, 1).eq(1)
        with m.If(put):
            m.d.sync += block.eq(Mux(last, 0, block + 1))
            with m.If(last):
                m.d.sync += [
                    fill_half.eq(~fill_half),
                    left.eq(left - 1),
                    running.eq(left != 0),
                ]
        with m.If(self.start):
            m.d.sync += [running.eq(1), left.eq(self.positions - 1)]
        return m

    def _add_copies(self, m, *, write_at, put, last, halves):
        """Make the memories: each takes every beat, each is read by one port of one reader."""
        beat = Signal(self.i.p.shape())
        for lane, (stored, given) in enumerate(zip(beat, self.i.p, strict=True)):
            m.d.comb += stored.eq(Mux(last & (lane >= self.last_lanes), 0, given))
        ports = [
            (reader, half, at, shown)
            for reader, half in zip(self.read, halves, strict=True)
            for at, shown in zip(reader.blocks, reader.data, strict=True)
        ]
        for port, (reader, half, at, shown) in enumerate(ports):
            memory = Memory(
                shape=beat.shape(),
                depth=1 << len(write_at),
                init=[],
                attrs={"ram_style": "block"},
            )
            m.submodules[f"copy{port}"] = memory
            write_port, read_port = memory.write_port(), memory.read_port()
            m.d.comb += [
                write_port.addr.eq(write_at),
                write_port.data.eq(beat),
                write_port.en.eq(put),
                read_port.addr.eq(Cat(at, half)),
                read_port.en.eq(reader.en),
                shown.eq(read_port.data),
            ]
