# amaranth: UnusedElaboratable=no
"""Unit tests of the input buffer, against a list of words."""

import random

import pytest

from hw.input_buffer import InputBuffer
from hw.testing import Watch, feed, run, sample, tick

ACT_BITS = 5


def buffer(*, readers=1, ports=1, blocks=3, ou_rows=4):
    return InputBuffer(
        readers=readers,
        ports=ports,
        blocks=blocks,
        ou_rows=ou_rows,
        act_bits=ACT_BITS,
        position_bits=4,
    )


def beats_of(rng, positions, blocks, ou_rows):
    """Positions of beats; the largest activation in every lane of the first, the rest random."""
    largest = (1 << ACT_BITS) - 1
    return [
        [
            [largest if position == 0 else rng.randint(0, largest) for _ in range(ou_rows)]
            for _ in range(blocks)
        ]
        for position in range(positions)
    ]


def flat(positions):
    return [beat for beats in positions for beat in beats]


def stored(beats, last_lanes):
    """What the words of a position hold: lanes without a row are zero."""
    end = beats[-1]
    return [*beats[:-1], end[:last_lanes] + [0] * (len(end) - last_lanes)]


def start(dut, *, last_block, last_lanes, positions):
    async def testbench(ctx):
        ctx.set(dut.last_block, last_block)
        ctx.set(dut.last_lanes, last_lanes)
        ctx.set(dut.positions, positions)
        ctx.set(dut.start, 1)
        await tick(ctx)
        ctx.set(dut.start, 0)

    return testbench


def read_all(dut, positions, last_lanes, *, seed=None, reader=0):
    """A testbench that reads every word of every position at every port, and compares."""
    read = dut.read[reader]

    async def testbench(ctx):
        rng = random.Random(seed)
        for beats in positions:
            while not ctx.get(read.full):
                await tick(ctx)
            words = stored(beats, last_lanes)
            for number in range(len(beats)):
                await tick(ctx, 0 if seed is None else rng.choice((0, 0, 1, 6)))
                # Each port has its own address: port 1 reads from the end.
                at = [number, len(beats) - 1 - number][: len(read.blocks)]
                for port, block in enumerate(at):
                    ctx.set(read.blocks[port], block)
                ctx.set(read.en, 1)
                ctx.set(read.release, number == len(beats) - 1)
                await tick(ctx)
                ctx.set(read.en, 0)
                ctx.set(read.release, 0)
                for port, block in enumerate(at):
                    assert list(ctx.get(read.data[port])) == words[block], (number, port)
        assert not ctx.get(read.full)

    return testbench


@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize(
    ("blocks", "ou_rows", "last_lanes"), [(1, 1, 1), (1, 4, 1), (3, 4, 2), (4, 3, 3), (5, 2, 1)]
)
@pytest.mark.parametrize("seed", [None, 3], ids="seed={}".format)
def test_matches_reference(ports, blocks, ou_rows, last_lanes, seed, tmp_path):
    positions = beats_of(random.Random(7), 5, blocks, ou_rows)
    dut = buffer(ports=ports, blocks=blocks, ou_rows=ou_rows)

    async def fill(ctx):
        await start(dut, last_block=blocks - 1, last_lanes=last_lanes, positions=5)(ctx)
        await feed(dut.i, flat(positions), seed=seed)(ctx)

    run(
        dut,
        fill,
        read_all(dut, positions, last_lanes, seed=seed and seed + 1),
        vcd=tmp_path / "input_buffer.vcd",
    )


@pytest.mark.parametrize("ports", [1, 2])
def test_several_readers(ports, tmp_path):
    """Each reads every position, some a position behind others; a half is free after the last."""
    positions = beats_of(random.Random(7), 6, 3, 4)
    dut = buffer(readers=3, ports=ports)
    beats = Watch(dut.i)

    async def fill(ctx):
        await start(dut, last_block=2, last_lanes=2, positions=6)(ctx)
        await feed(dut.i, flat(positions))(ctx)

    async def slow(ctx):
        await tick(ctx, 40)
        # The others have read two positions, and no third one was taken.
        assert [ctx.get(read.full) for read in dut.read] == [0, 1, 0]
        assert len(beats.payloads) == 6
        await read_all(dut, positions, 2, reader=1, seed=4)(ctx)

    run(
        dut,
        fill,
        read_all(dut, positions, 2, reader=0),
        slow,
        read_all(dut, positions, 2, reader=2, seed=3),
        watches=[beats],
        vcd=tmp_path / "input_buffer.vcd",
    )
    assert len(beats.payloads) == 18


