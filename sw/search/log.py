"""The log of a search: a line of JSON for every trial, step, episode and finalist."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from sw.search.environment import StepRecord
from sw.search.history import Episode
from sw.search.recovery import Trial
from sw.search.selection import Finalist

__all__ = ["SearchLog"]


class SearchLog:
    """Writes the log; what it said of earlier runs at ``path`` is replaced.

    It is a context manager. The ``event`` of a line is ``trial``, ``step``, ``episode`` or
    ``finalist``.

    Parameters
    ----------
    path : Path
        The file.
    names : sequence of str
        Names of the layers.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._names = tuple(names)

    def __enter__(self) -> "SearchLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def trial(self, trial: Trial) -> None:
        """A uniform policy was judged to measure the recovery."""
        self._write("trial", vars(trial) | {"seconds": round(trial.seconds, 4)})
        self._file.flush()

    def step(self, record: StepRecord) -> None:
        """A layer was decided."""
        self._write("step", record)

    def episode(self, episode: Episode) -> None:
        """A policy was judged; ``seconds`` is the cost of its evaluation, 0 if it was known."""
        self._write("episode", self._entry(episode))
        self._file.flush()

    def finalist(self, finalist: Finalist) -> None:
        """A policy got the whole fine-tuning."""
        values = {
            "episode": finalist.episode.number,
            "scale": finalist.scale,
            "cost": finalist.episode.cost,
            **finalist.episode.terms,
            "ratios": dict(zip(self._names, finalist.episode.ratios, strict=True)),
            "accuracy": finalist.accuracy,
            "drop": finalist.drop,
            "divergence": finalist.divergence,
            "allowed": finalist.allowed,
            "seconds": round(finalist.seconds, 4),
        }
        self._write("finalist", values)
        self._file.flush()

    def _entry(self, episode: Episode) -> dict[str, Any]:
        return {
            "episode": episode.number,
            "reward": episode.reward,
            "accuracy": episode.accuracy,
            "drop": episode.drop,
            "allowed": episode.allowed,
            "cost": episode.cost,
            **episode.terms,
            "ratios": dict(zip(self._names, episode.ratios, strict=True)),
            "repeated": episode.repeated,
            "seconds": round(episode.seconds, 4),
        }

    def _write(self, event: str, values: Mapping[str, Any]) -> None:
        self._file.write(json.dumps({"event": event, **values}, allow_nan=False) + "\n")
