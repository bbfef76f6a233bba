"""Paths cover exactly the cells of their class."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from flow.page.cell_paths import cell_paths

RECTANGLE = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)h-(\d+)z")


def drawn(paths, shape):
    """What a browser would fill; -1 where two rectangles overlap."""
    cells = np.zeros(shape, dtype=int)
    for kind, path in enumerate(paths, 1):
        assert RECTANGLE.sub("", path) == ""
        for left, top, wide, high, back in np.array(RECTANGLE.findall(path), dtype=int).reshape(
            -1, 5
        ):
            assert back == wide
            place = cells[top : top + high, left : left + wide]
            place[:] = np.where(place == 0, kind, -1)
    return cells


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 3))
)
def test_cells_are_covered_once(cells):
    paths = cell_paths(cells, 4)
    assert len(paths) == 3
    assert np.array_equal(drawn(paths, cells.shape), cells)


def test_few_rectangles():
    """Cells that are alike are one rectangle, in both directions."""
    cells = np.zeros((128, 128), dtype=np.uint8)
    cells[:126, :64] = 2
    assert cell_paths(cells, 3) == ["", "M0 0h64v126h-64z"]
