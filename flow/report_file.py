"""``report.json``: written only if it is what its schema says, read only if it is that too."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from arch.errors import InputError
from flow.json_file import read_json, write_json

__all__ = ["REPORT", "read_report", "report_schema", "write_report"]

REPORT = "report.json"
"""Name of the report in a run directory."""


def report_schema() -> dict[str, Any]:
    """The JSON Schema of the report, as in ``docs/report.schema.json``."""
    return json.loads((resources.files("flow") / "report.schema.json").read_text(encoding="utf-8"))


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Write a report.

    Raises
    ------
    :exc:`ValueError`
        If it does not follow the schema.
    """
    if problem := _problem(report):
        raise ValueError(f"the report is wrong: {problem}")
    write_json(path, report)


def read_report(path: Path) -> dict[str, Any]:
    """Read a report; raises InputError if it cannot be read or does not follow the schema."""
    report = read_json(path)
    if problem := _problem(report):
        raise InputError(f"{path}: is not a report: {problem}")
    return report


def _problem(report: Any) -> str:
    validator = jsonschema.Draft202012Validator(report_schema())
    error = jsonschema.exceptions.best_match(validator.iter_errors(report))
    if error is None:
        return ""
    return f"{error.json_path}: {error.message[:200]}"
