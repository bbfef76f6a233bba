"""Compare agents: the same dense networks, the same recovery, the same number of policies each.

A comparison is a directory of run directories: one a seed for the dense network, one a seed and
sparsity structure for the recovery, and one for every search. What is finished there is not done
again.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from arch.errors import CheckFailed, InputError, OhmforgeError
from flow.compare_figures import agent_figures, search_figures
from flow.compare_plot import draw_comparison
from flow.compare_table import comparison_page
from flow.configuration import Configuration, PruneSection
from flow.field_rule import choices
from flow.job import Job, Listener, Silent
from flow.json_file import read_json, write_json, write_text
from flow.run_directory import RunDirectory
from flow.search_section import SearchSection
from flow.stage import Stage
from flow.stages import COMPARED_STAGES, SHARED_STAGES
from flow.stages.search import LOG
from sw.search.executor import Executor

__all__ = ["Compared", "compare_agents", "judge"]

_AGENTS = [name for name in choices(SearchSection.model_fields["agent"]) if name != "none"]
_SCHEMES = choices(PruneSection.model_fields["scheme"])
_LAST_SEED = 2**31 - 1
_TRAIN, _RECOVERY = SHARED_STAGES
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What is compared.

    Parameters
    ----------
    agents : sequence of str
        As ``search.agent`` names them.
    seeds : sequence of int
        Each with a dense network of its own.
    schemes : sequence of str
        Sparsity structures.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If one of them is empty, or names something twice or that there is not.
    """

    agents: Sequence[str]
    seeds: Sequence[int]
    schemes: Sequence[str]

    def __post_init__(self) -> None:
        _check("--agents", self.agents, ", ".join(_AGENTS), lambda name: name in _AGENTS)
        _check("--schemes", self.schemes, ", ".join(_SCHEMES), lambda name: name in _SCHEMES)
        _check("--seeds", self.seeds, f"0 to {_LAST_SEED}", lambda seed: 0 <= seed <= _LAST_SEED)


@dataclass(frozen=True, kw_only=True)
class _Task:
    """A job in a run directory of its own; ``dense`` is one that has the dense network."""

    directory: Path
    configuration: Configuration
    stages: Sequence[Stage]
    dense: Path | None = None
    place: Path

    def __call__(self, listener: Listener) -> None:
        # A process elsewhere may work in another directory, and paths are relative to this one.
        with contextlib.chdir(self.place):
            directory = RunDirectory.create(self.directory)
            if self.dense is not None:
                with directory.locked():
                    directory.take(_TRAIN.name, _TRAIN.output, RunDirectory.open(self.dense))
            Job(self.configuration, directory, stages=self.stages, listener=listener).run()


