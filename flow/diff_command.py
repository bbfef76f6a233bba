"""The command ``ohmforge diff``."""

from pathlib import Path
from typing import Annotated

import typer

from flow.complete import run_directories
from flow.console import print_json, print_wide
from flow.options import Json

__all__ = ["EXAMPLES", "diff"]

EXAMPLES = """\
Examples:

\b
ohmforge diff runs/digits runs/half
ohmforge diff runs/digits runs/half --json
ohmforge diff runs/digits runs/copy --exit-code
"""
"""What ``--help`` closes with."""
_DIFFERENT = 1


def diff(
    a: Annotated[
        Path,
        typer.Argument(
            metavar="A", help="The run directory before.", autocompletion=run_directories
        ),
    ],
    b: Annotated[
        Path,
        typer.Argument(
            metavar="B", help="The run directory after.", autocompletion=run_directories
        ),
    ],
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 if anything is different.")
    ] = False,
    json: Json = False,
) -> None:
    """Say what is different between two finished runs.

    Configuration, accuracy, compressions, crossbars, OUs, index bits and cycles, in all and layer
    by layer; hashes, versions, and the generated files. Times are not compared.
    """
    from dataclasses import asdict

    from flow.diff_table import diff_tables
    from flow.run_diff import diff_runs, open_finished

    found = diff_runs(open_finished(a), open_finished(b))
    if json:
        print_json({"different": found.different, **asdict(found)})
    else:
        print_wide(diff_tables(found))
    if exit_code and found.different:
        raise typer.Exit(_DIFFERENT)
