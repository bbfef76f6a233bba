"""From values to places on an axis."""

import math
from dataclasses import dataclass

from flow.page.numbers import decimal

__all__ = ["Scale", "round_scale", "strip_scale"]

_STEPS = (1, 2, 2.5, 5, 10)
_UNITS = ((1e6, 1e6, "\xa0M"), (1e5, 1e3, "\xa0k"), (0, 1, ""))
"""Smallest step that is written in a unit, the unit, and its name."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A linear axis.

    Parameters
    ----------
    low, high : float
        Values at its ends, ``low < high``.
    start, end : float
        Places of its ends; ``end`` may be the smaller, as of an axis that goes upwards.
    step : float
        Distance of the ticks in values.
    """

    low: float
    high: float
    start: float = 0
    end: float = 100
    step: float

    def at(self, value: float) -> float:
        """Place of a value, to a hundredth."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Place and label of every tick."""
        unit, name = next((unit, name) for least, unit, name in _UNITS if self.step >= least)
        step = self.step / unit
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        if not math.isclose(round(step, digits), step):
            digits += 1  # 2.5
        first = math.ceil(self.low / self.step - 1e-9)
        last = math.floor(self.high / self.step + 1e-9)
        return [
            (self.at(number * self.step), decimal(number * step, digits) + (name if number else ""))
            for number in range(first, last + 1)
        ]


def round_scale(
    low: float,
    high: float,
    *,
    start: float = 0,
    end: float = 100,
    ticks: int = 5,
    tight: bool = False,
) -> Scale:
    """A scale with round ticks around ``low`` to ``high``, and about so many of them.

    It ends at ticks, or, if ``tight``, at ``low`` and ``high`` themselves.

    Raises
    ------
    :exc:`ValueError`
        If an end is not finite.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"an axis ends at finite values, not {low} and {high}")
    if not high - low > 1e-9 * max(abs(low), abs(high)):  # or too near for ticks between them
        low, high = low - abs(low) / 2 - 0.5, low + abs(low) / 2 + 0.5
    rough = (high - low) / ticks
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in _STEPS if power * factor >= rough * (1 - 1e-9))
    return Scale(
        low=low if tight else math.floor(low / step + 1e-9) * step,
        high=high if tight else math.ceil(high / step - 1e-9) * step,
        start=start,
        end=end,
        step=step,
    )


def strip_scale(low: float, high: float, *, tight: bool = False) -> Scale:
    """The scale of a column of strips in a table, 100 wide, with room for the labels at its ends.

    Parameters
    ----------
    low, high, tight
        As in :func:`round_scale`.
    """
    return round_scale(low, high, start=5, end=95, ticks=4, tight=tight)
