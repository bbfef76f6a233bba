# amaranth: UnusedElaboratable=no
"""Unit tests of the output stage, against :func:`arch.fixed.requantise`."""

import numpy as np
import pytest
from amaranth import signed, unsigned
from amaranth.lib import data

from arch.engine_shape import EngineShape
from arch.fixed import BIAS_BITS, MULTIPLIER_BITS, SHIFT_MAX, OutFormat, requantise
from arch.geometry import Geometry
from hw.layouts import struct
from hw.output import Output
from hw.testing import Watch, feed, run, take, tick

ACC_BITS = 24
CHANNELS = EngineShape(
    geometry=Geometry(),
    input_mode="block",
    output_mode="group",
    layers=1,
    ous=1,
    blocks=1,
    outputs=1,
    channels=1,
    acc_bits=ACC_BITS,
    out_bits=9,
).channel_layout


class Case:
    """Channels with extreme and random requantisations."""

    def __init__(self, count, seed=1):
        rng = np.random.default_rng(seed)
        low, high = -(1 << (BIAS_BITS - 1)), (1 << (BIAS_BITS - 1)) - 1
        self.multiplier = rng.integers(0, 1 << MULTIPLIER_BITS, count)
        self.shift = rng.integers(0, SHIFT_MAX + 1, count)
        self.bias = rng.integers(-(1 << 16), 1 << 16, count)
        extremes = [
            ((1 << MULTIPLIER_BITS) - 1, 0, high),
            ((1 << MULTIPLIER_BITS) - 1, SHIFT_MAX, low),
            (1, 1, 0),
            (1, 0, 0),
            (0, 5, 7),
            (3, 2, -1),
        ]
        for channel, (multiplier, shift, bias) in enumerate(extremes[:count]):
            self.multiplier[channel], self.shift[channel] = multiplier, shift
            self.bias[channel] = bias

    @property
    def words(self):
        rows = zip(self.multiplier.tolist(), self.shift.tolist(), self.bias.tolist(), strict=True)
        return [
            CHANNELS.pack(dict(zip(("multiplier", "shift", "bias"), r, strict=True))) for r in rows
        ]

    def outputs(self, sums, out, channels):
        return requantise(
            sums, self.multiplier[channels], self.shift[channels], self.bias[channels], out
        )


def output_of(words, *, outputs, out_bits=9):
    return Output(
        words, layout=struct(CHANNELS), acc_bits=ACC_BITS, out_bits=out_bits, outputs=outputs
    )


def sums_of(rng, positions, outputs):
    """Sums of all sizes: both ends, around zero, and any."""
    sums = rng.integers(-(1 << (ACC_BITS - 1)), 1 << (ACC_BITS - 1), (positions, outputs))
    sums[0], sums[1] = -(1 << (ACC_BITS - 1)), (1 << (ACC_BITS - 1)) - 1
    for position, small in enumerate((-3, -2, -1, 0, 1, 2, 3), start=2):
        sums[position] = small
    return sums


def beats_of(sums):
    return [
        {"value": value, "channel": channel, "last": int(channel == sums.shape[1] - 1)}
        for row in sums.tolist()
        for channel, value in enumerate(row)
    ]


FORMATS = {
    "unsigned": OutFormat(),
    "relu": OutFormat(zero_point=7, minimum=7, maximum=200),
    "signed": OutFormat(bits=8, signed=True, zero_point=-128, minimum=-128, maximum=127),
    "narrow": OutFormat(bits=8, signed=True, zero_point=3, minimum=-1, maximum=1),
    "wide": OutFormat(bits=16, signed=True, minimum=-32768, maximum=32767),
    "bit": OutFormat(bits=1, maximum=1),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("outputs", "first", "count"), [(1, 0, 1), (5, 2, 9), (8, 0, 8)], ids=["1", "5", "8"]
)
@pytest.mark.parametrize("seed", [None, 3], ids="seed={}".format)
def test_matches_reference(form, outputs, first, count, seed, tmp_path):
    case, out = Case(count), FORMATS[form]
    sums = sums_of(np.random.default_rng(4), 12, outputs)
    out_bits = out.bits + (not out.signed)
    dut = output_of(case.words, outputs=outputs, out_bits=out_bits)
    given, seen = Watch(dut.i), Watch(dut.o)

    async def layer(ctx):
        ctx.set(dut.first_channel, first)
        ctx.set(dut.zero_point, out.zero_point)
        ctx.set(dut.minimum, out.minimum)
        ctx.set(dut.maximum, out.maximum)
        await feed(dut.i, beats_of(sums), seed=seed)(ctx)

    run(
        dut,
        layer,
        take(dut.o, sums.size, seed=seed and seed + 1),
        watches=[given, seen],
        vcd=tmp_path / "output.vcd",
    )
    expected = case.outputs(sums, out, np.arange(first, first + outputs))
    assert seen.payloads == [
        {"value": value, "last": int(channel == outputs - 1)}
        for row in expected.tolist()
        for channel, value in enumerate(row)
    ]
    if seed is None:
        assert given.cycles == list(range(sums.size))
        assert seen.cycles == [cycle + 6 for cycle in given.cycles]


@pytest.mark.parametrize("shift", [0, 1, 2, SHIFT_MAX])
def test_rounds_half_up(shift, tmp_path):
    """Halves go up, on both sides of zero."""
    case = Case(1)
    case.multiplier[:], case.shift[:], case.bias[:] = 1, shift, 0
    out = FORMATS["signed"]
    sums = np.arange(-9, 10)[:, None]
    dut = output_of(case.words, outputs=1)
    seen = Watch(dut.o)

    async def layer(ctx):
        ctx.set(dut.minimum, -128)
        ctx.set(dut.maximum, 127)
        await feed(dut.i, beats_of(sums))(ctx)

    run(dut, layer, take(dut.o, len(sums)), watches=[seen], vcd=tmp_path / "output.vcd")
    expected = np.floor(sums[:, 0] / 2.0**shift + 0.5).astype(int) if shift else sums[:, 0]
    assert [result["value"] for result in seen.payloads] == expected.tolist()
    assert out.minimum < min(expected)  # Nothing is clamped.


def test_stalls_with_the_stream(tmp_path):
    """While the output is not taken, as many sums are taken as the pipeline holds."""
    case = Case(4)
    sums = sums_of(np.random.default_rng(5), 9, 4)
    dut = output_of(case.words, outputs=4)
    given = Watch(dut.i)

    async def late(ctx):
        await tick(ctx, 20)
        assert len(given.payloads) == 6
        await take(dut.o, sums.size)(ctx)

    run(dut, feed(dut.i, beats_of(sums)), late, watches=[given], vcd=tmp_path / "output.vcd")


def test_wrong_words():
    bits = CHANNELS.width
    with pytest.raises(
        ValueError, match=rf"^word 0 is {1 << bits}, which does not fit {bits} bits$"
    ):
        output_of([1 << bits], outputs=1)


def test_wrong_layout():
    layout = data.StructLayout({"multiplier": unsigned(4), "bias": signed(4)})
    message = r"^layout must have multiplier, shift and bias, not \['multiplier', 'bias'\]$"
    with pytest.raises(ValueError, match=message):
        Output([0], layout=layout, acc_bits=8, out_bits=8, outputs=1)


@pytest.mark.parametrize("name", ["acc_bits", "out_bits", "outputs"])
def test_wrong_size(name):
    sizes = {"acc_bits": 8, "out_bits": 8, "outputs": 1} | {name: 0}
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        Output([0], layout=struct(CHANNELS), **sizes)
