"""Who wins: of the best few policies, fine-tuned, the cheapest that keeps the accuracy."""

from collections.abc import Callable
from dataclasses import dataclass

from sw.search.evaluation import Evaluation
from sw.search.history import Episode, History, pareto_front
from sw.search.reward import is_allowed

__all__ = ["Finalist", "Selection", "select"]

_STRIDE = 2
"""Places on the front between the first policies; neighbours differ by too little to tell."""


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


def select(
    history: History,
    finetune: Callable[[tuple[int, ...]], Evaluation],
    *,
    dense_accuracy: float,
    max_drop: float,
    count: int,
    on_finalist: Callable[[Finalist], None] | None = None,
) -> Selection:
    """Fine-tune the policies near the border of what is allowed, and choose the winner.

    Only policies on the Pareto front of the search can win. The first is that of the highest
    reward; then the border between those that keep the accuracy and those that do not is looked
    for, by strides that double until it is passed, and by halving from there. If none is allowed
    before the last one, that is the most accurate of the front.

    Parameters
    ----------
    history : History
        What the search tried; at least one episode.
    finetune : callable
        From the segments that stay in each layer to the evaluation after the whole fine-tuning.
    dense_accuracy : float
        Of the dense network, measured in the same way.
    max_drop : float
        Validation accuracy that may be lost after the whole fine-tuning, as a fraction.
    count : int
        Policies that are fine-tuned, at most.
    on_finalist : callable, optional
        Called with each as soon as it is known.
    """
    front = pareto_front(history.distinct())
    tried: list[Finalist] = []
    # By rising cost: up to `fails` they lose too much, from `holds` on they do not.
    fails, holds, stride = -1, len(front), _STRIDE
    place = max(range(len(front)), key=lambda n: (front[n].reward, -n))
    while len(tried) < count and holds - fails > 1:
        if tried and len(tried) == count - 1 and holds == len(front):
            place = len(front) - 1
        finalist = _finetuned(front[place], finetune, dense_accuracy, max_drop)
        tried.append(finalist)
        if on_finalist is not None:
            on_finalist(finalist)
        if finalist.allowed:
            holds = place
        else:
            fails = place
        if fails < 0:
            place = max(0, holds - stride)
        elif holds == len(front):
            place = min(len(front) - 1, fails + stride)
        else:
            place = (fails + holds) // 2
        stride *= 2
    allowed = [finalist for finalist in tried if finalist.allowed]
    winner = min(allowed, key=lambda f: (f.episode.cost, f.drop, f.episode.number), default=None)
    return Selection(finalists=tuple(tried), winner=winner)


def _finetuned(
    episode: Episode,
    finetune: Callable[[tuple[int, ...]], Evaluation],
    dense_accuracy: float,
    max_drop: float,
) -> Finalist:
    found = finetune(episode.kept)
    drop = dense_accuracy - found.accuracy
    return Finalist(
        episode=episode,
        accuracy=found.accuracy,
        drop=drop,
        allowed=is_allowed(drop, max_drop),
        seconds=found.seconds,
    )
