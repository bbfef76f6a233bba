"""From values to places on an axis."""

import math
from dataclasses import dataclass

from flow.page.numbers import decimal

__all__ = ["Scale", "round_scale"]

_STEPS = (1, 2, 2.5, 5, 10)


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
        digits = max(0, -math.floor(math.log10(self.step) + 1e-9))
        if round(self.step, digits) != self.step:
            digits += 1  # 2.5
        first, last = (
            math.ceil(self.low / self.step - 1e-9),
            math.floor(self.high / self.step + 1e-9),
        )
        values = [number * self.step for number in range(first, last + 1)]
        return [(self.at(value), decimal(value, digits)) for value in values]


def round_scale(
    low: float, high: float, *, start: float = 0, end: float = 100, ticks: int = 5
) -> Scale:
    """A scale with round ends around ``low`` to ``high``, and about so many ticks.

    Raises
    ------
    :exc:`ValueError`
        If an end is not finite.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"an axis ends at finite values, not {low} and {high}")
    if not low < high:
        low, high = low - abs(low) / 2 - 0.5, low + abs(low) / 2 + 0.5
    rough = (high - low) / ticks
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in _STEPS if power * factor >= rough * (1 - 1e-9))
    return Scale(
        low=math.floor(low / step + 1e-9) * step,
        high=math.ceil(high / step - 1e-9) * step,
        start=start,
        end=end,
        step=step,
    )
