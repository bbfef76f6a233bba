"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from flow.complete import configurations, run_directories

__all__ = ["Config", "Json", "Output", "Override", "Quiet", "RunPath", "TablesPath"]

Config = Annotated[
    Path,
    typer.Argument(
        metavar="CONFIG",
        help="A YAML file; see docs/configuration.md.",
        autocompletion=configurations,
    ),
]
"""The configuration file."""
Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR",
        help="Where to work; made if it is not there.",
        autocompletion=run_directories,
    ),
]
"""The directory of what is made."""
Override = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY.PATH=VALUE",
        help="Use this value instead of the one in CONFIG; the value is YAML. Can be repeated.",
    ),
]
"""Values in the place of those in the configuration file."""
Json = Annotated[
    bool,
    typer.Option("--json", help="Print JSON instead of text; docs/flow.md describes its keys."),
]
"""Whether results are printed for programs."""
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print results and errors only, no progress.")
]
"""Whether nothing is told of the work that goes on."""
RunPath = Annotated[
    Path, typer.Argument(metavar="DIR", help="A run directory.", autocompletion=run_directories)
]
"""A run directory that is there."""
TablesPath = Annotated[
    Path,
    typer.Argument(
        metavar="DIR",
        help="A run directory, or a directory of mapping tables.",
        autocompletion=run_directories,
    ),
]
"""Mapping tables that are there."""
