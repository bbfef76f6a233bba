# amaranth: UnusedElaboratable=no
"""Unit tests of the OU controller, against the bits of the activations."""

import random

import pytest
from amaranth.lib import data

from hw.ou_controller import BANKS, OuController
from hw.testing import Watch, feed, run, tick

OUS = 6
OUTPUTS = data.ArrayLayout(3, 2)


def controller(*, ou_rows=3, act_bits=4, skip=False):
    return OuController(
        ou_rows=ou_rows, act_bits=act_bits, ous=OUS, outputs=OUTPUTS, skip_zero_planes=skip
    )


def ous_of(positions, *, ou_rows, act_bits, ous=OUS, seed=3):
    rng = random.Random(seed)
    top = (1 << act_bits) - 1
    return [
        {
            "acts": [
                rng.choice((0, top, 1 << (act_bits - 1), rng.randint(0, top)))
                for _ in range(ou_rows)
            ],
            "outputs": [rng.randrange(8) for _ in range(2)],
            "ou": ou,
            "first": int(ou == 0),
            "last": int(ou == ous - 1),
        }
        for _ in range(positions)
        for ou in range(ous)
    ]


def planes_of(fetched, *, act_bits, signed):
    """Planes of OUs, most significant first."""
    return [
        {
            "word_lines": sum((act >> plane & 1) << row for row, act in enumerate(ou["acts"])),
            "ou": ou["ou"],
            "tag": {
                "first": int(plane == act_bits - 1),
                "last": int(plane == 0),
                "negative": int(signed and plane == act_bits - 1),
                "outputs": ou["outputs"],
                "position_last": ou["last"],
            },
        }
        for ou in fetched
        for plane in reversed(range(act_bits))
    ]


def free_banks(dut, watch, *, seed):
    """A testbench that frees the bank of each position some time after its last plane."""

    async def testbench(ctx):
        rng = random.Random(seed)
        freed = 0
        while True:
            done = sum(p["tag"]["last"] and p["tag"]["position_last"] for p in watch.payloads)
            ctx.set(dut.drained, done > freed and rng.random() < 0.2)
            freed += ctx.get(dut.drained)
            await tick(ctx)
            if freed == POSITIONS:
                ctx.set(dut.drained, 0)
                return

    return testbench


def masked(ous, act_bits, seed=5):
    """OUs in which planes, or all of them, are zero, with the planes that have a one."""
    rng = random.Random(seed)
    scanned = []
    for ou in ous:
        mask = rng.choice((0, -1, rng.getrandbits(act_bits), 1, 1 << (act_bits - 1)))
        acts = [act & mask for act in ou["acts"]]
        planes = 0
        for act in acts:
            planes |= act
        scanned.append(ou | {"acts": acts, "planes": planes})
    return scanned


def planes_with_ones(scanned, *, act_bits, signed):
    """Planes of OUs that have a one, most significant first; plane 0 of an OU without any."""
    beats = []
    for ou in scanned:
        every = planes_of([ou], act_bits=act_bits, signed=signed)
        numbers = [n for n in reversed(range(act_bits)) if ou["planes"] >> n & 1] or [0]
        for number in numbers:
            beat = every[act_bits - 1 - number]
            tag = beat["tag"] | {
                "first": int(number == numbers[0]),
                "last": int(number == numbers[-1]),
                "negative": beat["tag"]["negative"] if ou["planes"] else 0,
                "plane": number,
            }
            beats.append(beat | {"tag": tag})
    return beats


