"""Find out what is there of a run, and read it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arch.errors import InputError
from arch.table_files import load
from flow.content_hash import hash_files, hash_value
from flow.page.run import Run
from flow.recorded_values import recorded_values
from flow.report_file import REPORT, read_report
from flow.run_directory import Record, RunDirectory
from flow.search_log import LOG, read_log
from flow.stage import Stage
from flow.stages import STAGES

__all__ = ["done_stages", "open_run"]

_LAST = STAGES[-1].name


def open_run(directory: RunDirectory) -> Run:
    """Read what is needed for a page.

    A stage whose inputs or outputs are not what is there now, or one before it, is not told of: a
    page never mixes figures of two states.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a file that is there is damaged, or no stage is done.
    """
    root = directory.path
    done = done_stages(directory)
    outputs = _outputs(root, done)
    configuration = _configuration(directory, done)
    if (root / REPORT).is_file() and (directory.record(_LAST) is None or _LAST in done):
        report = {"configuration": configuration, **read_report(root / REPORT)}
        missing: tuple[str, ...] = ()
    else:
        report = _unfinished(directory, outputs, configuration)
        missing = tuple(stage.name for stage in STAGES if stage.name not in done)
    tables = load(outputs["map"] / "tables") if "map" in outputs else None
    if tables is not None and tables.sha256 != report["hashes"]["tables"]:
        tables = None
    if tables is not None:
        names = [layer["name"] for layer in report["layers"]]
        if names != [table.spec.name for table in tables.layers]:
            raise InputError(f"{root / REPORT}: is of other layers than the mapping tables")
    log = read_log(outputs["search.details"] / LOG) if "search" in outputs else None
    return Run(report=report, tables=tables, search=log, missing=missing)


def done_stages(directory: RunDirectory) -> list[str]:
    """Stages whose inputs are what is there now; none that reads from one that is not."""
    done: list[str] = []
    for stage in STAGES:
        record = directory.record(stage.name)
        needed = {need.partition(".")[0] for need in stage.needs}
        if (
            record is None
            or not _path(directory.path, stage.name).exists()
            or not needed <= set(done)
        ):
            continue
        if not _intact(directory.path, stage, record):
            continue
        # What an earlier version did not read decided nothing.
        read = [need for need in stage.needs if need in record.files]
        if all(
            record.files[need] == hash_value(hash_files(_path(directory.path, need)))
            for need in read
        ):
            done.append(stage.name)
    return done


def _intact(root: Path, stage: Stage, record: Record) -> bool:
    """Whether everything is as the stage wrote it, but for what a person may edit and the page."""
    written = [] if stage.editable else [stage.output]
    if stage.details and stage.name != _LAST:
        written.append(stage.details)
    found = {name: digest for part in written for name, digest in hash_files(root / part).items()}
    return found.items() <= record.outputs.items()


def _path(root: Path, need: str) -> Path:
    name, _, part = need.partition(".")
    stage = next(stage for stage in STAGES if stage.name == name)
    return root / (stage.details if part else stage.output)


def _outputs(root: Path, done: list[str]) -> dict[str, Path]:
    outputs = {name: _path(root, name) for name in done}
    if "search" in done:
        outputs["search.details"] = _path(root, "search.details")
    return outputs


def _configuration(directory: RunDirectory, done: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in done:
        record = directory.record(name)
        values |= record.configuration if record else {}
    return recorded_values(values)


def _unfinished(
    directory: RunDirectory, outputs: Mapping[str, Path], configuration: Mapping[str, Any]
) -> dict[str, Any]:
    from flow.stages.report import content  # Takes seconds to import; a finished run does without.

    if not outputs:
        raise InputError(f"{directory.path}: no stage is done; ohmforge run begins with the first")
    record = directory.record("search")
    policy = hash_files(_path(directory.path, "search"))
    edited = record is not None and not policy.items() <= record.outputs.items()
    return content(outputs, configuration, edited=edited)
