"""The hardware of a run, by what its records say."""

from pathlib import Path

from pydantic import ValidationError

from arch.errors import InputError
from flow.hardware_section import HardwareSection
from flow.recorded_values import recorded_values
from flow.run_directory import MARKER, RunDirectory

__all__ = ["has_hardware", "run_hardware"]

_STAGE = "verilog"


def has_hardware(directory: Path) -> bool:
    """Whether the directory is that of a run whose Verilog was written."""
    if not (directory / MARKER).is_file():
        return False
    return RunDirectory.open(directory).record(_STAGE) is not None


def run_hardware(directory: Path) -> HardwareSection:
    """The hardware of the configuration whose Verilog was written last, or as by default.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the record is not one of this version.
    """
    if not (directory / MARKER).is_file():
        return HardwareSection()
    record = RunDirectory.open(directory).record(_STAGE)
    if record is None:
        return HardwareSection()
    try:
        return HardwareSection.model_validate(recorded_values(record.configuration)["hardware"])
    except (KeyError, TypeError, ValidationError) as error:
        raise InputError(
            f"{directory}: its record of the Verilog is of another version of ohmforge"
        ) from error
