"""Read the log of a search; :mod:`sw.search.log` writes it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arch.errors import InputError
from arch.regular_file import open_regular

__all__ = ["LOG", "Policy", "SearchLog", "read_log"]

LOG = "log.jsonl"
"""Every trial, step, episode and finalist; in the details of the stage that searches."""
_STEP = b'{"event": "step"'
"""Most lines; nothing here is told of them."""
_SIZE = 1 << 30
_LINE = 1 << 20
"""Bytes of a line, at most: a step is 200, an episode of a hundred layers 5,000."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """An episode, or a finalist.

    Parameters
    ----------
    number : int
        Of the episode.
    scale : float
        Power to which the kept shares of the episode were raised; 1 for an episode.
    reward : float or None
        None for a finalist.
    accuracy : float
        Validation accuracy; of an episode after the short fine-tuning of the search.
    drop : float
        What is lost against the dense network.
    cost : float
        Hardware cost.
    allowed : bool
        Whether it loses no more than it may.
    """

    number: int
    scale: float
    reward: float | None
    accuracy: float
    drop: float
    cost: float
    allowed: bool


@dataclass(frozen=True, kw_only=True)
class SearchLog:
    """What was tried, in order."""

    episodes: tuple[Policy, ...] = ()
    finalists: tuple[Policy, ...] = ()


def read_log(path: Path) -> SearchLog | None:
    """Read a log; None if there is none, as without a search.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If it cannot be read, or a line is not what the search writes.
    """
    if not path.exists():
        return None
    found: dict[str, list[Policy]] = {"episode": [], "finalist": []}
    with open_regular(path, size_max=_SIZE) as (file, _):
        for number, line in enumerate(iter(lambda: file.readline(_LINE), b""), 1):
            if line.startswith(_STEP):
                continue
            try:
                entry = json.loads(line)
                if entry["event"] in found:
                    found[entry["event"]].append(_policy(entry))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise InputError(f"{path}: line {number} is not of a search's log") from error
    return SearchLog(episodes=tuple(found["episode"]), finalists=tuple(found["finalist"]))


def _policy(entry: Mapping[str, Any]) -> Policy:
    policy = Policy(
        number=int(entry["episode"]),
        scale=float(entry.get("scale", 1.0)),
        reward=float(entry["reward"]) if entry["event"] == "episode" else None,
        accuracy=float(entry["accuracy"]),
        drop=float(entry["drop"]),
        cost=float(entry["cost"]),
        allowed=bool(entry["allowed"]),
    )
    numbers = (policy.scale, policy.reward or 0, policy.accuracy, policy.drop, policy.cost)
    if not all(map(math.isfinite, numbers)):
        raise ValueError("not a finite number")
    return policy
