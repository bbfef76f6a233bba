"""Where the figures are from: hashes, versions, configuration, and the command that repeats it."""

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from flow.configuration import Configuration
from flow.page.run import Run

__all__ = ["origin"]


def origin(run: Run) -> dict[str, Any]:
    """Hashes, versions and the configuration as the text of a file."""
    report = run.report
    return {
        "hashes": [
            (label, report["hashes"][name])
            for name, label in (("tables", "mapping tables"), ("verilog", "Verilog"))
            if name in report["hashes"]
        ],
        "versions": report.get("versions", {}),
        "configuration": _text(report.get("configuration", {})),
        "name": report["name"] or "run",
        "edited": report.get("search", {}).get("edited", False),
        "finished": not run.missing,
    }


def _text(values: Mapping[str, Any]) -> str:
    """A configuration file with these values, sections in the order of the documentation."""
    given = {name: _without_null(values[name]) for name in Configuration.model_fields
             if name in values}  # fmt: skip
    try:
        Configuration.model_validate(given)
    except ValidationError:
        # Defaults of one kind of model or data may not be given beside another.
        defaults = Configuration().model_dump()
        for section in ("model", "data"):
            given[section] = {
                name: value
                for name, value in given.get(section, {}).items()
                if name == "kind" or value != defaults[section].get(name)
            }
    return yaml.safe_dump(given, sort_keys=False, width=1000) if given else ""


def _without_null(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: _without_null(entry) for name, entry in value.items() if entry is not None}
