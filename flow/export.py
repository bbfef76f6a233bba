"""Export the network engine of a run, as :mod:`hw.integration.export` writes it."""

from dataclasses import dataclass
from pathlib import Path

from arch.atomic_directory import replace_directory
from arch.errors import InputError, ToolError
from arch.network_program import build_network_program
from arch.table_files import load
from arch.validate import validate
from flow.run_hardware import run_hardware
from flow.tables_path import tables_of

__all__ = ["Choice", "export_run"]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was asked for; the fields are those of the options of ``ohmforge export``."""

    top: str
    polarity: str
    kind: str
    name: str
    stream_bytes: int
    clock_mhz: float


def export_run(directory: Path, output: Path, choice: Choice) -> str:
    """Write the engine of a run, or of tables, into ``output``; returns the hash of its tables.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there are no tables, something is asked for that cannot be, or ``output`` holds
        something other than an export.
    :exc:`arch.errors.ToolError`
        If a tool is missing.
    """
    try:
        from hw.integration.export import ExportOptions, export
        from hw.integration.reset_input import ResetInput
    except ImportError as error:
        raise ToolError(
            f"{error.name} is missing: pip install 'ohmforge[rtl,registers]'"
        ) from error
    try:
        reset = ResetInput(polarity=choice.polarity, kind=choice.kind)
        options = ExportOptions(
            top=choice.top,
            name=choice.name,
            reset=reset,
            stream_bytes=choice.stream_bytes,
            clock_mhz=choice.clock_mhz,
        )
    except ValueError as error:
        raise InputError(str(error)) from error
    _check_place(output)
    place = tables_of(directory)
    validate(place)
    hardware = run_hardware(directory)
    try:
        program = build_network_program(load(place), **hardware.network_built_as)
    except ValueError as error:
        raise InputError(f"{directory}: no engine can be made of the tables: {error}") from error
    with replace_directory(output) as new:
        export(program, new, options)
    return program.tables_sha256


def _check_place(output: Path) -> None:
    """Only an export is replaced."""
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise InputError(f"{output}: is not a directory; choose another")
    if output.is_dir() and any(output.iterdir()) and not list(output.glob("*.core")):
        raise InputError(f"{output}: is not an export and not empty; choose another")