def compare_agents(
    configuration: Configuration,
    root: Path,
    compared: Compared,
    *,
    executor: Executor,
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Search with every agent, seed and sparsity structure, and write what was found.

    Parameters
    ----------
    configuration : Configuration
        Decides all else; without a section ``search`` its defaults hold.
    root : Path
        Where the run directories are made, and ``comparison.json``, ``comparison.md`` and
        ``comparison.png``.
    executor : Executor
        Entered; what does not need each other runs side by side if it can.
    say : callable
        Is told a line of every job that is done.

    Returns
    -------
    list of dict
        What :func:`flow.compare_figures.agent_figures` gives.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is no dense network or no recovery. A search that fails does not raise: its figures
        say why.
    """
    plan = _Plan(configuration, root, compared)
    with RunDirectory.create(root).locked():
        for tasks in (plan.trainings(), plan.recoveries()):
            for number, (task, problem) in enumerate(executor.map(_carry_out, tasks), 1):
                if problem is not None:
                    raise problem
                say(f"{task.directory.name}: done ({number} of {len(tasks)})")
        problems, tasks = {}, plan.searches()
        for number, (task, problem) in enumerate(executor.map(_carry_out, tasks), 1):
            problems[task.directory] = str(problem) if problem else ""
            say(f"{task.directory.name}: {problem or 'done'} ({number} of {len(tasks)})")
        searches = [plan.figures(key, problems[plan.search(*key)]) for key in plan.keys]
        rows = agent_figures(searches)
        write_json(root / "comparison.json", {"agents": rows, "searches": searches})
        write_text(root / "comparison.md", comparison_page(rows, title=configuration.name))
        draw_comparison(
            root / "comparison.png",
            searches,
            {one["directory"]: root / one["directory"] / "search" / LOG for one in searches},
            title=configuration.name,
        )
    return rows


def judge(rows: Sequence[Mapping[str, Any]]) -> None:
    """Raise :exc:`arch.errors.CheckFailed` if a search found no policy."""
    failed = [f"{row['agent']} (seed {seed})" for row in rows for seed in row["problems"]]
    if failed:
        raise CheckFailed(f"no policy of {', '.join(failed)}; see comparison.md")


def _carry_out(task: _Task) -> OhmforgeError | None:
    """Do a task; the error that is meant for the user, if there is one."""
    try:
        task(Silent())
    except OhmforgeError as error:
        return error
    return None


class _Plan:
    """The run directories of a comparison, and the job of each."""

    def __init__(self, configuration: Configuration, root: Path, compared: Compared) -> None:
        self._root = root
        self._compared = compared
        search = configuration.search or SearchSection()
        # Searches run side by side, so each by itself runs in one process.
        self._search = search.model_copy(update={"executor": "local", "ray_address": None})
        self._configuration = configuration
        self.keys = list(product(compared.seeds, compared.schemes, compared.agents))
        """Seed, sparsity structure and agent of each search."""

    def training(self, seed: int) -> Path:
        """Where the dense network of a seed is trained."""
        return self._root / f"seed{seed}"

    def recovery(self, seed: int, scheme: str) -> Path:
        """Where the recovery is measured."""
        return self._root / f"seed{seed}_{scheme}"

    def search(self, seed: int, scheme: str, agent: str) -> Path:
        """Where an agent searches."""
        return self._root / f"seed{seed}_{scheme}_{agent}"

    def figures(self, key: tuple[int, str, str], problem: str) -> dict[str, Any]:
        """What the search ``key`` reached."""
        seed, scheme, agent = key
        return {
            "seed": seed,
            "scheme": scheme,
            "agent": agent,
            **search_figures(
                self.search(*key),
                dense=self.training(seed),
                shared=self.recovery(seed, scheme),
                problem=problem,
            ),
        }

    def trainings(self) -> list[_Task]:
        return [
            _Task(
                directory=self.training(seed),
                configuration=self._with(seed),
                stages=(_TRAIN,),
                place=Path.cwd(),
            )
            for seed in self._compared.seeds
        ]

    def recoveries(self) -> list[_Task]:
        if self._search.recovery is not None:
            return []
        return [
            _Task(
                directory=self.recovery(seed, scheme),
                configuration=self._with(seed, scheme),
                stages=SHARED_STAGES,
                dense=self.training(seed),
                place=Path.cwd(),
            )
            for seed, scheme in product(self._compared.seeds, self._compared.schemes)
        ]

    def searches(self) -> list[_Task]:
        """Call this once the recoveries are measured."""
        return [
            _Task(
                directory=self.search(seed, scheme, agent),
                configuration=self._with(
                    seed, scheme, agent=agent, recovery=self._recovered(seed, scheme)
                ),
                stages=COMPARED_STAGES,
                dense=self.training(seed),
                place=Path.cwd(),
            )
            for seed, scheme, agent in self.keys
        ]

    def _recovered(self, seed: int, scheme: str) -> float:
        if self._search.recovery is not None:
            return self._search.recovery
        recovery: float = read_json(self.recovery(seed, scheme) / _RECOVERY.output)["recovery"]
        return recovery

    def _with(self, seed: int, scheme: str | None = None, **search: Any) -> Configuration:
        configuration = self._configuration
        scheme = scheme or configuration.prune.scheme
        return configuration.model_copy(
            update={
                "seed": seed,
                "prune": configuration.prune.model_copy(update={"scheme": scheme}),
                "search": self._search.model_copy(update=search),
            }
        )


def _check(
    option: str, values: Sequence[Value], known: str, is_known: Callable[[Value], bool]
) -> None:
    if not values:
        raise InputError(f"{option} must name at least one")
    for number, value in enumerate(values):
        if not is_known(value):
            raise InputError(f"{option}: there is no {value!r:.60}; choose from {known}")
        if value in values[:number]:
            raise InputError(f"{option}: {value!r:.60} is given twice")
