"""How the page writes numbers."""

import pytest

from flow.page.numbers import count, decimal, factor, percent, points

MINUS, DASH, TIMES = "\N{MINUS SIGN}", "\N{EN DASH}", "\N{MULTIPLICATION SIGN}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (count(1234567), "1,234,567"),
        (count(-3), f"{MINUS}3"),
        (count(0), "0"),
        (decimal(1234.56), "1,234.6"),
        (decimal(-0.346, 2), f"{MINUS}0.35"),
        (percent(0.99444, 2), "99.44\xa0%"),
        (factor(2), f"2.00\xa0{TIMES}"),
        (points(-0.0069), f"{MINUS}0.69"),
        (points(0.0028), "+0.28"),
    ],
)
def test_text(text, expected):
    assert text == expected


@pytest.mark.parametrize("function", [count, decimal, factor, percent])
def test_none(function):
    assert function(None) == DASH
