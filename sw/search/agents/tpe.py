"""The control that optimises without learning a policy: tree-structured Parzen estimators."""

from dataclasses import dataclass

import optuna

from sw.search.agents import AgentSettings
from sw.search.environment import PruningEnvironment, play

__all__ = ["TreeParzen", "new"]


@dataclass(frozen=True, kw_only=True)
class TreeParzen:
    """Optuna's TPE sampler with its defaults, one number a layer (Bergstra et al., 2011).

    Parameters
    ----------
    settings : AgentSettings
    """

    settings: AgentSettings

    def search(self, environment: PruningEnvironment) -> None:
        """Play the episodes."""
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            sampler = optuna.samplers.TPESampler(seed=self.settings.seed)
            study = optuna.create_study(direction="maximize", sampler=sampler)
            for _ in range(self.settings.episodes):
                trial = study.ask()
                ratios = [
                    trial.suggest_float(layer.name, 0.0, layer.top_ratio)
                    for layer in environment.problem.layers
                ]
                study.tell(trial, play(environment, ratios).reward)
        finally:
            optuna.logging.set_verbosity(verbosity)


def new(name: str, settings: AgentSettings) -> TreeParzen:
    """The agent ``tpe``."""
    return TreeParzen(settings=settings)
