"""The line through finalists, and where there is none."""

import pytest

from flow.equal_divergence import ous_at_divergence


def finalists(*points):
    return [{"ous": ous, "divergence": divergence} for ous, divergence in points]


def test_on_the_line():
    """A power law is a line in the logarithms."""
    line = finalists(*((ous, 3e4 * ous**-2.0) for ous in (1000, 1500, 2400)))
    for ous in (800, 1200, 3000):
        assert ous_at_divergence(line, 3e4 * ous**-2.0) == pytest.approx(ous)


def test_between_the_points():
    around = finalists((100, 0.08), (100, 0.02), (400, 0.005), (400, 0.02))
    assert ous_at_divergence(around, 0.02) == pytest.approx(200)


@pytest.mark.parametrize(
    "points",
    [
        (),
        ((100, 0.04),),
        ((100, 0.04), (100, 0.03)),
        ((100, 0.02), (200, 0.04)),
        ((100, 0.02), (200, 0.02)),
        ((100, 0.02), (200, 0.0)),
    ],
)
def test_no_line(points):
    assert ous_at_divergence(finalists(*points), 0.03) is None


def test_no_divergence_to_read_at():
    assert ous_at_divergence(finalists((100, 0.04), (200, 0.02)), 0.0) is None
