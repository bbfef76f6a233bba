"""What a search found, in figures and in words."""

from dataclasses import dataclass
from typing import Any

from sw.search.evaluation import DenseAccuracy
from sw.search.history import History
from sw.search.problem import Problem
from sw.search.selection import Finalist, Selection

__all__ = ["Searched"]


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What a search found."""

    problem: Problem
    max_drop: float
    recovery: float
    dense: DenseAccuracy
    history: History
    selection: Selection

    def complaint(self, count: int) -> str:
        """Why there is no winner, with the ``count`` finalists that came nearest."""
        name = self.problem.objective.name
        nearest = "; ".join(
            f"episode {finalist.episode.number} x {finalist.scale:.2f}: "
            f"{100 * finalist.drop:.2f} points at {name} {finalist.episode.cost:.6g}"
            for finalist in self.selection.nearest[:count]
        )
        fields = ["max_accuracy_drop", "episodes"]
        if self.problem.target_crossbars is not None:
            fields.append("target_crossbars")
        return (
            f"no policy loses at most {100 * self.max_drop:g} points of validation accuracy, so "
            f"the dense network is kept; nearest are {nearest}; raise "
            f"{', '.join(f'search.{field}' for field in fields)} or prune.finetune_epochs"
        )

    def summary(self) -> dict[str, Any]:
        """The figures of the search, as JSON can hold them."""
        problem, history, scaled = self.problem, self.history, self.selection.scaled
        best, winner = history.best, self.selection.winner
        return {
            "episodes": len(history.episodes),
            "evaluations": history.evaluations + len(scaled),
            "evaluation_seconds": round(sum(e.seconds for e in (*history.episodes, *scaled)), 3),
            "reward": best.reward,
            "best_episode": best.number,
            "hardware": problem.objective.name,
            "max_accuracy_drop": 100 * self.max_drop,
            "recovery": 100 * self.recovery,
            "dense": {"accuracy": self.dense.whole, **problem.objective.dense},
            "winner": _figures(winner) if winner else None,
            "finalists": [_figures(finalist) for finalist in self.selection.finalists],
        }


def _figures(finalist: Finalist) -> dict[str, Any]:
    episode = finalist.episode
    return {
        "episode": episode.number,
        "scale": finalist.scale,
        "accuracy": finalist.accuracy,
        "divergence": finalist.divergence,
        **episode.terms,
    }