POSITIONS = 5


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize(("ou_rows", "act_bits"), [(1, 1), (1, 8), (3, 1), (3, 5), (9, 8), (16, 2)])
@pytest.mark.parametrize("seed", [None, 4], ids="seed={}".format)
def test_matches_reference(signed, ou_rows, act_bits, seed, tmp_path):
    """Every plane of every OU once, in order, while banks become free at random."""
    ous = ous_of(POSITIONS, ou_rows=ou_rows, act_bits=act_bits)
    dut = controller(ou_rows=ou_rows, act_bits=act_bits)
    taken, planes = Watch(dut.i), Watch(dut.o)

    async def give(ctx):
        ctx.set(dut.signed, signed)
        await feed(dut.i, ous, seed=seed)(ctx)
        await tick(ctx, act_bits + 1)

    run(
        dut,
        give,
        free_banks(dut, planes, seed=seed or 0),
        watches=[taken, planes],
        vcd=tmp_path / "ou_controller.vcd",
    )
    assert planes.payloads == planes_of(ous, act_bits=act_bits, signed=signed)
    # The planes of an OU follow the one that took it, without a gap.
    assert planes.cycles == [
        cycle + 1 + plane for cycle in taken.cycles for plane in range(act_bits)
    ]


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize(("ou_rows", "act_bits"), [(1, 1), (1, 8), (3, 5), (9, 8), (16, 2)])
@pytest.mark.parametrize("seed", [None, 4], ids="seed={}".format)
def test_skips_planes_without_ones(signed, ou_rows, act_bits, seed, tmp_path):
    """Each OU takes as many cycles as it has planes with a one, and one if it has none."""
    ous = masked(ous_of(POSITIONS, ou_rows=ou_rows, act_bits=act_bits), act_bits)
    dut = controller(ou_rows=ou_rows, act_bits=act_bits, skip=True)
    taken, planes = Watch(dut.i), Watch(dut.o)

    async def give(ctx):
        ctx.set(dut.signed, signed)
        await feed(dut.i, ous, seed=seed)(ctx)
        await tick(ctx, act_bits + 1)

    run(
        dut,
        give,
        free_banks(dut, planes, seed=seed or 0),
        watches=[taken, planes],
        vcd=tmp_path / "ou_controller.vcd",
    )
    assert planes.payloads == planes_with_ones(ous, act_bits=act_bits, signed=signed)
    assert planes.cycles == [
        cycle + 1 + plane
        for cycle, ou in zip(taken.cycles, ous, strict=True)
        for plane in range(max(1, ou["planes"].bit_count()))
    ]


def test_short_ous_follow_each_other(tmp_path):
    """OUs of two positions with any number of planes leave no gap."""
    ous = masked(ous_of(2, ou_rows=3, act_bits=8), 8)
    dut = controller(act_bits=8, skip=True)
    planes = Watch(dut.o)

    async def give(ctx):
        await feed(dut.i, ous)(ctx)
        await tick(ctx, 9)

    run(dut, give, watches=[planes], vcd=tmp_path / "ou_controller.vcd")
    count = sum(max(1, ou["planes"].bit_count()) for ou in ous)
    assert planes.cycles == list(range(1, 1 + count))


@pytest.mark.parametrize("act_bits", [1, 3, 8])
def test_throughput(act_bits, tmp_path):
    """OUs of two positions follow each other without a gap."""
    ous = ous_of(2, ou_rows=3, act_bits=act_bits)
    dut = controller(act_bits=act_bits)
    planes = Watch(dut.o)

    async def give(ctx):
        await feed(dut.i, ous)(ctx)
        await tick(ctx, act_bits + 1)

    run(dut, give, watches=[planes], vcd=tmp_path / "ou_controller.vcd")
    assert planes.cycles == list(range(1, 1 + len(ous) * act_bits))


def test_waits_for_a_bank(tmp_path):
    """The first OU of the third position waits for a bank, for as long as it takes."""
    ous = ous_of(4, ou_rows=3, act_bits=4, ous=2)
    dut = controller()
    taken, planes = Watch(dut.i), Watch(dut.o)

    async def drain(ctx):
        for cycle in (30, 50):
            await tick(ctx, cycle - 1 if cycle == 30 else 19)
            ctx.set(dut.drained, 1)
            await tick(ctx)
            ctx.set(dut.drained, 0)
        await tick(ctx, 12)

    run(dut, feed(dut.i, ous), drain, watches=[taken, planes], vcd=tmp_path / "ou_controller.vcd")
    # The bank that becomes free in cycle 29 is taken in cycle 30.
    assert taken.cycles == [0, 4, 8, 12, 30, 34, 50, 54]
    assert len(planes.payloads) == 8 * 4


def test_banks_do_not_add_up(tmp_path):
    """A bank that becomes free while the next position begins is counted once."""
    ous = ous_of(6, ou_rows=3, act_bits=1, ous=1)
    dut = controller(act_bits=1)
    taken = Watch(dut.i)

    async def drain(ctx):
        await tick(ctx, 1)
        ctx.set(dut.drained, 1)  # In the very cycle in which the second position begins.
        await tick(ctx)
        ctx.set(dut.drained, 0)
        await tick(ctx, 20)
        assert len(taken.payloads) == BANKS + 1
        for _ in range(3):
            ctx.set(dut.drained, 1)
            await tick(ctx)
            ctx.set(dut.drained, 0)
            await tick(ctx, 2)

    run(dut, feed(dut.i, ous), drain, watches=[taken], vcd=tmp_path / "ou_controller.vcd")
    assert taken.cycles[:3] == [0, 1, 2]


@pytest.mark.parametrize("name", ["ou_rows", "act_bits", "ous"])
def test_wrong_size(name):
    sizes = {"ou_rows": 1, "act_bits": 1, "ous": 1}
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not -1$"):
        OuController(**(sizes | {name: -1}), outputs=OUTPUTS)
