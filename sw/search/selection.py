"""Who wins: of the best policy, scaled and fine-tuned, the cheapest that keeps the accuracy."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sw.search.evaluation import Evaluation
from sw.search.history import Episode, History
from sw.search.reward import is_allowed

__all__ = ["Finalist", "Selection", "select"]

_APART = 0.003
"""Share of the dense cost by which finalists differ; less tells nothing new."""
_LEAP = 2.0
"""Most by which a scale that nothing bounds yet changes at once, as a factor."""
_MARGIN = 0.2
"""Share of the way between two finalists that the next one keeps from each: where accuracies have
noise, a point close to one of them tells what that one told."""
_GROWTH = 3.0
"""The accuracy lost after the whole fine-tuning is taken to grow with this power of the scale, as
that of ResNet-20 about does, until two finalists tell the power."""
_SLOWEST, _FASTEST = 1.5, 6.0
"""Limits of that power: two accuracies of finite images can tell any."""
_SAFE, _SAFEST = 0.8, 0.5
"""Share of what may be lost that is aimed at as long as nothing is allowed, and by the last one."""
_LEAST = 1e-4
"""Accuracy lost, as a fraction, that is taken for the least: finite images can show none, or a
gain."""


@dataclass(frozen=True, kw_only=True)
class Finalist:
    """A policy after the whole fine-tuning.

    Parameters
    ----------
    episode : Episode
        The policy, judged as in the search. Its number is that of the best episode, or of one that
        the search found to be better than the best one scaled.
    scale : float
        Scale of the best policy that was asked for, see
        :func:`sw.search.families.scaled_ratios`.
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
    scale: float
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
    scaled : tuple of Episode
        Policies that were judged as in the search to find finalists, each once.
    """

    finalists: tuple[Finalist, ...]
    winner: Finalist | None
    scaled: tuple[Episode, ...]

    @property
    def nearest(self) -> list[Finalist]:
        """All, by how little they lose."""
        return sorted(self.finalists, key=lambda f: (f.drop, f.episode.cost, f.episode.number))


def select(
    history: History,
    scaled: Callable[[Episode, float], Episode],
    finetune: Callable[[tuple[int, ...]], Evaluation],
    *,
    dense_accuracy: float,
    dense_cost: float,
    max_drop: float,
    count: int,
    on_finalist: Callable[[Finalist], None] | None = None,
) -> Selection:
    """Fine-tune policies near the border of what is allowed, and choose the winner.

    What the search finds is how the layers share the pruning; how much of it the accuracy bears
    only the whole fine-tuning tells. So the first finalist is the policy of the highest reward, and
    the others are this one scaled, ever closer to where it loses ``max_drop``: by a power law until
    there are finalists on either side, then by linear interpolation, a fifth of the way from both
    at least. Where the search played a policy that costs and loses no more than the scaled one,
    that one is taken. It ends early when the next one would differ by less than 0.3 % of the dense
    cost. As long as none is allowed, the next is to lose less than it may, and the last half as
    much.

    Parameters
    ----------
    history : History
        What the search tried; at least one episode.
    scaled : callable
        From an episode and a scale to the scaled policy, judged as in the search.
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
    best = history.best
    judged: dict[tuple[int, ...], Episode] = {}
    tried: list[Finalist] = []
    episode: Episode | None = best
    scale = 1.0
    while episode is not None and len(tried) < count:
        tried.append(_finetuned(episode, scale, finetune, dense_accuracy, max_drop))
        if on_finalist is not None:
            on_finalist(tried[-1])
        if len(tried) == count:
            break
        scale = _next_scale(tried, max_drop, _SAFEST if len(tried) == count - 1 else _SAFE)
        found = scaled(best, scale)
        if not found.repeated:
            judged.setdefault(found.kept, found)
        episode = _apart(_best_of(history, found), tried, _APART * dense_cost)
    allowed = [finalist for finalist in tried if finalist.allowed]
    winner = min(allowed, key=lambda f: (f.episode.cost, f.drop, f.episode.number), default=None)
    return Selection(finalists=tuple(tried), winner=winner, scaled=tuple(judged.values()))


def _next_scale(tried: Sequence[Finalist], max_drop: float, safe: float) -> float:
    """The scale at which ``max_drop`` should be lost; while none is allowed, ``safe`` of it."""
    holds = max((f for f in tried if f.allowed), key=lambda f: f.scale, default=None)
    fails = min((f for f in tried if not f.allowed), key=lambda f: f.scale, default=None)
    if holds is not None and fails is not None and holds.scale < fails.scale:
        part = (max_drop - holds.drop) / (fails.drop - holds.drop)
        part = min(max(part, _MARGIN), 1 - _MARGIN)
        return holds.scale + part * (fails.scale - holds.scale)
    near = holds or fails or tried[-1]
    aim = max_drop if near.allowed else safe * max_drop
    factor = (max(aim, _LEAST) / max(near.drop, _LEAST)) ** (1 / _growth(tried))
    return near.scale * min(max(factor, 1 / _LEAP), _LEAP)


def _growth(tried: Sequence[Finalist]) -> float:
    """The power of the scale that the last two finalists tell."""
    if len(tried) < 2:
        return _GROWTH
    before, last = tried[-2:]
    lost = math.log(max(last.drop, _LEAST) / max(before.drop, _LEAST))
    return min(max(lost / math.log(last.scale / before.scale), _SLOWEST), _FASTEST)


def _best_of(history: History, scaled: Episode) -> Episode:
    """The cheapest episode that loses no more than the scaled policy, or the scaled one itself."""
    played = [one for one in history.distinct() if one.drop <= scaled.drop]
    return min((scaled, *played), key=lambda one: one.cost)


def _apart(episode: Episode, tried: Sequence[Finalist], least: float) -> Episode | None:
    """The episode, unless it costs nearly what a finalist cost."""
    near = any(abs(episode.cost - finalist.episode.cost) < least for finalist in tried)
    return None if near else episode


def _finetuned(
    episode: Episode,
    scale: float,
    finetune: Callable[[tuple[int, ...]], Evaluation],
    dense_accuracy: float,
    max_drop: float,
) -> Finalist:
    found = finetune(episode.kept)
    drop = dense_accuracy - found.accuracy
    return Finalist(
        episode=episode,
        scale=scale,
        accuracy=found.accuracy,
        drop=drop,
        divergence=found.divergence,
        allowed=is_allowed(drop, max_drop),
        seconds=found.seconds,
    )
