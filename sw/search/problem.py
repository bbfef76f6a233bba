"""The question that a search answers: which layers, what counts, what is allowed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sw.search.choices import LayerChoices
from sw.search.evaluation import FEEDBACKS, Evaluation
from sw.search.families import scaled_ratios
from sw.search.hardware import Objective, hardware_terms
from sw.search.history import Episode, History
from sw.search.reward import REWARDS, Outcome

__all__ = ["Problem"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Everything that an environment needs to know.

    Parameters
    ----------
    layers : tuple of LayerChoices
        In execution order.
    evaluate : callable
        From the segments that stay in each layer to an :class:`sw.search.evaluation.Evaluation`.
    dense_accuracy : float
        Of the dense network on the validation split.
    objective : Objective
        What is made small.
    reward : str
        A key of :data:`sw.search.reward.REWARDS`.
    max_drop : float
        What may be lost: accuracy as a fraction, or divergence in nats.
    feedback : str
        One of :data:`sw.search.evaluation.FEEDBACKS`: what is taken for lost.
    cost_weight : float
        For the reward ``weighted``.
    target_crossbars : int, optional
        Crossbars that a policy must not exceed.
    prepare : callable, optional
        Is told which policies will be evaluated whatever comes of them, so that this can be done
        side by side.

    Raises
    ------
    :exc:`ValueError`
        If there is no layer, the reward is unknown, or no policy reaches the target.
    """

    layers: tuple[LayerChoices, ...]
    evaluate: Callable[[tuple[int, ...]], Evaluation]
    dense_accuracy: float
    objective: Objective
    reward: str = "constrained"
    max_drop: float = 0.01
    feedback: str = "accuracy"
    cost_weight: float = 1.0
    target_crossbars: int | None = None
    prepare: Callable[[Sequence[tuple[int, ...]]], None] | None = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("there must be a layer to prune")
        if self.reward not in REWARDS:
            raise ValueError(f"reward must be {' or '.join(REWARDS)}, not {self.reward!r}")
        if self.feedback not in FEEDBACKS:
            raise ValueError(f"feedback must be {' or '.join(FEEDBACKS)}, not {self.feedback!r}")
        least = self.least_crossbars(0)
        if self.target_crossbars is not None and self.target_crossbars < least:
            raise ValueError(
                f"target_crossbars must be at least {least}, which is what stays at the largest "
                f"ratios, not {self.target_crossbars}"
            )

    def least_crossbars(self, first: int) -> int:
        """Crossbars of the layers from number ``first`` on at their largest ratios."""
        return sum(layer.crossbars(layer.fewest) for layer in self.layers[first:])

    def clip(self, kept: Sequence[int], wanted: int) -> int:
        """Segments that may stay in the next layer, if ``wanted`` are wished for.

        Fewer than ``wanted`` if otherwise the layers after it could not meet the target any more,
        even at their largest ratios. AMC (He et al., 2018, algorithm 1) bounds FLOPs in this way.

        Parameters
        ----------
        kept : sequence of int
            What stays in the layers before it.
        """
        if self.target_crossbars is None:
            return wanted
        used = sum(
            layer.crossbars(number) for layer, number in zip(self.layers, kept, strict=False)
        )
        free = self.target_crossbars - used - self.least_crossbars(len(kept) + 1)
        return min(wanted, self.layers[len(kept)].kept_within(free))

    def judge(self, kept: Sequence[int], history: History) -> Episode:
        """Evaluate a policy, or remember what it reached if ``history`` has it."""
        kept = tuple(kept)
        known = history.find(kept)
        if known is None:
            found = self.evaluate(kept)
            accuracy, seconds = found.accuracy, found.seconds
            drop = found.drop(self.dense_accuracy, self.feedback)
        else:
            accuracy, drop, seconds = known.accuracy, known.drop, 0.0
        terms = hardware_terms(self.layers, kept)
        outcome = self.outcome(accuracy, drop, self.objective.cost(terms))
        return Episode(
            number=len(history.episodes),
            kept=kept,
            ratios=tuple(
                layer.ratio(number) for layer, number in zip(self.layers, kept, strict=True)
            ),
            accuracy=accuracy,
            drop=drop,
            terms=terms,
            cost=outcome.cost,
            reward=REWARDS[self.reward](outcome),
            allowed=outcome.allowed,
            repeated=known is not None,
            seconds=seconds,
        )

    def scaled(self, episode: Episode, scale: float, *, history: History) -> Episode:
        """The policy of an episode, scaled, clipped and judged; under the number of that episode.

        See :func:`sw.search.families.scaled_ratios`.
        """
        kept: list[int] = []
        ratios = scaled_ratios(episode.ratios, scale)
        for layer, ratio in zip(self.layers, ratios, strict=True):
            kept.append(self.clip(kept, layer.kept(min(ratio, layer.top_ratio))))
        return replace(self.judge(kept, history), number=episode.number)

    def outcome(self, accuracy: float, drop: float, cost: float) -> Outcome:
        """What rewards and the constraint are computed from."""
        return Outcome(
            accuracy=accuracy,
            drop=drop,
            cost=cost,
            dense_cost=self.objective.dense_cost,
            max_drop=self.max_drop,
            cost_weight=self.cost_weight,
        )
