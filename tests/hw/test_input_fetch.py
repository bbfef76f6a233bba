# amaranth: UnusedElaboratable=no
"""Unit tests of input fetch, against a plain gather."""

import random

import pytest
from amaranth import unsigned
from amaranth.lib import data

from hw.input_fetch import InputFetch
from hw.testing import Watch, feed, run, sample, take, tick

ACT_BITS = 4
OUS = 13


def fetch(mode, *, ports, blocks=5, ou_rows=4):
    block, lane = unsigned(3), range(ou_rows + 1)
    index = {
        "block": {"block": block, "outputs": data.ArrayLayout(3, 2)},
        "list": {
            "blocks": data.ArrayLayout(block, ou_rows),
            "lanes": data.ArrayLayout(lane, ou_rows),
            "group": unsigned(6),
        },
    }[mode]
    return InputFetch(
        index=data.StructLayout(index),
        ous=OUS,
        ports=ports,
        blocks=blocks,
        ou_rows=ou_rows,
        act_bits=ACT_BITS,
    )


class Case:
    """Random positions, the records of their OUs, and what each OU must be given."""

    def __init__(self, mode, *, ou_rows, blocks, ous, positions, seed=5):
        rng = random.Random(seed)
        top = (1 << ACT_BITS) - 1
        self.windows = [
            [
                [rng.choice((0, top, rng.randint(0, top))) for _ in range(ou_rows)]
                for _ in range(blocks)
            ]
            for _ in range(positions)
        ]
        records = [self._record(mode, rng, blocks, ou_rows) for _ in range(ous)]
        self.records, self.fetched = [], []
        for window in self.windows:
            for ou, (index, at, outputs) in enumerate(records):
                place = {"ou": ou, "first": int(ou == 0), "last": int(ou == ous - 1)}
                self.records.append({"index": index, **place})
                acts = [0 if lane == ou_rows else window[block][lane] for block, lane in at]
                self.fetched.append({"acts": acts, "outputs": outputs, **place})

    def _record(self, mode, rng, blocks, ou_rows):
        if mode == "block":
            block = rng.randrange(blocks)
            outputs = [rng.randrange(8) for _ in range(2)]
            at = [(block, lane) for lane in range(ou_rows)]
            return {"block": block, "outputs": outputs}, at, outputs
        at = [(rng.randrange(blocks), rng.randrange(ou_rows + 1)) for _ in range(ou_rows)]
        group = rng.randrange(64)
        fields = {"blocks": [block for block, _ in at], "lanes": [lane for _, lane in at]}
        return {**fields, "group": group}, at, group


def memory(dut, windows, *, seed=None):
    """A testbench that behaves as the buffer: a position is full some time after the one before."""

    async def testbench(ctx):
        rng = random.Random(seed)
        for window in windows:
            await tick(ctx, 0 if seed is None else rng.choice((0, 3, 9)))
            ctx.set(dut.read.full, 1)
            release = 0
            while not release:
                release, en, blocks = await sample(
                    ctx, dut.read.release, dut.read.en, dut.read.blocks
                )
                if en:
                    for port, word in enumerate(dut.read.data):
                        ctx.set(word, window[min(blocks[port], len(window) - 1)])
            ctx.set(dut.read.full, 0)

    return testbench


