"""Few combinations of values in which every small combination occurs."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["covering"]

_CANDIDATES = 200  # looked at for each combination; more give fewer of them, slowly


def covering(
    parameters: Mapping[str, Sequence[Any]],
    strength: int,
    *,
    fits: Callable[[dict[str, Any]], bool] = lambda values: True,
) -> list[dict[str, Any]]:
    """Combinations of values in which every combination of any ``strength`` parameters occurs.

    The same every time; few, but not the fewest possible.

    Parameters
    ----------
    parameters : mapping of str to sequence
        Values of each parameter.
    strength : int
        Two covers all pairs.
    fits : callable
        Whether values go together; what does not is neither given nor asked for.

    Raises
    ------
    :exc:`ValueError`
        If ``strength`` is not 1 to the number of parameters.
    """
    if not 1 <= strength <= len(parameters):
        raise ValueError(f"strength must be 1 to {len(parameters)}, not {strength}")
    every = [
        row
        for row in itertools.product(*parameters.values())
        if fits(dict(zip(parameters, row, strict=True)))
    ]
    wanted = set().union(*(_combinations(row, strength) for row in every))
    order = random.Random(0)
    rows = []
    while wanted:
        tried = order.sample(every, min(_CANDIDATES, len(every)))
        row = max(tried, key=lambda row: len(_combinations(row, strength) & wanted))
        new = _combinations(row, strength) & wanted
        if new:
            wanted -= new
            rows.append(dict(zip(parameters, row, strict=True)))
    return rows


def _combinations(row: tuple[Any, ...], strength: int) -> set[tuple[tuple[int, Any], ...]]:
    return set(itertools.combinations(enumerate(row), strength))
