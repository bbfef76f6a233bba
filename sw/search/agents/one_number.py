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
        for number in range(self.settings.episodes):
            if number < _HALVINGS:
                share = (low + high) / 2
                if play(environment, self.family(layers, share)).allowed:
                    low = share
                else:
                    high = share
                continue
            bottom, top = max(0.0, low - _AROUND), min(1.0, high + _AROUND)
            share = bottom + (top - bottom) * evenly(number - _HALVINGS + 1)
            play(environment, self.family(layers, share))


def new(name: str, settings: AgentSettings) -> OneNumber:
    """The agent ``uniform`` or ``global_magnitude``."""
    return OneNumber(settings=settings, family=FAMILIES[name])
