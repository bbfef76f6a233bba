"""Run the stages of a job: those whose inputs changed, in order, and no others."""

import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from arch.errors import InputError
from flow.configuration import Configuration
from flow.content_hash import hash_code, hash_files, hash_value
from flow.named_files import hash_named, hash_source_of, without_places
from flow.run_directory import Record, RunDirectory
from flow.stage import Context, Progress, Stage

__all__ = ["ALL", "Job", "Listener", "Silent", "check_names"]

ALL = "all"
"""Stands for every stage where stages are forced."""


class Listener(Protocol):
    """Who is told how the job goes on."""

    def started(self, stage: str, reason: str) -> Progress:
        """A stage starts, for ``reason``; what is returned is told how far it is."""

    def finished(self, stage: str, seconds: float) -> None:
        """The stage that started last is done."""

    def skipped(self, stage: str) -> None:
        """A stage is up to date."""

    def kept(self, stage: str, path: Path) -> None:
        """A stage is left out because a person changed what it wrote to ``path``."""


class Silent:
    """A listener that tells nobody."""

    def started(self, stage: str, reason: str) -> Progress:
        return lambda done, total, text="": None

    def finished(self, stage: str, seconds: float) -> None: ...

    def skipped(self, stage: str) -> None: ...

    def kept(self, stage: str, path: Path) -> None: ...


def check_names(stages: Sequence[Stage], *, until: str | None, force: Collection[str]) -> None:
    """Raise InputError if ``until`` or ``force`` names a stage that is not in ``stages``."""
    names = [stage.name for stage in stages]
    for option, given, known in (
        ("--until", [until] if until is not None else [], names),
        ("--force", force, [*names, ALL]),
    ):
        for name in given:
            if name not in known:
                raise InputError(f"{option} {name}: no such stage; choose {', '.join(known)}")


class Job:
    """A configuration, the stages that carry it out, and the directory in which they do.

    Parameters
    ----------
    configuration : Configuration
        What to do.
    directory : RunDirectory
        Where.
    stages : sequence of Stage
        In the order in which they run; each needs only stages before it.
    listener : Listener
        Who is told.
    """

    def __init__(
        self,
        configuration: Configuration,
        directory: RunDirectory,
        *,
        stages: Sequence[Stage],
        listener: Listener,
    ) -> None:
        self._configuration = configuration
        self._directory = directory
        self._stages = tuple(stages)
        self._listener = listener
        self._edited: set[str] = set()

    def run(self, *, until: str | None = None, force: Collection[str] = ()) -> None:
        """Run every stage that is not up to date.

        Parameters
        ----------
        until : str, optional
            The last stage to look at.
        force : collection of str
            Stages that run even if nothing changed, or :data:`ALL`.

        Raises
        ------
        :exc:`arch.errors.InputError`
            If a stage is unknown, or the directory is in use.
        """
        check_names(self._stages, until=until, force=force)
        with self._directory.locked():
            self._edited = set()
            for stage in self._until(until):
                self._bring_up_to_date(stage, forced=bool({ALL, stage.name} & set(force)))

    def judge(self, *, until: str | None = None) -> None:
        """Raise :exc:`arch.errors.CheckFailed` if a stage found the product wrong.

        The stages keep what they found, so that it can be looked at; call this after :meth:`run`.
        """
        for stage in self._until(until):
            # What a person wrote in the place of an output is not judged by what it replaces.
            if stage.name not in self._edited:
                stage.check(self._outputs(stage)[-1])

    def _bring_up_to_date(self, stage: Stage, *, forced: bool) -> None:
        expected = self._expected(stage)
        record = self._directory.record(stage.name)
        reason = "forced" if forced else self._reason(stage, record, expected)
        if reason is None:
            self._listener.skipped(stage.name)
            return
        if record is not None and not forced and self._changed_by_hand(stage, record):
            self._edited.add(stage.name)
            self._listener.kept(stage.name, self._output(stage))
            return
        progress = self._listener.started(stage.name, reason)
        begin = time.monotonic()
        with self._directory.writing(stage.output) as output:
            stage.run(
                Context(
                    configuration=self._configuration,
                    inputs={need: self._needed(need) for need in stage.needs},
                    output=output,
                    details=output.with_name(stage.details or "details"),
                    scratch=self._directory.scratch,
                    progress=progress,
                    fingerprint=hash_value(
                        [
                            without_places(expected.configuration, self._named(stage)),
                            expected.files,
                            expected.code,
                        ]
                    ),
                    edited=frozenset(self._edited),
                )
            )
            seconds = time.monotonic() - begin
            self._directory.commit(
                output,
                Record(**{**vars(expected), "seconds": round(seconds, 3)}),
                details=output.with_name(stage.details) if stage.details else None,
            )
        self._listener.finished(stage.name, seconds)

    def _expected(self, stage: Stage) -> Record:
        """The record that an up-to-date stage has, but for its outputs and its time."""
        return Record(
            stage=stage.name,
            configuration={path: self._configuration.at(path) for path in stage.reads},
            files={need: hash_value(hash_files(self._needed(need))) for need in stage.needs}
            | {
                path: _hash_named(path, named)
                for path in stage.opens
                if (named := self._configuration.at(path))
            },
            code=hash_code((*stage.rooms, stage.module), stage.distributions),
            outputs={},
            seconds=0.0,
        )

    def _reason(self, stage: Stage, record: Record | None, expected: Record) -> str | None:
        """Why the stage has to run; None if it is up to date."""
        if record is None:
            return "not done yet"
        # What is in a file that the configuration names counts below, not where it is.
        named = self._named(stage)
        recorded = without_places(record.configuration, named)
        for path, value in without_places(expected.configuration, named).items():
            if recorded.get(path) != value:
                return f"{path} changed"
        for name, digest in expected.files.items():
            if record.files.get(name) != digest:
                return f"output of {name} changed" if name in stage.needs else f"{name} changed"
        if record.configuration.keys() != expected.configuration.keys():
            return "the configuration changed"
        if record.code != expected.code:
            return "the code changed"
        if record.outputs != self._hashes(self._outputs(stage)):
            return "its output was changed or removed"
        return None

    def _named(self, stage: Stage) -> list[str]:
        """Fields of the configuration that name something that is there."""
        named = {path: self._configuration.at(path) for path in stage.opens}
        return [path for path, place in named.items() if place and Path(place).exists()]

    def _changed_by_hand(self, stage: Stage, record: Record) -> bool:
        present = hash_files(self._output(stage))
        return stage.editable and bool(present) and not present.items() <= record.outputs.items()

    def _output(self, stage: Stage) -> Path:
        return self._directory.path / stage.output

    def _outputs(self, stage: Stage) -> list[Path]:
        """The output, and the details if it has some."""
        return [self._directory.path / name for name in (stage.output, stage.details) if name]

    def _hashes(self, paths: Iterable[Path]) -> dict[str, str]:
        return {name: digest for path in paths for name, digest in hash_files(path).items()}

    def _needed(self, need: str) -> Path:
        name, _, part = need.partition(".")
        stage = next(stage for stage in self._stages if stage.name == name)
        return self._directory.path / (stage.details if part else stage.output)

    def _until(self, until: str | None) -> tuple[Stage, ...]:
        names = [stage.name for stage in self._stages]
        return self._stages[: names.index(until) + 1] if until else self._stages


def _hash_named(path: str, named: str) -> str:
    """Hash of what a field of the configuration names: a file, or a function in one."""
    return hash_source_of(named) if path.endswith(".source") else hash_named(Path(named))
