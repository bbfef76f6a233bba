"""Who wins: of the best few policies, fine-tuned, the cheapest that keeps the accuracy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sw.search.evaluation import Evaluation
from sw.search.history import Episode, History
from sw.search.problem import Problem
from sw.search.reward import is_allowed

__all__ = ["Finalist", "Selection", "finalists", "select"]


@dataclass(frozen=True, kw_only=True)
class Finalist:
    """A policy after the whole fine-tuning.

    Parameters
    ----------
    episode : Episode
        Where it came from.
    accuracy, drop : float
        On the validation split after fine-tuning, and what is lost, as fractions.
    allowed : bool
        Whether that is within what may be lost.
    seconds : float
        Time of its fine-tuning.
    """

    episode: Episode
    accuracy: float
    drop: float
    allowed: bool
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The outcome of a search.

    Parameters
    ----------
    finalists : tuple of Finalist
        In the order in which they were tried.
    winner : Finalist or None
        Of those that are allowed the one of lowest cost, the more accurate of equal ones; None if
        none is allowed.
    """

    finalists: tuple[Finalist, ...]
    winner: Finalist | None

    @property
    def nearest(self) -> list[Finalist]:
        """All, by how little they lose."""
        return sorted(self.finalists, key=lambda f: (f.drop, f.episode.cost, f.episode.number))


def finalists(history: History, count: int) -> list[Episode]:
    """The policies that deserve the whole fine-tuning, ``count`` at most.

    Half are those of highest reward. The other half are cheaper than the best of these, again by
    reward: what misses the accuracy by little after a short recovery may reach it after a long one.
    """
    ranked = sorted(history.distinct(), key=lambda e: (-e.reward, e.number))
    chosen = ranked[: (count + 1) // 2]
    limit = chosen[0].cost
    chosen += [e for e in ranked[len(chosen) :] if e.cost < limit][: count - len(chosen)]
    chosen += [e for e in ranked if e not in chosen][: count - len(chosen)]
    return chosen


def select(
    problem: Problem,
    candidates: Sequence[Episode],
    finetune: Callable[[tuple[int, ...]], Evaluation],
    *,
    max_drop: float,
    on_finalist: Callable[[Finalist], None] | None = None,
) -> Selection:
    """Fine-tune the candidates and choose the winner.

    Parameters
    ----------
    candidates : sequence of Episode
        See :func:`finalists`.
    finetune : callable
        From the segments that stay in each layer to the evaluation after the whole fine-tuning.
    max_drop : float
        Validation accuracy that may be lost after the whole fine-tuning, as a fraction.
    on_finalist : callable, optional
        Called with each as soon as it is known.
    """
    tried = []
    for episode in candidates:
        found = finetune(episode.kept)
        drop = problem.dense_accuracy - found.accuracy
        finalist = Finalist(
            episode=episode,
            accuracy=found.accuracy,
            drop=drop,
            allowed=is_allowed(drop, max_drop),
            seconds=found.seconds,
        )
        tried.append(finalist)
        if on_finalist is not None:
            on_finalist(finalist)
    allowed = [finalist for finalist in tried if finalist.allowed]
    winner = min(allowed, key=lambda f: (f.episode.cost, f.drop, f.episode.number), default=None)
    return Selection(finalists=tuple(tried), winner=winner)
