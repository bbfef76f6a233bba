"""Controls with one number for the whole network: bisected, then tried all around."""

from dataclasses import dataclass

from sw.search.agents import AgentSettings
from sw.search.agents.warmup import evenly
from sw.search.environment import PruningEnvironment, play
from sw.search.families import FAMILIES, Family

__all__ = ["OneNumber", "new"]

_HALVINGS = 8
_AROUND = 0.15


@dataclass(frozen=True, kw_only=True)
class OneNumber:
    """Searches a family of policies that has one number.

    The number is bisected eight times, towards the largest that keeps the accuracy. Accuracy is
    not strictly monotone, so what is left of the episodes goes to evenly spread numbers around it.

    Parameters
    ----------
    settings : AgentSettings
    family : callable
        See :data:`sw.search.families.Family`.
    """

    settings: AgentSettings
    family: Family

    def search(self, environment: PruningEnvironment) -> None:
        """Play the episodes."""
        layers = environment.problem.layers
        low, high = 0.0, 1.0
        for _ in range(min(_HALVINGS, self.settings.episodes)):
            share = (low + high) / 2
            if play(environment, self.family(layers, share)).allowed:
                low = share
            else:
                high = share
        bottom, top = max(0.0, low - _AROUND), min(1.0, high + _AROUND)
        policies = [
            self.family(layers, bottom + (top - bottom) * evenly(number))
            for number in range(1, self.settings.episodes - _HALVINGS + 1)
        ]
        environment.prepare(policies)
        for ratios in policies:
            play(environment, ratios)


def new(name: str, settings: AgentSettings) -> OneNumber:
    """The agent ``uniform`` or ``global_magnitude``."""
    return OneNumber(settings=settings, family=FAMILIES[name])
