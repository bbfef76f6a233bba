"""Who wins: of the best few policies, fine-tuned, the cheapest that keeps the accuracy."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sw.search.evaluation import Evaluation
from sw.search.history import Episode, History, pareto_front
from sw.search.reward import is_allowed

__all__ = ["Finalist", "Selection", "select"]

_APART = 0.01
"""Share of the dense cost by which finalists differ; less tells nothing new."""
_LEAP = 3.0
"""Most that one finalist says about the next: a factor of the accuracy that may be lost."""
_LEAST = 0.002
"""Least drop in the search that is taken for more than chance."""


@dataclass(frozen=True, kw_only=True)
class Finalist:
    """A policy after the whole fine-tuning.

    Parameters
    ----------
    episode : Episode
        Where it came from.
    accuracy, drop : float
        On the validation split after fine-tuning, and what is lost, as fractions.
    divergence : float or None
        Of the scores then, see :class:`sw.search.evaluation.Evaluation`. It decides nothing here,
        but tells policies apart that differ by less than accuracy can tell.
    allowed : bool
        Whether that is within what may be lost.
    seconds : float
        Time of its fine-tuning.
    """

    episode: Episode
    accuracy: float
    drop: float
    divergence: float | None
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
    dense_cost: float,
    max_drop: float,
    count: int,
    on_finalist: Callable[[Finalist], None] | None = None,
) -> Selection:
    """Fine-tune the policies near the border of what is allowed, and choose the winner.

    Only policies on the Pareto front of the search can win. The first is that of the highest
    reward. Where the border is, is then estimated from the last one: accuracy lost after the whole
    fine-tuning is taken to be in proportion to that in the search. So it goes on between those that
    lose too much and those that do not, while there are policies that differ in cost by a hundredth
    of the dense network's. As long as none is allowed, the last one is to lose half as much.

    Parameters
    ----------
    history : History
        What the search tried; at least one episode.
    finetune : callable
        From the segments that stay in each layer to the evaluation after the whole fine-tuning.
    dense_accuracy : float
        Of the dense network, measured in the same way.
    dense_cost : float
        Of the dense network.
    max_drop : float
        Validation accuracy that may be lost after the whole fine-tuning, as a fraction.
    count : int
        Policies that are fine-tuned, at most.
    on_finalist : callable, optional
        Called with each as soon as it is known.
    """
    front = pareto_front(history.distinct())
    tried: list[Finalist] = []
    episode: Episode | None = max(front, key=lambda one: (one.reward, -one.number))
    while episode is not None and len(tried) < count:
        tried.append(_finetuned(episode, finetune, dense_accuracy, max_drop))
        if on_finalist is not None:
            on_finalist(tried[-1])
        aim = max_drop
        if len(tried) == count - 1 and not any(finalist.allowed for finalist in tried):
            aim /= 2
        episode = _next(front, tried, aim, apart=_APART * dense_cost)
    allowed = [finalist for finalist in tried if finalist.allowed]
    winner = min(allowed, key=lambda f: (f.episode.cost, f.drop, f.episode.number), default=None)
    return Selection(finalists=tuple(tried), winner=winner)


def _next(
    front: Sequence[Episode], tried: Sequence[Finalist], aim: float, *, apart: float
) -> Episode | None:
    """The policy of the front that should lose ``aim``; None if none is left between the tried."""
    fails = max((f.episode.cost for f in tried if not f.allowed), default=-math.inf)
    holds = min((f.episode.cost for f in tried if f.allowed), default=math.inf)
    between = [one for one in front if fails + apart <= one.cost <= holds - apart]
    last = tried[-1]
    # Within limits: accuracies of finite images can make a drop of nothing, or a gain.
    factor = min(max(aim / max(last.drop, 1e-9), 1 / _LEAP), _LEAP)
    drop = max(last.episode.drop, _LEAST) * factor
    return min(between, key=lambda one: (abs(one.drop - drop), one.number), default=None)


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
        divergence=found.divergence,
        allowed=is_allowed(drop, max_drop),
        seconds=found.seconds,
    )