@pytest.mark.parametrize("seed", [None, 1, 2], ids="seed={}".format)
@pytest.mark.parametrize(
    ("mode", "ou_rows", "ports", "blocks"),
    [
        ("block", 1, 1, 1),
        ("block", 4, 1, 5),
        ("list", 1, 1, 3),
        ("list", 4, 1, 5),
        ("list", 5, 2, 5),
        ("list", 4, 4, 1),
        ("list", 9, 2, 3),
    ],
)
def test_matches_reference(mode, ou_rows, ports, blocks, seed, tmp_path):
    """The inputs of each OU, with the latency and throughput that the docstring states."""
    case = Case(mode, ou_rows=ou_rows, blocks=blocks, ous=OUS, positions=3)
    dut = fetch(mode, ports=ports, ou_rows=ou_rows, blocks=blocks)
    records, ous = Watch(dut.i), Watch(dut.o)
    run(
        dut,
        feed(dut.i, case.records, seed=seed),
        take(dut.o, len(case.fetched), seed=seed and seed + 1),
        memory(dut, case.windows, seed=seed and seed + 2),
        watches=[records, ous],
        vcd=tmp_path / "input_fetch.vcd",
    )
    assert ous.payloads == case.fetched
    if seed is None:
        steps = dut.steps
        assert steps == (1 if mode == "block" else -(-ou_rows // ports))
        # A record is offered from cycle 0 on, and taken in its last step.
        assert records.cycles == [steps * (n + 1) - 1 for n in range(len(case.records))]
        assert ous.cycles == [steps + 1 + steps * n for n in range(len(case.fetched))]


@pytest.mark.parametrize("mode", ["block", "list"])
def test_one_ahead(mode, tmp_path):
    """While ``o`` is not taken, one complete OU waits and the next one is collected, no more."""
    case = Case(mode, ou_rows=4, blocks=5, ous=4, positions=1)
    dut = fetch(mode, ports=2 if mode == "list" else 1)
    records, ous = Watch(dut.i), Watch(dut.o)

    async def stalled(ctx):
        await tick(ctx, 20)
        assert len(records.payloads) == 2
        await take(dut.o, 4)(ctx)

    run(
        dut,
        feed(dut.i, case.records),
        stalled,
        memory(dut, case.windows),
        watches=[records, ous],
        vcd=tmp_path / "input_fetch.vcd",
    )
    assert ous.payloads == case.fetched
    # The two that were ahead leave in consecutive cycles.
    assert ous.cycles[:2] == [20, 21]


@pytest.mark.parametrize("mode", ["block", "list"])
def test_empty_layer(mode, tmp_path):
    """The OU that is issued in place of none reads as zero, whatever the buffer holds."""
    case = Case(mode, ou_rows=4, blocks=5, ous=1, positions=2)
    dut = fetch(mode, ports=1)
    ous = Watch(dut.o)

    async def testbench(ctx):
        ctx.set(dut.empty, 1)
        await take(dut.o, 2)(ctx)

    run(
        dut,
        testbench,
        feed(dut.i, case.records),
        memory(dut, case.windows),
        watches=[ous],
        vcd=tmp_path / "input_fetch.vcd",
    )
    assert [ou["acts"] for ou in ous.payloads] == [[0] * 4] * 2


def test_waits_for_the_position(tmp_path):
    """No record is read before its position is in the buffer."""
    case = Case("block", ou_rows=4, blocks=5, ous=1, positions=1)
    dut = fetch("block", ports=1)
    ous = Watch(dut.o)

    async def late(ctx):
        await tick(ctx, 6)
        await memory(dut, case.windows)(ctx)

    run(
        dut,
        feed(dut.i, case.records),
        take(dut.o, 1),
        late,
        watches=[ous],
        vcd=tmp_path / "input_fetch.vcd",
    )
    assert ous.cycles == [6 + 2]


def test_wrong_index():
    layout = data.StructLayout({"lanes": unsigned(1), "blocks": unsigned(1), "group": unsigned(1)})
    message = (
        r"^index must begin with block, or with blocks and lanes, "
        r"not \['lanes', 'blocks', 'group'\]$"
    )
    with pytest.raises(ValueError, match=message):
        InputFetch(index=layout, ous=1, ports=1, blocks=1, ou_rows=1, act_bits=1)


@pytest.mark.parametrize(("mode", "ports", "most"), [("block", 2, 1), ("list", 5, 4)])
def test_wrong_ports(mode, ports, most):
    with pytest.raises(
        ValueError, match=rf"^ports must be at most {most} for this index, not {ports}$"
    ):
        fetch(mode, ports=ports)


def test_wrong_ou_rows():
    with pytest.raises(ValueError, match=r"^ou_rows must be at least 1, not 0$"):
        fetch("block", ports=1, ou_rows=0)
