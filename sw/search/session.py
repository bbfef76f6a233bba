"""A whole search, which goes on where it was interrupted: episodes, then finalists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from arch.geometry import Geometry
from sw.datasets import Dataset
from sw.search.agents import Agent
from sw.search.choices import network_choices
from sw.search.environment import PruningEnvironment
from sw.search.evaluation import Evaluation, Evaluator
from sw.search.hardware import Objective, hardware_terms
from sw.search.history import Episode, History
from sw.search.journal import Journal
from sw.search.log import SearchLog
from sw.search.problem import Problem
from sw.search.selection import Finalist, Selection, finalists, select
from sw.train import DEFAULT_RECIPE, Recipe

__all__ = ["Searched", "Session", "SessionSettings"]

Progress = Callable[[int, int, str], None]
_SHORT, _WHOLE = "search", "final"


@dataclass(frozen=True, kw_only=True)
class SessionSettings:
    """What is searched and how policies are judged.

    The fields are those of the section ``search`` of the configuration, except ``max_drop`` and
    ``recovery``, which are fractions, ``final_epochs``, the passes of fine-tuning that finalists
    get, and ``recipe``, how a step of all fine-tuning is made.
    """

    seed: int = 0
    hardware: str = "crossbars"
    hardware_weights: Mapping[str, float] = field(default_factory=dict)
    reward: str = "constrained"
    cost_weight: float = 0.1
    max_drop: float = 0.01
    recovery: float = 0.0
    max_ratio: float | Mapping[str, float] = 0.97
    target_crossbars: int | None = None
    finetune_epochs: int = 1
    finetune_images: int | None = None
    calibration_images: int = 512
    finalists: int = 6
    final_epochs: int = 10
    recipe: Recipe = DEFAULT_RECIPE


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What a search found."""

    problem: Problem
    max_drop: float
    history: History
    selection: Selection

    def complaint(self, count: int) -> str:
        """Why there is no winner, with the ``count`` finalists that came nearest."""
        name = self.problem.objective.name
        nearest = "; ".join(
            f"episode {finalist.episode.number}: {100 * finalist.drop:.2f} points at "
            f"{name} {finalist.episode.cost:.6g}"
            for finalist in self.selection.nearest[:count]
        )
        return (
            f"no policy loses at most {100 * self.max_drop:g} points of validation accuracy, so "
            f"the dense network is kept; nearest are {nearest}; raise "
            f"search.max_accuracy_drop, search.episodes or prune.finetune_epochs"
        )

    def summary(self) -> dict[str, Any]:
        """The figures of the search, as JSON can hold them."""
        problem, history = self.problem, self.history
        best, winner = history.best, self.selection.winner
        return {
            "episodes": len(history.episodes),
            "evaluations": history.evaluations,
            "evaluation_seconds": round(sum(e.seconds for e in history.episodes), 3),
            "reward": best.reward,
            "best_episode": best.number,
            "hardware": problem.objective.name,
            "max_accuracy_drop": 100 * self.max_drop,
            "dense": {"accuracy": problem.dense_accuracy, **problem.objective.dense},
            "winner": _figures(winner) if winner else None,
            "finalists": [_figures(finalist) for finalist in self.selection.finalists],
        }


def _figures(finalist: Finalist) -> dict[str, Any]:
    episode = finalist.episode
    return {"episode": episode.number, "accuracy": finalist.accuracy, **episode.terms}


