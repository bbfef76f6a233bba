"""How the page writes numbers: a no-break space before a unit, a real minus, a dash for none."""

from collections.abc import Callable

__all__ = ["FILTERS", "count", "decimal", "factor", "percent", "points"]

_NONE, _MINUS, _TIMES, _SPACE = "\N{EN DASH}", "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}", "\xa0"


def count(value: int | None) -> str:
    """A whole number with a comma before every three digits."""
    return _NONE if value is None else _minus(f"{value:,}")


def decimal(value: float | None, digits: int = 1) -> str:
    """A number with so many digits after the point."""
    return _NONE if value is None else _minus(f"{value:,.{digits}f}")


def percent(value: float | None, digits: int = 1) -> str:
    """A share, 0 to 1, as a percentage."""
    return _NONE if value is None else f"{decimal(100 * value, digits)}{_SPACE}%"


def factor(value: float | None) -> str:
    """So many times less."""
    return _NONE if value is None else f"{decimal(value, 2)}{_SPACE}{_TIMES}"


def points(value: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return _minus(f"{100 * value:+.2f}")


def _minus(text: str) -> str:
    return text.replace("-", _MINUS)


FILTERS: dict[str, Callable[..., str]] = {
    function.__name__: function for function in (count, decimal, factor, percent, points)
}
"""For templates, by name."""
