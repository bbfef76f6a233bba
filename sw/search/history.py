"""What a search has tried, in order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

__all__ = ["Episode", "History", "pareto_front"]


@dataclass(frozen=True, kw_only=True)
class Episode:
    """A policy and what it reached.

    Parameters
    ----------
    number : int
        From 0.
    kept : tuple of int
        Segments that stay in each layer.
    ratios : tuple of float
        The pruned share that this is, by layer.
    accuracy : float
        On the validation split, as a fraction.
    drop : float
        What is lost against the dense network: accuracy, or the divergence of the scores.
    terms : mapping of str to int
        Hardware terms, see :data:`sw.search.hardware.TERMS`.
    cost : float
        The one number that the search makes small.
    reward : float
    allowed : bool
        Whether the drop is within what may be lost.
    repeated : bool
        Whether an earlier episode had the same policy, so that it was not evaluated again.
    seconds : float
        Time of the evaluation; 0 if repeated.
    """

    number: int
    kept: tuple[int, ...]
    ratios: tuple[float, ...]
    accuracy: float
    drop: float
    terms: Mapping[str, int]
    cost: float
    reward: float
    allowed: bool
    repeated: bool
    seconds: float


class History:
    """The episodes of a search, and the best of them."""

    def __init__(self) -> None:
        self.episodes: list[Episode] = []

    def add(self, episode: Episode) -> None:
        """Append an episode."""
        self.episodes.append(episode)

    def find(self, kept: Sequence[int]) -> Episode | None:
        """The first episode with the policy ``kept``; None if it was never tried."""
        wanted = tuple(kept)
        return next((episode for episode in self.episodes if episode.kept == wanted), None)

    @property
    def best(self) -> Episode:
        """The episode of the highest reward, the first of equal ones; ValueError if none is."""
        if not self.episodes:
            raise ValueError("no episode yet")
        return max(self.episodes, key=lambda episode: (episode.reward, -episode.number))

    @property
    def evaluations(self) -> int:
        """Different policies, each evaluated once."""
        return sum(not episode.repeated for episode in self.episodes)

    @property
    def rewards(self) -> list[float]:
        """Of every episode, in order."""
        return [episode.reward for episode in self.episodes]

    def distinct(self) -> list[Episode]:
        """Every policy once, in the order in which they were tried."""
        return [episode for episode in self.episodes if not episode.repeated]


def pareto_front(
    episodes: Sequence[Episode], lost: Callable[[Episode], float] = attrgetter("drop")
) -> list[Episode]:
    """Episodes that no other beats in cost and in what is lost together, by rising cost.

    Parameters
    ----------
    lost : callable
        What is lost in an episode; its ``drop`` unless given.
    """
    front: list[Episode] = []
    for episode in sorted(episodes, key=lambda e: (e.cost, lost(e), e.number)):
        if not front or lost(episode) < lost(front[-1]):
            front.append(episode)
    return front
