# amaranth: UnusedElaboratable=no
"""Unit tests of the plane scan, against the bits of the activations."""

import random

import pytest
from amaranth.lib import data

from hw.plane_scan import PlaneScan
from hw.testing import Watch, feed, run, sample, take, tick

OUTPUTS = data.ArrayLayout(3, 2)


def ous_of(positions, *, ou_rows, act_bits, ous, seed=3):
    """OUs of which many have few planes or none, the first and the last of a position too."""
    rng = random.Random(seed)
    return [
        {
            "acts": [
                rng.getrandbits(act_bits) & mask if rng.random() < 0.5 else 0
                for _ in range(ou_rows)
            ],
            "outputs": [rng.randrange(8) for _ in range(2)],
            "ou": ou,
            "first": int(ou == 0),
            "last": int(ou == ous - 1),
        }
        for _ in range(positions)
        for ou in range(ous)
        for mask in [rng.choice((0, 0, rng.getrandbits(act_bits), (1 << act_bits) - 1))]
    ]


def scanned(fetched, act_bits):
    """Number of each OU that passes, and how it leaves."""
    passed, first = [], 1
    for number, ou in enumerate(fetched):
        planes = sum(
            any(act >> plane & 1 for act in ou["acts"]) << plane for plane in range(act_bits)
        )
        if planes or ou["last"]:
            passed.append((number, ou | {"planes": planes, "first": first}))
            first = ou["last"]
    return passed


@pytest.mark.parametrize(("ou_rows", "act_bits"), [(1, 1), (1, 8), (3, 5), (9, 8), (16, 2)])
@pytest.mark.parametrize("ous", [1, 2, 9])
@pytest.mark.parametrize("seed", [None, 4], ids="seed={}".format)
def test_matches_reference(ou_rows, act_bits, ous, seed, tmp_path):
    """OUs with planes, and the last of each position, in the cycle in which they come."""
    fetched = ous_of(6, ou_rows=ou_rows, act_bits=act_bits, ous=ous)
    expected = scanned(fetched, act_bits)
    assert len(expected) < len(fetched) or ous == 1
    dut = PlaneScan(ou_rows=ou_rows, act_bits=act_bits, ous=ous, outputs=OUTPUTS)
    given, passed = Watch(dut.i), Watch(dut.o)
    planes = dict(expected)
    skipped = [
        act_bits - (max(1, planes[n]["planes"].bit_count()) if n in planes else 0)
        for n in range(len(fetched))
    ]
    counted = []

    async def count(ctx):
        counted.clear()
        while len(counted) < len(fetched):
            taken, amount = await sample(ctx, dut.i.valid & dut.i.ready, dut.skipped)
            assert taken or not amount
            counted.extend([amount] if taken else [])

    run(
        dut,
        feed(dut.i, fetched, seed=seed),
        take(dut.o, len(expected), seed=seed and seed + 1),
        count,
        watches=[given, passed],
        vcd=tmp_path / "plane_scan.vcd",
    )
    assert passed.payloads == [ou for _, ou in expected]
    assert counted == skipped
    assert passed.cycles == [given.cycles[number] for number, _ in expected]
    if seed is None:
        assert given.cycles == list(range(len(fetched)))


def test_dropped_ous_wait_too(tmp_path):
    """Nothing is taken while the component behind is not ready."""
    dut = PlaneScan(ou_rows=1, act_bits=2, ous=2, outputs=OUTPUTS)
    given = Watch(dut.i)

    async def hold(ctx):
        await tick(ctx, 5)
        assert not given.payloads
        ctx.set(dut.o.ready, 1)
        await tick(ctx, 3)
        assert len(given.payloads) == 2

    none = {"acts": [0], "outputs": [0, 0], "ou": 0, "first": 1, "last": 0}
    run(dut, feed(dut.i, [none, none]), hold, watches=[given], vcd=tmp_path / "plane_scan.vcd")


@pytest.mark.parametrize("name", ["ou_rows", "act_bits", "ous"])
def test_wrong_size(name):
    sizes = {"ou_rows": 1, "act_bits": 1, "ous": 1}
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        PlaneScan(**(sizes | {name: 0}), outputs=OUTPUTS)