class Session:
    """A search in a directory, where it goes on if it was interrupted.

    Parameters
    ----------
    network : Module
        The trained dense network; not changed.
    dataset : Dataset
        Only training and validation splits are used.
    geometry : Geometry
    scheme : str
        Sparsity structure.
    settings : SessionSettings
    directory : Path
        For journal and log; made if it is not there.
    fingerprint : str
        What the evaluations depend on; a journal with another one is not gone on with.

    Raises
    ------
    :exc:`ValueError`
        If a layer is unknown or a target cannot be met.
    """

    def __init__(
        self,
        network: nn.Module,
        dataset: Dataset,
        geometry: Geometry,
        *,
        scheme: str,
        settings: SessionSettings,
        directory: Path,
        fingerprint: str,
    ) -> None:
        layers = network_choices(
            network, dataset.in_shape, geometry, scheme=scheme, max_ratio=settings.max_ratio
        )
        self.names = tuple(layer.name for layer in layers)
        self._settings = settings
        self._evaluator = Evaluator(
            network,
            layers,
            dataset,
            seed=settings.seed,
            recipe=settings.recipe,
            calibration_images=settings.calibration_images,
            finetune_images=settings.finetune_images,
        )
        self._problem = Problem(
            layers=layers,
            evaluate=self._short,
            dense_accuracy=self._evaluator.dense_accuracy(),
            objective=Objective(
                name=settings.hardware,
                dense=hardware_terms(layers, [layer.segments for layer in layers]),
                weights=settings.hardware_weights,
            ),
            reward=settings.reward,
            max_drop=settings.max_drop + settings.recovery,
            cost_weight=settings.cost_weight,
            target_crossbars=settings.target_crossbars,
        )
        directory.mkdir(parents=True, exist_ok=True)
        self.log_path = directory / "log.jsonl"
        """The log, as it grows."""
        self._journal = Journal(directory / "evaluations.jsonl", key=fingerprint)

    @property
    def remembered_seconds(self) -> float:
        """Time that earlier, interrupted runs spent on evaluations that were taken over."""
        return self._journal.remembered_seconds

    def run(self, agent: Agent, *, episodes: int, progress: Progress) -> Searched:
        """Let ``agent`` play its ``episodes``, fine-tune the finalists and choose."""
        total = episodes + self._settings.finalists
        with SearchLog(self.log_path, self.names) as log:

            def on_episode(episode: Episode) -> None:
                log.episode(episode)
                progress(episode.number + 1, total, _best_so_far(environment.history.best))

            environment = PruningEnvironment(self._problem, on_step=log.step, on_episode=on_episode)
            agent.search(environment)
            candidates = finalists(environment.history, self._settings.finalists)

            def on_finalist(finalist: Finalist) -> None:
                log.finalist(finalist)
                text = f"finalist {finalist.episode.number}: -{100 * finalist.drop:.2f} points"
                progress(episodes + candidates.index(finalist.episode) + 1, total, text)

            selection = select(
                self._problem,
                candidates,
                self._whole,
                max_drop=self._settings.max_drop,
                on_finalist=on_finalist,
            )
        return Searched(
            problem=self._problem,
            max_drop=self._settings.max_drop,
            history=environment.history,
            selection=selection,
        )

    def draw(self, directory: Path, done: Searched, *, title: str) -> None:
        """Write the plots."""
        from sw.search.plots import draw_plots  # Takes a while to import.

        winner = done.selection.winner
        draw_plots(
            directory, self._problem, done.history, winner.episode if winner else None, title=title
        )

    def finish(self) -> None:
        """Everything is written: the next search here begins anew."""
        self._journal.finish()

    def _short(self, kept: tuple[int, ...]) -> Evaluation:
        return self._remembered(_SHORT, kept, self._settings.finetune_epochs)

    def _whole(self, kept: tuple[int, ...]) -> Evaluation:
        return self._remembered(_WHOLE, kept, self._settings.final_epochs)

    def _remembered(self, kind: str, kept: tuple[int, ...], epochs: int) -> Evaluation:
        found = self._journal.find(kind, kept)
        if found is None:
            found = self._evaluator.evaluate(kept, epochs=epochs, whole=kind == _WHOLE)
            self._journal.add(kind, kept, found)
        return found


def _best_so_far(best: Episode) -> str:
    return (
        f"best reward {best.reward:.3f} in episode {best.number}: {100 * best.accuracy:.1f} %, "
        f"{best.terms['crossbars']} crossbars, {best.terms['ous']} OUs"
    )
