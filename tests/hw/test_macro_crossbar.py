# amaranth: UnusedElaboratable=no
"""Unit tests of the digital side of the crossbar macro, with a macro made of Python."""

import numpy as np
import pytest
from amaranth import Module, ResetInserter, Signal, unsigned
from amaranth.lib import data

from hw.layouts import PlaneTag
from hw.macro_crossbar import MacroCrossbar
from hw.testing import Watch, feed, plain, run, sample, tick

TAG = PlaneTag(outputs=unsigned(4))
SLOT = data.StructLayout({"crossbar": 2, "slot_row": 3, "slot_col": 1})
SIZES = {"ou_rows": 5, "columns": 3, "code_bits": 4}


def tag_of(number):
    return {
        "first": number & 1,
        "last": number >> 1 & 1,
        "negative": number >> 2 & 1,
        "outputs": number % 16,
        "position_last": number >> 3 & 1,
    }


def words_of(slots):
    return [slot["crossbar"] | slot["slot_row"] << 2 | slot["slot_col"] << 5 for slot in slots]


def slots_of(count):
    rng = np.random.default_rng(count)
    return [
        {name: int(rng.integers(0, 1 << shape)) for name, shape in SLOT.members.items()}
        for _ in range(count)
    ]


def codes_of(number):
    """What the macro says of the plane that it sampled as its n-th."""
    return [(5 * number + column) % 16 for column in range(SIZES["columns"])]


class Macro:
    """Records what is at the pins, and answers ``latency`` cycles later; in between, rubbish."""

    def __init__(self, pins, latency):
        self._pins, self._latency = pins, latency
        self.samples, self.cycles = [], []

    async def __call__(self, ctx):
        pins, due, cycle = self._pins, {}, 0
        self.samples.clear()
        self.cycles.clear()
        names = (*SLOT.members, "word_lines")
        while True:
            ctx.set(pins.codes, due.get(cycle, [15] * SIZES["columns"]))
            sampled, *values = await sample(ctx, pins.sample, *(getattr(pins, n) for n in names))
            if sampled:
                due[cycle + self._latency] = codes_of(len(self.samples))
                self.samples.append(dict(zip(names, map(plain, values), strict=True)))
                self.cycles.append(cycle)
            cycle += 1

    async def record(self, ctx):
        """As a watch, beside the testbenches."""
        await self(ctx)


def planes_of(count, ous, seed=3):
    rng = np.random.default_rng(seed)
    return [
        {
            "word_lines": (0, 31, int(rng.integers(0, 32)))[min(number, 2)],
            "ou": int(rng.integers(0, ous)),
            "tag": tag_of(number),
        }
        for number in range(count)
    ]


@pytest.mark.parametrize("ous", [1, 2, 5])
@pytest.mark.parametrize("latency", [1, 2, 5])
@pytest.mark.parametrize("seed", [None, 1], ids="seed={}".format)
def test_pins_and_codes(ous, latency, seed, tmp_path):
    """Two cycles to the pins, ``latency`` to the codes, and the rest of the plane with them."""
    slots, planes = slots_of(ous), planes_of(24, ous)
    dut = MacroCrossbar(words_of(slots), slot=SLOT, latency=latency, **SIZES, tag=TAG)
    given, seen, macro = Watch(dut.i), Watch(dut.o), Macro(dut.pins, latency)

    async def drive(ctx):
        await feed(dut.i, planes, seed=seed)(ctx)
        await tick(ctx, latency + 4)

    run(dut, drive, watches=[given, seen, macro], vcd=tmp_path / "macro.vcd")
    assert macro.samples == [
        slots[plane["ou"]] | {"word_lines": plane["word_lines"]} for plane in planes
    ]
    assert macro.cycles == [cycle + 2 for cycle in given.cycles]
    assert seen.payloads == [
        {
            "levels": codes_of(number),
            "ones": plane["word_lines"].bit_count(),
            "tag": plane["tag"],
        }
        for number, plane in enumerate(planes)
    ]
    assert seen.cycles == [cycle + 2 + latency for cycle in given.cycles]
    if seed is None:
        assert seen.cycles == list(range(2 + latency, 26 + latency))


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4])
def test_reset(after, tmp_path):
    """A reset forgets every plane that is under way: no sample after it, and no codes."""
    dut = MacroCrossbar([0], slot=SLOT, latency=3, **SIZES, tag=TAG)
    seen, macro = Watch(dut.o), Macro(dut.pins, 3)
    top, reset = Module(), Signal()
    top.submodules.dut = ResetInserter(reset)(dut)

    async def drive(ctx):
        await feed(dut.i, planes_of(1, 1))(ctx)
        await tick(ctx, after)
        ctx.set(reset, 1)
        await tick(ctx)
        ctx.set(reset, 0)
        await tick(ctx, 8)

    run(top, drive, watches=[seen, macro], vcd=tmp_path / "macro.vcd")
    assert len(macro.samples) == (after >= 1)
    assert len(seen.payloads) == (after >= 4)


@pytest.mark.parametrize("name", ["latency", "ou_rows", "columns", "code_bits"])
def test_wrong_size(name):
    sizes = {"latency": 2} | SIZES | {name: 0}
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        MacroCrossbar([0], slot=SLOT, **sizes, tag=TAG)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), r"^a memory needs at least one word$"),
        ((63, 64), r"^word 1 is 64, which does not fit 6 bits$"),
    ],
)
def test_wrong_words(words, message):
    with pytest.raises(ValueError, match=message):
        MacroCrossbar(words, slot=SLOT, latency=2, **SIZES, tag=TAG)
