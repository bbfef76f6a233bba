"""Which planes are issued, against bits looked at one by one."""

import numpy as np
import pytest

from arch.fixed import ActFormat
from arch.plane_counts import issued_planes, plane_mask
from tests.cosim.random_tables import geometry_of, linear_spec, random_table, table_of


@pytest.mark.parametrize(
    ("inputs", "act_bits", "mask"),
    [
        ([0, 0, 0], 8, 0),
        ([1, 4, 0], 8, 0b101),
        ([128], 8, 0b1000_0000),
        ([-1, 0], 8, 0b1111_1111),  # the sign and everything below it
        ([-2, 0], 3, 0b110),
        ([-128, 3], 8, 0b1000_0011),
        ([1], 1, 1),
    ],
)
def test_plane_mask(inputs, act_bits, mask):
    assert plane_mask(np.array(inputs, dtype=np.int16), act_bits) == mask


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize(("bits", "act_bits"), [(8, 8), (3, 5), (1, 1)])
def test_issued_planes(signed, bits, act_bits):
    """Word lines without an input, doubled inputs, narrow activations in wide planes."""
    rng = np.random.default_rng(0)
    geometry = geometry_of(ou_rows=3, act_bits=act_bits)
    activation = ActFormat(bits=bits, signed=signed and bits > 1)
    table = random_table(linear_spec(10, 5, activation=activation), geometry, 7, rng)
    windows = rng.integers(activation.minimum, activation.maximum + 1, (6, 10))
    windows[rng.random(windows.shape) < 0.6] = 0
    windows[0] = 0
    counts = issued_planes(table, windows, act_bits)
    assert counts.shape == (6, 7)
    if bits == 8:  # the codes of an input have no more bits than they need
        narrow = windows.astype(np.int8 if signed else np.uint8)
        assert np.array_equal(issued_planes(table, narrow, act_bits), counts)
    for position, ou in np.ndindex(6, 7):
        acts = [int(windows[position, row]) for row in table.inputs[ou] if row >= 0]
        ones = sum(any(act >> plane & 1 for act in acts) for plane in range(act_bits))
        assert counts[position, ou] == max(ones, int(ou == 6))


def test_layer_without_ous():
    """One plane ends each position."""
    none = np.zeros((0, 3), dtype=int)
    table = table_of(
        linear_spec(10, 5),
        none,
        none[:, :2],
        np.zeros((0, 3, 8), np.uint8),
        None,
        np.random.default_rng(0),
    )
    assert issued_planes(table, np.full((2, 10), 255), 8).tolist() == [[1], [1]]
