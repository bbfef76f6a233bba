"""Agents by name, behind one interface; their libraries are imported when they search."""

import importlib
from dataclasses import dataclass
from typing import Protocol

from arch.errors import ToolError
from sw.search.environment import PruningEnvironment

__all__ = ["AGENTS", "Agent", "AgentSettings", "new_agent"]


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """What an agent may be told; those that learn nothing need only the first two.

    Parameters
    ----------
    episodes : int
        Policies that it may try, at least 1. Equal policies count too, so no agent is given more
        evaluations than another.
    seed : int
        Decides everything that is random.
    warmup_episodes : int
        Random episodes before an agent that learns begins to; at most half of ``episodes``.
    noise : float
        Standard deviation of the exploration after that, as a share of the range of an action.
    noise_decay : float
        Factor of ``noise`` from episode to episode.

    Raises
    ------
    :exc:`ValueError`
        If ``episodes`` is not positive.
    """

    episodes: int
    seed: int
    warmup_episodes: int = 100
    noise: float = 0.15
    noise_decay: float = 0.98

    def __post_init__(self) -> None:
        if self.episodes < 1:
            raise ValueError(f"episodes must be at least 1, not {self.episodes}")

    @property
    def warmup(self) -> int:
        """Random episodes, with the limit applied."""
        return min(self.warmup_episodes, self.episodes // 2)


class Agent(Protocol):
    """Something that tries policies."""

    def search(self, environment: PruningEnvironment) -> None:
        """Play the episodes; ``environment.history`` has them afterwards."""


AGENTS = {
    "ddpg": "sw.search.agents.reinforcement",
    "td3": "sw.search.agents.reinforcement",
    "sac": "sw.search.agents.reinforcement",
    "uniform": "sw.search.agents.one_number",
    "global_magnitude": "sw.search.agents.one_number",
    "random": "sw.search.agents.random_ratios",
    "tpe": "sw.search.agents.tpe",
}
"""Module of every agent; it has ``new(name, settings)``."""


def new_agent(name: str, settings: AgentSettings) -> Agent:
    """The agent called ``name``.

    Raises
    ------
    :exc:`ValueError`
        If there is none.
    :exc:`arch.errors.ToolError`
        If the library that it needs is not installed.
    """
    if name not in AGENTS:
        raise ValueError(f"agent must be {' or '.join(AGENTS)}, not {name!r}")
    try:
        module = importlib.import_module(AGENTS[name])
    except ModuleNotFoundError as error:
        raise ToolError(
            f"agent {name} needs {error.name}: pip install 'ohmforge[search]'"
        ) from error
    agent: Agent = module.new(name, settings)
    return agent
