"""A whole search, which goes on where it was interrupted: episodes, then finalists."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from torch import nn

from arch.geometry import Geometry
from sw.datasets import Dataset
from sw.search.agents import Agent
from sw.search.choices import network_choices
from sw.search.environment import PruningEnvironment
from sw.search.evaluation import Evaluation, Evaluator
from sw.search.executor import Executor, LocalExecutor
from sw.search.hardware import Objective, hardware_terms
from sw.search.history import Episode
from sw.search.journal import Journal
from sw.search.log import SearchLog
from sw.search.problem import Problem
from sw.search.recovery import Trial, measure_recovery
from sw.search.searched import Searched
from sw.search.selection import Finalist, select
from sw.search.session_settings import SessionSettings

__all__ = ["Session"]

Prepare = Callable[[Sequence[tuple[int, ...]]], None]
Progress = Callable[[int, int, str], None]
_SHORT, _WHOLE = "search", "final"
_SUFFIX = ".safetensors"
_HERE = LocalExecutor()


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
    executor : Executor
        Entered. If it is parallel, what an agent knows that it will ask is evaluated there; what is
        found does not depend on it.

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
        executor: Executor = _HERE,
    ) -> None:
        layers = network_choices(
            network, dataset.in_shape, geometry, scheme=scheme, max_ratio=settings.max_ratio
        )
        self.names = tuple(layer.name for layer in layers)
        self._settings = settings
        self._executor = executor
        self._evaluator = Evaluator(
            network,
            layers,
            dataset,
            seed=settings.seed,
            recipe=settings.recipe,
            short_recipe=settings.short_recipe,
            calibration_images=settings.calibration_images,
            finetune_images=settings.finetune_images,
            final_images=settings.final_images,
            reconstruct=settings.reconstruct,
            validation_images=settings.validation_images,
            device=settings.device,
        )
        self._layers = layers
        self._dense = self._evaluator.dense_accuracy()
        self._ask(recovery=0.0)  # What cannot be asked is refused before anything is evaluated.
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self.log_path = directory / "log.jsonl"
        """The log, as it grows."""
        self._journal = Journal(directory / "evaluations.jsonl", key=fingerprint)

    @property
    def remembered_seconds(self) -> float:
        """Time that earlier, interrupted runs spent on evaluations that were taken over."""
        return self._journal.remembered_seconds

    def recovery(self, *, progress: Progress) -> float:
        """Measure the recovery and nothing else; as a fraction."""
        total = self._settings.recovery_trials
        with SearchLog(self.log_path, self.names) as log:
            return self._recovery(log, lambda done, text: progress(done, total, text))

    def run(self, agent: Agent, *, episodes: int, progress: Progress) -> Searched:
        """Measure the recovery, let ``agent`` play its ``episodes``, fine-tune, choose."""
        settings = self._settings
        trials = settings.recovery_trials if settings.recovery is None else 0
        total = trials + episodes + settings.finalists
        with SearchLog(self.log_path, self.names) as log:
            recovery = self._recovery(log, lambda done, text: progress(done, total, text))
            prepared = 0

            def prepare(policies: Sequence[tuple[int, ...]]) -> None:
                nonlocal prepared
                begin = len(environment.history.episodes)
                for number in self._prepare(policies):
                    prepared = begin + number
                    progress(trials + prepared, total, f"{number} policies evaluated ahead")

            problem = self._ask(recovery, prepare if self._executor.parallel else None)

            def on_episode(episode: Episode) -> None:
                log.episode(episode)
                done = trials + max(episode.number + 1, prepared)
                progress(done, total, _best_so_far(environment.history.best))

            environment = PruningEnvironment(problem, on_step=log.step, on_episode=on_episode)
            agent.search(environment)
            tuned = []

            def on_finalist(finalist: Finalist) -> None:
                log.finalist(finalist)
                tuned.append(finalist)
                text = (
                    f"finalist {finalist.episode.number} x {finalist.scale:.2f}: "
                    f"-{100 * finalist.drop:.2f} points"
                )
                progress(trials + episodes + len(tuned), total, text)

            selection = select(
                environment.history,
                partial(problem.scaled, history=environment.history),
                self._whole,
                dense_accuracy=self._dense.whole,
                dense_cost=problem.objective.dense_cost,
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
            lost = f"-{100 * trial.drop:.2f} points" if trial.whole else f"limit {trial.drop:.4f}"
            progress(done, f"recovery: uniform {trial.ratio:.3f}, {lost}")

        return measure_recovery(
            self._layers,
            short=self._short,
            whole=self._whole,
            dense=self._dense,
            max_drop=settings.max_drop,
            trials=settings.recovery_trials,
            feedback=settings.feedback,
            on_trial=on_trial,
        )

    def _ask(self, recovery: float, prepare: Prepare | None = None) -> Problem:
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
            feedback=settings.feedback,
            cost_weight=settings.cost_weight,
            target_crossbars=settings.target_crossbars,
            prepare=prepare,
        )

    def draw(self, directory: Path, done: Searched, *, title: str) -> None:
        """Write the plots."""
        from sw.search.plots import draw_plots  # Takes a while to import.

        winner = done.selection.winner
        draw_plots(
            directory, done.problem, done.history, winner.episode if winner else None, title=title
        )

    def take_weights(self, kept: tuple[int, ...], path: Path) -> None:
        """Copy the weights to ``path`` that a finalist had after the whole fine-tuning.

        There may be none, if an interrupted search judged it and its directory was cleared.
        """
        if self._weights(kept).is_file():
            shutil.copy(self._weights(kept), path)

    def finish(self) -> None:
        """Everything is written: the next search here begins anew."""
        self._journal.finish()
        for path in self._directory.glob(f"*{_SUFFIX}"):
            path.unlink()

    def _weights(self, kept: tuple[int, ...]) -> Path:
        name = hashlib.sha256(repr(kept).encode()).hexdigest()[:16]
        return self._directory / f"{name}{_SUFFIX}"

    def _prepare(self, policies: Sequence[tuple[int, ...]]) -> Iterator[int]:
        """Evaluate policies side by side; how many of them are done, after each."""
        distinct = dict.fromkeys(policies)
        missing = [kept for kept in distinct if self._journal.find(_SHORT, kept) is None]
        evaluate = partial(self._evaluator.evaluate, epochs=self._settings.finetune_epochs)
        begin = len(distinct) - len(missing) + 1
        for number, (kept, found) in enumerate(self._executor.map(evaluate, missing), begin):
            self._journal.add(_SHORT, kept, found)
            yield number

    def _short(self, kept: tuple[int, ...]) -> Evaluation:
        return self._remembered(_SHORT, kept, self._settings.finetune_epochs)

    def _whole(self, kept: tuple[int, ...]) -> Evaluation:
        return self._remembered(_WHOLE, kept, self._settings.final_epochs)

    def _remembered(self, kind: str, kept: tuple[int, ...], epochs: int) -> Evaluation:
        found = self._journal.find(kind, kept)
        if found is None:
            whole = kind == _WHOLE
            save = self._weights(kept) if whole else None
            found = self._evaluator.evaluate(kept, epochs=epochs, whole=whole, save=save)
            self._journal.add(kind, kept, found)
        return found


def _best_so_far(best: Episode) -> str:
    return (
        f"best reward {best.reward:.3f} in episode {best.number}: {100 * best.accuracy:.1f} %, "
        f"{best.terms['crossbars']} crossbars, {best.terms['ous']} OUs"
    )
