"""Unit tests of argument checks."""

import pytest

from hw.arguments import check_sizes


def test_accepts_positive_integers():
    check_sizes(rows=1, cols=1 << 40)


@pytest.mark.parametrize(
    ("size", "error", "message"),
    [
        (0, ValueError, "rows must be at least 1, not 0"),
        (-7, ValueError, "rows must be at least 1, not -7"),
        (True, TypeError, "rows must be an integer, not True"),
        (1.0, TypeError, r"rows must be an integer, not 1\.0"),
        (None, TypeError, "rows must be an integer, not None"),
    ],
)
def test_wrong_size(size, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        check_sizes(cols=3, rows=size)