def test_smaller_layer(tmp_path):
    """A layer with fewer blocks than the buffer has, after a larger one."""
    rng = random.Random(1)
    layers = [(3, 2, beats_of(rng, 3, 3, 4)), (1, 3, beats_of(rng, 4, 1, 4))]
    dut = buffer()

    async def fill(ctx):
        for blocks, last_lanes, positions in layers:
            await start(
                dut, last_block=blocks - 1, last_lanes=last_lanes, positions=len(positions)
            )(ctx)
            await feed(dut.i, flat(positions))(ctx)
            while ctx.get(dut.read[0].full):
                await tick(ctx)

    async def read(ctx):
        for _, last_lanes, positions in layers:
            await read_all(dut, positions, last_lanes)(ctx)

    run(dut, fill, read, vcd=tmp_path / "input_buffer.vcd")


def test_latency_and_throughput(tmp_path):
    """A beat a cycle without a gap, two positions deep; full one cycle after the last beat."""
    positions = beats_of(random.Random(2), 3, 3, 4)
    dut = buffer()
    watch = Watch(dut.i)
    full = []

    async def fill(ctx):
        await start(dut, last_block=2, last_lanes=4, positions=3)(ctx)
        await feed(dut.i, flat(positions))(ctx)

    async def look(ctx):
        full.clear()
        for cycle in range(16):
            ctx.set(dut.read[0].release, cycle == 10)
            full.append(await sample(ctx, dut.read[0].full))

    run(dut, fill, look, watches=[watch], vcd=tmp_path / "input_buffer.vcd")
    # Two positions follow the start; the third comes when a half was released in cycle 10.
    assert watch.cycles == [1, 2, 3, 4, 5, 6, 11, 12, 13]
    assert full.index(1) == 3 + 1
    assert full[4:] == [1] * 12


def test_read_data_stay(tmp_path):
    """Without ``en`` the data stay, whatever the address is, and though the half is refilled."""
    positions = beats_of(random.Random(3), 3, 2, 4)
    dut = buffer(blocks=2)

    async def fill(ctx):
        await start(dut, last_block=1, last_lanes=4, positions=3)(ctx)
        await feed(dut.i, flat(positions))(ctx)

    async def read(ctx):
        while not ctx.get(dut.read[0].full):
            await tick(ctx)
        ctx.set(dut.read[0].blocks[0], 1)
        ctx.set(dut.read[0].en, 1)
        ctx.set(dut.read[0].release, 1)
        await tick(ctx)
        ctx.set(dut.read[0].en, 0)
        ctx.set(dut.read[0].release, 0)
        ctx.set(dut.read[0].blocks[0], 0)
        for _ in range(8):
            assert list(ctx.get(dut.read[0].data[0])) == positions[0][1]
            await tick(ctx)

    run(dut, fill, read, vcd=tmp_path / "input_buffer.vcd")


def test_takes_no_more_than_the_layer(tmp_path):
    """Beats beyond the positions of a layer are left for the next one."""
    dut = buffer(blocks=1)
    watch = Watch(dut.i)

    async def fill(ctx):
        ctx.set(dut.i.valid, 1)
        await tick(ctx, 3)
        await start(dut, last_block=0, last_lanes=4, positions=1)(ctx)
        await tick(ctx, 5)

    run(dut, fill, watches=[watch], vcd=tmp_path / "input_buffer.vcd")
    assert watch.cycles == [4]


@pytest.mark.parametrize("name", ["ports", "blocks", "ou_rows", "act_bits", "position_bits"])
def test_wrong_size(name):
    sizes = {"ports": 1, "blocks": 1, "ou_rows": 1, "act_bits": 1, "position_bits": 1}
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        InputBuffer(**(sizes | {name: 0}))
