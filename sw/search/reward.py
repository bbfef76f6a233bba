"""Rewards by name: one number for accuracy and hardware cost together."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["REWARDS", "Outcome", "constrained", "error_log_cost", "is_allowed", "weighted"]

_HALF = 0.05
"""Excess of the accuracy drop at which ``constrained`` is halfway to its lowest value, -1."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a policy reached.

    Parameters
    ----------
    accuracy : float
        On validation data, 0 to 1, of the pruned network.
    drop : float
        What is lost against the dense network: accuracy as a fraction, or the divergence of the
        scores in nats.
    cost, dense_cost : float
        Of the pruned and of the dense network, see :class:`sw.search.hardware.Objective`.
    max_drop : float
        How much of that may be lost.
    cost_weight : float
        What all of the hardware is worth, in accuracy; used by :func:`weighted`.
    """

    accuracy: float
    drop: float
    cost: float
    dense_cost: float
    max_drop: float
    cost_weight: float = 1.0

    @property
    def allowed(self) -> bool:
        """Whether the drop is within what may be lost."""
        return is_allowed(self.drop, self.max_drop)

    @property
    def saved(self) -> float:
        """Share of the hardware cost of the dense network that is gone."""
        return 1 - self.cost / self.dense_cost


def is_allowed(drop: float, max_drop: float) -> bool:
    """Whether ``drop`` is at most ``max_drop``, both as fractions.

    Accuracies are ratios of integers, so the difference of two may miss a limit by the last bit.
    """
    return drop <= max_drop + 1e-12


def error_log_cost(outcome: Outcome) -> float:
    """``-(1 - accuracy) * log(1 + cost)``.

    The second reward of AMC (He et al., ECCV 2018, section 3.3, there with FLOPs as cost). It knows
    no limit of the accuracy: it asks for a small error first. One is added to the cost so that no
    cost is worth more than none.
    """
    return -(1 - outcome.accuracy) * math.log1p(outcome.cost)


def constrained(outcome: Outcome) -> float:
    """``saved`` where the drop is allowed, else ``-excess / (excess + 0.05)``.

    Within the limit only hardware counts, from 0 for nothing saved to 1. Beyond it the reward is
    negative whatever was saved, and falls from 0 towards -1 with the ``excess`` of the drop, so
    that there is always a way back to see. A hard accuracy threshold inside the reward has been
    used for pruning to crossbars before; this form of it is ours.
    """
    if outcome.allowed:
        return outcome.saved
    excess = outcome.drop - outcome.max_drop
    return -excess / (excess + _HALF)


def weighted(outcome: Outcome) -> float:
    """``-drop + cost_weight * saved``.

    A plain trade of accuracy for hardware, as weighted sums in multi-objective search have it; the
    limit of the accuracy is kept only when the winner is chosen.
    """
    return -outcome.drop + outcome.cost_weight * outcome.saved


REWARDS: Mapping[str, Callable[[Outcome], float]] = {
    "constrained": constrained,
    "error_log_cost": error_log_cost,
    "weighted": weighted,
}
"""Every reward by name."""
