# amaranth: UnusedElaboratable=no
"""Result store: addresses of results, and results for the user."""

import random

import pytest

from hw.result_store import ResultStore
from hw.testing import Watch, feed, run, sample, take

OUT_BITS, CODE_BITS = 12, 8


def store():
    return ResultStore(
        at_bits=8, code_bits=CODE_BITS, count_bits=4, position_bits=6, out_bits=OUT_BITS
    )


def results_of(count, seed=1):
    rng = random.Random(seed)
    return [rng.randrange(-(1 << 11), 1 << 11) for _ in range(count)]


class Bench:
    """A store, what it wrote, and when its steps ended."""

    def __init__(self):
        self.dut = store()
        self.given, self.scores = Watch(self.dut.i), Watch(self.dut.o)
        self.writes, self.done = [], []

    async def step(self, ctx, count, *, at=0, channels=1, step=0, keep=1, emit=0):
        """Run a step and wait for its end."""
        dut = self.dut
        for name, value in {
            "store": keep,
            "emit": emit,
            "store_at": at,
            "channel_last": channels - 1,
            "channel_step": step,
            "position_last": count // channels - 1,
            "start": 1,
        }.items():
            ctx.set(getattr(dut, name), value)
        while True:
            done, write, write_at, code, _ = await sample(
                ctx, dut.done, dut.write, dut.write_at, dut.code, dut.taken
            )
            ctx.set(dut.start, 0)
            if write:
                self.writes.append((write_at, code))
            if done:
                return

    def run(self, values, testbench, vcd, *, scores=0, seed=None):
        async def begin(ctx):
            self.writes.clear()
            await testbench(ctx)

        run(
            self.dut,
            begin,
            feed(self.dut.i, values, seed=seed),
            take(self.dut.o, scores, seed=seed and seed + 1),
            watches=[self.given, self.scores],
            vcd=vcd,
        )


@pytest.mark.parametrize("seed", [None, 7], ids="seed={}".format)
def test_positions_with_all_channels(seed, tmp_path):
    """Channels lie a map apart, positions side by side; codes are the low bits of results."""
    bench, values = Bench(), results_of(15)

    async def testbench(ctx):
        await bench.step(ctx, 15, at=20, channels=3, step=5)

    bench.run(values, testbench, tmp_path / "store.vcd", seed=seed)
    at = [20 + channel * 5 + position for position in range(5) for channel in range(3)]
    assert bench.writes == [(a, v & 255) for a, v in zip(at, values, strict=True)]
    assert bench.scores.payloads == []
    if seed is None:
        assert bench.given.cycles == list(range(1, 16))  # from the cycle after start, no gap


def test_map_in_its_own_order(tmp_path):
    bench, values = Bench(), results_of(6)

    async def testbench(ctx):
        await bench.step(ctx, 6, at=250)

    bench.run(values, testbench, tmp_path / "store.vcd")
    assert [at for at, _ in bench.writes] == [250, 251, 252, 253, 254, 255]


@pytest.mark.parametrize("seed", [None, 3], ids="seed={}".format)
def test_results_for_the_user(seed, tmp_path):
    """With their last flag, nothing written; a stalled user stalls the step."""
    bench, values = Bench(), results_of(8)

    async def testbench(ctx):
        for _ in range(2):
            await bench.step(ctx, 4, channels=4, keep=0, emit=1)

    bench.run(values, testbench, tmp_path / "store.vcd", scores=8, seed=seed)
    assert bench.writes == []
    assert bench.scores.payloads == [
        {"value": value, "last": int(n % 4 == 3)} for n, value in enumerate(values)
    ]
    if seed is None:
        assert bench.scores.cycles == [cycle + 1 for cycle in bench.given.cycles]


def test_both(tmp_path):
    bench, values = Bench(), results_of(3)

    async def testbench(ctx):
        await bench.step(ctx, 3, at=4, emit=1)

    bench.run(values, testbench, tmp_path / "store.vcd", scores=3)
    assert [at for at, _ in bench.writes] == [4, 5, 6]
    assert [score["value"] for score in bench.scores.payloads] == values


def test_done_once_and_nothing_taken_between_steps(tmp_path):
    """``done`` comes one cycle after the last result, which is the only one taken of the step."""
    bench, values = Bench(), results_of(5)
    moments = []

    async def testbench(ctx):
        moments.clear()
        await bench.step(ctx, 1, at=9)
        for _ in range(5):
            done, taken = await sample(ctx, bench.dut.done, bench.dut.taken)
            moments.append((done, taken))
        await bench.step(ctx, 4, at=30, channels=2, step=2)

    bench.run(values, testbench, tmp_path / "store.vcd")
    assert moments == [(0, 0)] * 5
    assert [at for at, _ in bench.writes] == [9, 30, 32, 31, 33]


def test_wrong_sizes():
    sizes = {"at_bits": 8, "code_bits": 8, "count_bits": 4, "position_bits": 6, "out_bits": 12}
    with pytest.raises(ValueError, match=r"^code_bits must be at most 7, as results, not 8$"):
        ResultStore(**(sizes | {"out_bits": 7}))
    with pytest.raises(ValueError, match=r"^position_bits must be at least 1, not 0$"):
        ResultStore(**(sizes | {"position_bits": 0}))
