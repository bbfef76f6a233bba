"""What a sweep found in each of its cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from arch.errors import CheckFailed

__all__ = ["SweptCase", "judge_cases"]


@dataclass(frozen=True, kw_only=True)
class SweptCase:
    """One case.

    Parameters
    ----------
    number : int
        From 1.
    values : dict of str to object
        Value of each parameter.
    outputs_compared : int or None
        Outputs of layers that were compared; None if the case ended before it was counted.
    problems : tuple of str
        What is not exact; empty if all is well.
    """

    number: int
    values: dict[str, Any]
    outputs_compared: int | None
    problems: tuple[str, ...]


def judge_cases(cases: Sequence[SweptCase]) -> None:
    """Raise :exc:`arch.errors.CheckFailed` with the first problem of all cases."""
    problems = [f"case {case.number}: {text}" for case in cases for text in case.problems]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise CheckFailed(f"{problems[0]}{more}")
