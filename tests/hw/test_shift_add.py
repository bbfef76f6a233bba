# amaranth: UnusedElaboratable=no
"""Unit tests of shift-and-add, against NumPy."""

import numpy as np
import pytest
from amaranth import unsigned

from arch.fixed import ou_magnitude, plane_weights
from arch.geometry import Geometry
from hw.layouts import PlaneTag
from hw.shift_add import ShiftAdd
from hw.testing import Watch, feed, run, tick

TAG = PlaneTag(outputs=unsigned(6))
OUS = 12


def shift_add(geometry, level_bits, tag=TAG):
    return ShiftAdd(
        level_bits=level_bits,
        ou_rows=geometry.ou_rows,
        ou_cols=geometry.ou_cols,
        cell_bits=geometry.cell_bits,
        weight_bits=geometry.weight_bits,
        arrays=geometry.arrays,
        value_bits=ou_magnitude(geometry).bit_length() + 1,
        tag=tag,
    )


def reference(codes, ones, geometry, *, signed):
    """Results of OUs: codes of shape (N, planes, arrays, ou_cols), plane 0 first."""
    used = codes[..., : geometry.ou_weights * geometry.slices]
    pieces = used.reshape(*used.shape[:3], geometry.ou_weights, geometry.slices)
    joined = pieces @ (1 << (geometry.cell_bits * np.arange(geometry.slices)))
    if geometry.encoding == "offset":
        values = joined[:, :, 0] - (ones << (geometry.weight_bits - 1))[..., None]
    else:
        values = joined[:, :, 0] - joined[:, :, 1]
    return np.einsum("npw,p->nw", values, plane_weights(geometry.act_bits, signed=signed))


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("encoding", ["offset", "differential"])
@pytest.mark.parametrize(
    "sizes",
    [
        {"ou_rows": 9, "ou_cols": 8, "cell_bits": 2, "weight_bits": 8, "act_bits": 8},
        {"ou_rows": 1, "ou_cols": 1, "cell_bits": 4, "weight_bits": 2, "act_bits": 2},
        {"ou_rows": 5, "ou_cols": 8, "cell_bits": 3, "weight_bits": 7, "act_bits": 3},
        {"ou_rows": 16, "ou_cols": 8, "cell_bits": 1, "weight_bits": 8, "act_bits": 1},
    ],
    ids=lambda sizes: "-".join(map(str, sizes.values())),
)
@pytest.mark.parametrize("seed", [None, 6], ids="seed={}".format)
def test_matches_reference(signed, encoding, sizes, seed, tmp_path):
    geometry = Geometry(**sizes, encoding=encoding, adc_bits=16)
    act_bits, top = geometry.act_bits, geometry.ou_rows * ((1 << geometry.cell_bits) - 1)
    rng = np.random.default_rng(3)
    codes = rng.integers(0, top + 1, (OUS, act_bits, geometry.arrays, geometry.ou_cols))
    ones = rng.integers(0, geometry.ou_rows + 1, (OUS, act_bits))
    codes[0], ones[0] = 0, geometry.ou_rows  # The most negative result of offset encoding,
    codes[1], ones[1] = top, 0  # the largest,
    codes[2, :, 0], codes[2, :, -1] = 0, top  # and the most negative of two arrays.
    codes[3], ones[3] = 0, 0
    codes[3, -1], ones[3, -1] = top, 1  # Only the sign plane.
    planes = [
        {
            "levels": codes[ou, plane].ravel().tolist(),
            "ones": int(ones[ou, plane]),
            "tag": {
                "first": int(plane == act_bits - 1),
                "last": int(plane == 0),
                "negative": int(signed and plane == act_bits - 1),
                "outputs": 5 * ou,
                "position_last": ou & 1,
            },
        }
        for ou in range(OUS)
        for plane in reversed(range(act_bits))
    ]
    dut = shift_add(geometry, top.bit_length())
    given, seen = Watch(dut.i), Watch(dut.o)

    async def drive(ctx):
        await feed(dut.i, planes, seed=seed)(ctx)
        await tick(ctx, 4)

    run(dut, drive, watches=[given, seen], vcd=tmp_path / "shift_add.vcd")
    values = reference(codes, ones, geometry, signed=signed)
    assert seen.payloads == [
        {"values": value, "outputs": 5 * ou, "position_last": ou & 1}
        for ou, value in enumerate(values.tolist())
    ]
    # Two cycles after the last plane of each OU.
    assert seen.cycles == [cycle + 2 for cycle in given.cycles[act_bits - 1 :: act_bits]]
    if seed is None:
        assert seen.cycles == [act_bits * (ou + 1) + 1 for ou in range(OUS)]


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("encoding", ["offset", "differential"])
@pytest.mark.parametrize("seed", [None, 6], ids="seed={}".format)
def test_skipped_planes(signed, encoding, seed, tmp_path):
    """Planes without ones do not come, and the result is as if they did: also without any."""
    geometry = Geometry(encoding=encoding, adc_bits=16)
    act_bits, top = geometry.act_bits, geometry.ou_rows * 3
    rng = np.random.default_rng(4)
    ones = rng.integers(0, 3, (OUS, act_bits)) * (rng.random((OUS, act_bits)) < 0.5)
    ones[0], ones[1], ones[2] = 0, geometry.ou_rows, [1] + [0] * (act_bits - 1)
    ones[3] = [0] * (act_bits - 1) + [1]  # Only the sign plane.
    codes = rng.integers(0, top + 1, (OUS, act_bits, geometry.arrays, geometry.ou_cols))
    codes[ones == 0] = 0
    issued = [[n for n in reversed(range(act_bits)) if ones[ou, n]] or [0] for ou in range(OUS)]
    planes = [
        {
            "levels": codes[ou, plane].ravel().tolist(),
            "ones": int(ones[ou, plane]),
            "tag": {
                "first": int(plane == issued[ou][0]),
                "last": int(plane == issued[ou][-1]),
                "negative": int(signed and plane == act_bits - 1),
                "outputs": 5 * ou,
                "position_last": ou & 1,
                "plane": plane,
            },
        }
        for ou in range(OUS)
        for plane in issued[ou]
    ]
    tag = PlaneTag(outputs=unsigned(6), skipped_of=act_bits)
    dut = shift_add(geometry, top.bit_length(), tag)
    given, seen = Watch(dut.i), Watch(dut.o)

    async def drive(ctx):
        await feed(dut.i, planes, seed=seed)(ctx)
        await tick(ctx, 4)

    run(dut, drive, watches=[given, seen], vcd=tmp_path / "shift_add.vcd")
    values = reference(codes, ones, geometry, signed=signed)
    assert [result["values"] for result in seen.payloads] == values.tolist()
    ends = np.cumsum([len(numbers) for numbers in issued]) - 1
    assert seen.cycles == [given.cycles[end] + 2 for end in ends]


def sizes(**changes):
    defaults = {
        "level_bits": 5,
        "ou_rows": 9,
        "ou_cols": 8,
        "cell_bits": 2,
        "weight_bits": 8,
        "arrays": 1,
        "value_bits": 20,
    }
    return defaults | changes


@pytest.mark.parametrize("arrays", [0, 3])
def test_wrong_arrays(arrays):
    with pytest.raises(ValueError, match=rf"^arrays must be 1 or 2, not {arrays}$"):
        ShiftAdd(**sizes(arrays=arrays), tag=TAG)


def test_wrong_ou_cols():
    with pytest.raises(ValueError, match=r"^ou_cols must be at least 4, one weight, not 3$"):
        ShiftAdd(**sizes(ou_cols=3), tag=TAG)


@pytest.mark.parametrize(
    "name", ["level_bits", "ou_rows", "ou_cols", "cell_bits", "weight_bits", "value_bits"]
)
def test_wrong_size(name):
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        ShiftAdd(**sizes(**{name: 0}), tag=TAG)
