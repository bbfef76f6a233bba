"""Where the figures are from: hashes, versions, configuration, and the command that repeats it."""

from collections.abc import Mapping
from typing import Any

import yaml

from flow.page.run import Run
from flow.recorded_configuration import given_values

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
    given = given_values(values)
    return yaml.safe_dump(given, sort_keys=False, width=1000) if given else ""
