"""Where the figures are from: hashes, versions, configuration, and the command that repeats it."""

from typing import Any

import yaml

from flow.configuration import Configuration
from flow.page.run import Run

__all__ = ["origin"]


def origin(run: Run) -> dict[str, Any]:
    """Hashes, versions and the configuration as the text of a file."""
    report = run.report
    values = report.get("configuration", {})
    order = [name for name in Configuration.model_fields if name in values]
    text = yaml.safe_dump({name: values[name] for name in order}, sort_keys=False, width=1000)
    return {
        "hashes": [
            (label, report["hashes"][name])
            for name, label in (("tables", "mapping tables"), ("verilog", "Verilog"))
            if name in report["hashes"]
        ],
        "versions": report.get("versions", {}),
        "configuration": text if order else "",
        "name": report["name"] or "run",
        "edited": report.get("search", {}).get("edited", False),
        "finished": not run.missing,
    }
