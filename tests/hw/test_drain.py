# amaranth: UnusedElaboratable=no
"""Unit tests of the drain."""

import pytest

from hw.drain import Drain
from hw.testing import Watch, run, sample, take, tick


def drain(*, depth=5, columns=1, outputs=None):
    return Drain(depth=depth, columns=columns, outputs=outputs or depth * columns)


def channels(positions, outputs, columns):
    """Outputs of positions in alternating banks."""
    return [
        {
            "bank": position % 2,
            "column": output % columns,
            "channel": output,
            "last": int(output == outputs - 1),
        }
        for position in range(positions)
        for output in range(outputs)
    ]


async def prepare(ctx, dut):
    while not ctx.get(dut.prepared):
        await tick(ctx)


async def finish(ctx, dut, bank):
    ctx.set(dut.finish[0], 1 << bank)
    await tick(ctx)
    ctx.set(dut.finish[0], 0)


@pytest.mark.parametrize(
    ("depth", "columns", "outputs"),
    [(1, 1, 1), (5, 1, 5), (5, 1, 2), (3, 2, 6), (3, 2, 5), (2, 4, 8), (2, 4, 3), (1, 4, 1)],
)
@pytest.mark.parametrize("seed", [None, 1, 2], ids="seed={}".format)
def test_walks_over_outputs(depth, columns, outputs, seed, tmp_path):
    """Every output of four positions once; its word is read just before and cleared once."""
    positions = 4
    dut = drain(depth=depth, columns=columns)
    watch = Watch(dut.o)
    reads, clears, freed = [], [], []

    async def produce(ctx):
        ctx.set(dut.last_output, outputs - 1)
        await prepare(ctx, dut)
        for position in range(positions):
            while position - len(freed) >= 2:
                await tick(ctx)
            await finish(ctx, dut, position % 2)
            await tick(ctx, position)

    async def look(ctx):
        for record in (reads, clears, freed):
            record.clear()
        await prepare(ctx, dut)
        while True:
            read, read_at, clear, clear_at, drained = await sample(
                ctx, dut.read, dut.read_at, dut.clear, dut.clear_at, dut.drained
            )
            if read:
                reads.append((read, read_at))
            if clear:
                clears.append((clear, clear_at))
            if drained:
                freed.append(len(watch.payloads))
            if len(freed) == positions:
                return

    run(
        dut,
        produce,
        look,
        take(dut.o, positions * outputs, seed=seed),
        watches=[watch],
        vcd=tmp_path / "drain.vcd",
    )
    assert watch.payloads == channels(positions, outputs, columns)
    assert reads == [(1 << w["bank"], w["channel"] // columns) for w in watch.payloads]
    words = -(-outputs // columns)
    assert clears == [(1 << n % 2, at) for n in range(positions) for at in range(words)]


@pytest.mark.parametrize(("depth", "columns"), [(4, 1), (2, 2), (1, 1)])
def test_latency_and_throughput(depth, columns, tmp_path):
    """Three cycles to the first output, then one a cycle, without a gap between positions."""
    dut = drain(depth=depth, columns=columns)
    outputs = depth * columns
    watch = Watch(dut.o)
    began, freed = [], []

    async def produce(ctx):
        began.clear()
        freed.clear()
        ctx.set(dut.last_output, outputs - 1)
        for cycle in range(200):
            # Both positions are complete before the first is drained, unless it has one output.
            ready = ctx.get(dut.prepared)
            ctx.set(dut.finish[0], 0)
            if ready and len(began) < 2:
                ctx.set(dut.finish[0], 1 << len(began))
                began.append(cycle)
            freed.append((cycle, await sample(ctx, dut.drained)))
            if len(watch.payloads) == 2 * outputs:
                return

    run(
        dut,
        produce,
        take(dut.o, 2 * outputs),
        watches=[watch],
        vcd=tmp_path / "drain.vcd",
    )
    first = began[0] + 3
    assert watch.cycles == list(range(first, first + 2 * outputs))
    # A bank is free in the cycle before its last output.
    assert [cycle for cycle, free in freed if free] == [
        first + outputs - 2,
        first + 2 * outputs - 2,
    ]


@pytest.mark.parametrize("depth", [1, 3, 4])
def test_prepares(depth, tmp_path):
    """After reset every word of both banks is set to zero, in ``depth`` cycles."""
    dut = drain(depth=depth)
    cleared = []

    async def testbench(ctx):
        cleared.clear()
        for _ in range(depth):
            assert not ctx.get(dut.prepared)
            cleared.append(await sample(ctx, dut.clear, dut.clear_at))
        assert ctx.get(dut.prepared)
        assert not ctx.get(dut.clear)

    run(dut, testbench, vcd=tmp_path / "drain.vcd")
    assert cleared == [[0b11, at] for at in range(depth)]


def test_stays_while_not_taken(tmp_path):
    """While the output is not taken nothing is read, cleared twice or freed."""
    dut = drain(depth=3)
    watch = Watch(dut.o)

    async def testbench(ctx):
        ctx.set(dut.last_output, 2)
        await prepare(ctx, dut)
        await finish(ctx, dut, 0)
        await tick(ctx, 3)
        for _ in range(6):
            assert ctx.get(dut.o.valid)
            assert not ctx.get(dut.read)
            assert not ctx.get(dut.clear)
            assert not ctx.get(dut.drained)
            await tick(ctx)
        await take(dut.o, 3)(ctx)

    run(dut, testbench, watches=[watch], vcd=tmp_path / "drain.vcd")
    assert watch.payloads == channels(1, 3, 1)


@pytest.mark.parametrize("name", ["depth", "columns", "outputs"])
def test_wrong_size(name):
    sizes = {"depth": 1, "columns": 1, "outputs": 1}
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        Drain(**(sizes | {name: 0}))


def test_wrong_outputs():
    with pytest.raises(ValueError, match=r"^3 words of 2 columns do not hold 7 outputs$"):
        Drain(depth=3, columns=2, outputs=7)
