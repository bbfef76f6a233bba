"""The directory of a run: what each stage wrote, from what, and who is at work in it.

A stage writes into a hidden folder of its own; what it wrote takes its place by a rename, and only
then a record of its inputs and outputs is written. Whatever interrupts a run, a stage is either
done, with a record that matches its files, or it is not done. Every path in a record is relative,
so the directory can be moved.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from arch.errors import InputError
from flow.content_hash import hash_files
from flow.json_file import HIDDEN, read_json, write_json

__all__ = ["MARKER", "Record", "RunDirectory"]

MARKER = "ohmforge.json"
"""The file that makes a directory a run directory."""
_SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a stage read and what it wrote.

    Parameters
    ----------
    stage : str
        Name of the stage.
    configuration : dict of str to object
        The values of the configuration that it depends on, by dotted path.
    files : dict of str to str
        Hash of the output of each stage that it reads.
    code : str
        Hash of the code that it runs.
    outputs : dict of str to str
        Hash of each file that it wrote, by the path in the run directory.
    seconds : float
        How long it took.
    """

    stage: str
    configuration: dict[str, Any]
    files: dict[str, str]
    code: str
    outputs: dict[str, str]
    seconds: float


class RunDirectory:
    """A run directory; make one with :meth:`create`, or :meth:`open` one that is there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: Path) -> "RunDirectory":
        """The run directory at ``path``; raises InputError if there is none."""
        if not path.is_dir():
            raise InputError(f"{path}: no such directory")
        if not (path / MARKER).is_file():
            raise InputError(f"{path}: is not a run directory (it has no {MARKER})")
        marker = read_json(path / MARKER)
        if not isinstance(marker, dict) or marker.get("schema") != _SCHEMA:
            raise InputError(f"{path / MARKER}: written by another version of ohmforge")
        return cls(path)

    @classmethod
    def create(cls, path: Path) -> "RunDirectory":
        """The run directory at ``path``, made if there is none.

        Raises
        ------
        :exc:`arch.errors.InputError`
            If something else is there, which is never overwritten, or it cannot be made.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            if not (path / MARKER).is_file():
                strange = [p.name for p in path.iterdir() if not p.name.startswith(HIDDEN)]
                if strange:
                    raise InputError(
                        f"{path}: is not a run directory and not empty; choose another"
                    )
                write_json(path / MARKER, {"schema": _SCHEMA})
        except FileExistsError as error:
            raise InputError(f"{path}: is not a directory") from error
        except OSError as error:
            raise InputError(f"{path}: cannot be used: {error.strerror}") from error
        return cls.open(path)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory; raises InputError if another process does.

        The lock ends with the process that holds it, however that ends.
        """
        try:
            descriptor = os.open(self.path / f"{HIDDEN}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be used: {error.strerror}") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(f"{self.path}: another run is at work in it") from error
            shutil.rmtree(self._partial, ignore_errors=True)
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def writing(self, output: str) -> Iterator[Path]:
        """Where a stage writes ``output`` before it takes its place; gone again afterwards."""
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir()
        try:
            yield self._partial / output
        finally:
            shutil.rmtree(self._partial, ignore_errors=True)

    def commit(self, written: Path, record: Record, *, details: Path | None = None) -> Record:
        """Put what a stage wrote in its place, then its record, with the outputs filled in.

        Parameters
        ----------
        written : Path
            The output, in the folder of :meth:`writing`.
        details : Path, optional
            A second output beside it; it may be missing.
        """
        self.forget(record.stage)
        outputs: dict[str, str] = {}
        for part in (written, details):
            if part is None:
                continue
            target = self.path / part.name
            if target.exists():
                target.rename(self._partial / f"{part.name}.before")
            if part is written or part.exists():
                part.rename(target)
            outputs |= hash_files(target)
        done = Record(**{**asdict(record), "outputs": outputs})
        write_json(self._record_path(record.stage), asdict(done))
        return done

    def take(self, stage: str, output: str, source: "RunDirectory") -> None:
        """Take over what another run directory has of ``stage``, whose output is ``output``.

        Nothing is copied if it is the same already; what is damaged there is found when it is used.
        """
        record = source.record(stage)
        if record is None or record == self.record(stage):
            return
        with self.writing(output) as place:
            shutil.copytree(source.path / output, place)
            self.commit(place, record)

    def forget(self, stage: str) -> None:
        """Remove the record of ``stage``: it is not done any more."""
        self._record_path(stage).unlink(missing_ok=True)

    def record(self, stage: str) -> Record | None:
        """The record of ``stage``; None if it is not done or its record is damaged."""
        path = self._record_path(stage)
        if not path.is_file():
            return None
        try:
            record = Record(**read_json(path))
        except (InputError, TypeError):
            return None
        tables = (record.configuration, record.files, record.outputs)
        return record if all(isinstance(table, dict) for table in tables) else None

    @property
    def scratch(self) -> Path:
        """A directory for what can be made again; no record speaks of it."""
        path = self.path / "build"
        path.mkdir(exist_ok=True)
        return path

    @property
    def _partial(self) -> Path:
        return self.path / f"{HIDDEN}.partial"

    def _record_path(self, stage: str) -> Path:
        return self.path / "records" / f"{stage}.json"
