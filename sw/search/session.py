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
from sw.search.evaluation import DenseAccuracy, Evaluation, Evaluator
from sw.search.hardware import Objective, hardware_terms
from sw.search.history import Episode, History
from sw.search.journal import Journal
from sw.search.log import SearchLog
from sw.search.problem import Problem
from sw.search.recovery import Trial, measure_recovery
from sw.search.selection import Finalist, Selection, select
from sw.train import DEFAULT_RECIPE, Recipe

__all__ = ["Searched", "Session", "SessionSettings"]

Progress = Callable[[int, int, str], None]
_SHORT, _WHOLE = "search", "final"


@dataclass(frozen=True, kw_only=True)
class SessionSettings:
    """What is searched and how policies are judged.

    The fields are those of the section ``search`` of the configuration, except ``max_drop`` and
    ``recovery``, which are fractions, ``final_epochs``, the passes of fine-tuning that finalists
    get, ``recipe``, how a step of all fine-tuning is made, and ``device``, where.
    """

    seed: int = 0
    hardware: str = "crossbars"
    hardware_weights: Mapping[str, float] = field(default_factory=dict)
    reward: str = "constrained"
    cost_weight: float = 0.1
    max_drop: float = 0.01
    recovery: float | None = None
    recovery_trials: int = 3
    max_ratio: float | Mapping[str, float] = 0.97
    target_crossbars: int | None = None
    finetune_epochs: int = 1
    finetune_images: int | None = None
    calibration_images: int = 512
    validation_images: int | None = None
    finalists: int = 6
    final_epochs: int = 10
    recipe: Recipe = DEFAULT_RECIPE
    device: str = "cpu"


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What a search found."""

    problem: Problem
    max_drop: float
    recovery: float
    dense: DenseAccuracy
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
        fields = ["max_accuracy_drop", "episodes"]
        if self.problem.target_crossbars is not None:
            fields.append("target_crossbars")
        return (
            f"no policy loses at most {100 * self.max_drop:g} points of validation accuracy, so "
            f"the dense network is kept; nearest are {nearest}; raise "
            f"{', '.join(f'search.{field}' for field in fields)} or prune.finetune_epochs"
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
            "recovery": 100 * self.recovery,
            "dense": {"accuracy": self.dense.whole, **problem.objective.dense},
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
            validation_images=settings.validation_images,
            device=settings.device,
        )
        self._layers = layers
        self._dense = self._evaluator.dense_accuracy()
        self._ask(recovery=0.0)  # What cannot be asked is refused before anything is evaluated.
        directory.mkdir(parents=True, exist_ok=True)
        self.log_path = directory / "log.jsonl"
        """The log, as it grows."""
        self._journal = Journal(directory / "evaluations.jsonl", key=fingerprint)

    @property
    def remembered_seconds(self) -> float:
        """Time that earlier, interrupted runs spent on evaluations that were taken over."""
        return self._journal.remembered_seconds

    def run(self, agent: Agent, *, episodes: int, progress: Progress) -> Searched:
        """Measure the recovery, let ``agent`` play its ``episodes``, fine-tune, choose."""
        settings = self._settings
        trials = settings.recovery_trials if settings.recovery is None else 0
        total = trials + episodes + settings.finalists
        with SearchLog(self.log_path, self.names) as log:
            recovery = self._recovery(log, lambda done, text: progress(done, total, text))
            problem = self._ask(recovery)

            def on_episode(episode: Episode) -> None:
                log.episode(episode)
                done = trials + episode.number + 1
                progress(done, total, _best_so_far(environment.history.best))

            environment = PruningEnvironment(problem, on_step=log.step, on_episode=on_episode)
            agent.search(environment)
            tuned = []

            def on_finalist(finalist: Finalist) -> None:
                log.finalist(finalist)
                tuned.append(finalist)
                text = f"finalist {finalist.episode.number}: -{100 * finalist.drop:.2f} points"
                progress(trials + episodes + len(tuned), total, text)

            selection = select(
                environment.history,
                self._whole,
                dense_accuracy=self._dense.whole,
                max_drop=settings.max_drop,
                count=settings.finalists,
                on_finalist=on_finalist,
            )
        return Searched(
            problem=problem,
            max_drop=settings.max_drop,
            recovery=recovery,
            dense=self._dense,
            history=environment.history,
            selection=selection,
        )

    def _recovery(self, log: SearchLog, progress: Callable[[int, str], None]) -> float:
        settings = self._settings
        if settings.recovery is not None:
            return settings.recovery
        done = 0

        def on_trial(trial: Trial) -> None:
            nonlocal done
            log.trial(trial)
            done += trial.whole
            progress(done, f"recovery: uniform {trial.ratio:.3f}, -{100 * trial.drop:.2f} points")

        return measure_recovery(
            self._layers,
            short=self._short,
            whole=self._whole,
            dense=self._dense,
            max_drop=settings.max_drop,
            trials=settings.recovery_trials,
            on_trial=on_trial,
        )

    def _ask(self, recovery: float) -> Problem:
        settings, layers = self._settings, self._layers
        return Problem(
            layers=layers,
            evaluate=self._short,
            dense_accuracy=self._dense.short,
            objective=Objective(
                name=settings.hardware,
                dense=hardware_terms(layers, [layer.segments for layer in layers]),
                weights=settings.hardware_weights,
            ),
            reward=settings.reward,
            max_drop=settings.max_drop + recovery,
            cost_weight=settings.cost_weight,
            target_crossbars=settings.target_crossbars,
        )

    def draw(self, directory: Path, done: Searched, *, title: str) -> None:
        """Write the plots."""
        from sw.search.plots import draw_plots  # Takes a while to import.

        winner = done.selection.winner
        draw_plots(
            directory, done.problem, done.history, winner.episode if winner else None, title=title
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
