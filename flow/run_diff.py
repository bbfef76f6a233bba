"""What is different between two finished runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arch.errors import InputError
from flow.damaged_run import one_line_if_damaged
from flow.page.open_run import done_stages
from flow.recorded_values import recorded_values
from flow.report_file import REPORT, read_report
from flow.run_directory import RunDirectory
from flow.stages import STAGES
from flow.text_diff import FileDiff, diff_directories

__all__ = ["Change", "FinishedRun", "RunDiff", "diff_runs", "open_finished"]

_OF_LAYER = (
    "rows",
    "cols",
    "scheme",
    "segments_kept",
    "weights_kept",
    "ous",
    "crossbars",
    "index_bits",
    "cell_bits_stored",
    "cycles_bound",
    "cycles_model",
    "cycles_rtl",
    "ou_issue_utilisation",
    "mismatches",
)
_OF_TOTALS = (
    "segments_kept",
    "ous",
    "crossbars",
    "index_bits",
    "cell_bits_stored",
    "cycles_bound",
    "cycles_model",
    "cycles_rtl",
    "mismatches",
)
_OF_NETWORK = ("cycles_rtl", "cycles_model", "ou_issue_utilisation")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One value in both runs; None where a run has none.

    ``key`` is a dotted path: in the report, or of the configuration.
    """

    key: str
    a: Any
    b: Any


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """What of a finished run is compared.

    Parameters
    ----------
    path : Path
        The run directory.
    report : mapping
        What :func:`flow.report_file.read_report` returns.
    configuration : mapping of str to object
        Every value that decided the run, by dotted path.
    files : mapping of str to str
        Hash of what is in the files that fields of the configuration name.
    """

    path: Path
    report: Mapping[str, Any]
    configuration: Mapping[str, Any]
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RunDiff:
    """What is different; everything that is left out is the same.

    Parameters
    ----------
    a, b : str
        The run directories.
    configuration : tuple of Change
        Values that decided the runs. A file has ``KEY (content)`` if what is in it is different;
        where it is does not count.
    figures : tuple of Change
        Accuracies, totals, compressions, cycles of an image.
    layers : tuple of Change
        Figures of layers, ``LAYER.FIGURE``; ``LAYER`` alone if only one run has it.
    hashes, versions : tuple of Change
        Hashes of tables and Verilog; versions of what took part.
    verilog : tuple of FileDiff
        Generated files.
    """

    a: str
    b: str
    configuration: tuple[Change, ...]
    figures: tuple[Change, ...]
    layers: tuple[Change, ...]
    hashes: tuple[Change, ...]
    versions: tuple[Change, ...]
    verilog: tuple[FileDiff, ...]

    @property
    def different(self) -> bool:
        """Whether anything is."""
        return any(
            (
                self.configuration,
                self.figures,
                self.layers,
                self.hashes,
                self.versions,
                self.verilog,
            )
        )


def open_finished(path: Path) -> FinishedRun:
    """Read a finished run.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is none, it is not finished, or something in it is damaged.
    """
    directory = RunDirectory.open(path)
    done = done_stages(directory)
    if missing := [stage.name for stage in STAGES if stage.name not in done]:
        raise InputError(
            f"{path}: is not finished: {', '.join(missing)} not done, or not up to date; "
            f"ohmforge run goes on from there"
        )
    values: dict[str, Any] = {}
    files: dict[str, str] = {}
    for stage in STAGES:
        if record := directory.record(stage.name):
            values |= record.configuration
            files |= {name: record.files[name] for name in stage.opens if name in record.files}
    report = read_report(path / REPORT)
    with one_line_if_damaged(path):
        _figures(report)
        _layers(report, report)
        configuration = dict(_flat(recorded_values(values)))
    return FinishedRun(path=path, report=report, configuration=configuration, files=files)


def diff_runs(a: FinishedRun, b: FinishedRun) -> RunDiff:
    """What is different between two runs; times that they took are not compared.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a generated file cannot be read.
    """
    return RunDiff(
        a=str(a.path),
        b=str(b.path),
        configuration=tuple(_configuration(a, b)),
        figures=_changes(_figures(a.report), _figures(b.report)),
        layers=_changes(_layers(a.report, b.report), _layers(b.report, a.report)),
        hashes=_changes(a.report["hashes"], b.report["hashes"]),
        versions=_changes(a.report["versions"], b.report["versions"]),
        verilog=tuple(diff_directories(a.path / "verilog", b.path / "verilog")),
    )


def _changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[Change, ...]:
    """Values that are not the same, in the order of the first, then those of the second alone."""
    return tuple(
        Change(key=key, a=a.get(key), b=b.get(key))
        for key in dict.fromkeys((*a, *b))
        if a.get(key) != b.get(key)
    )


def _configuration(a: FinishedRun, b: FinishedRun) -> Iterable[Change]:
    named = {field for stage in STAGES for field in stage.opens}
    for change in _changes(a.configuration, b.configuration):
        if change.key not in named or None in (change.a, change.b):
            yield change
    for change in _changes(a.files, b.files):
        if change.a is not None and change.b is not None:
            yield Change(key=f"{change.key} (content)", a=change.a, b=change.b)


def _figures(report: Mapping[str, Any]) -> dict[str, Any]:
    totals = report["totals"]
    found = {f"accuracy.{name}": value for name, value in report["accuracy"].items()}
    found |= {f"totals.{name}": totals[name] for name in _OF_TOTALS if name in totals}
    found |= {f"compression.{name}": value for name, value in totals["compression"].items()}
    for name, taken in report.get("image_cycles", {}).items():
        found[f"image_cycles.{name}"] = taken["cycles"]
    network = report["cosim"].get("network") or {}
    found |= {f"network.{name}": network[name] for name in _OF_NETWORK if name in network}
    return found


def _layers(report: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of the layers that both have; of another its number of OUs."""
    others = {layer["name"] for layer in other["layers"]}
    found: dict[str, Any] = {}
    for layer in report["layers"]:
        name = layer["name"]
        if name not in others:
            found[name] = layer["ous"]
            continue
        found |= {f"{name}.{key}": layer[key] for key in _OF_LAYER if key in layer}
    return found


def _flat(value: Mapping[str, Any], place: str = "") -> Iterable[tuple[str, Any]]:
    for key, inner in value.items():
        path = f"{place}{key}"
        if isinstance(inner, Mapping) and inner:
            yield from _flat(inner, f"{path}.")
        else:
            yield path, inner
