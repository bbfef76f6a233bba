"""The command ``ohmforge validate``."""

from flow.console import print_json, say
from flow.options import Json, TablesPath

__all__ = ["EXAMPLES", "validate"]

EXAMPLES = """\
Examples:

\b
ohmforge validate runs/digits
ohmforge validate runs/digits/map/tables --json
"""
"""What ``--help`` closes with."""


def validate(directory: TablesPath, json: Json = False) -> None:
    """Check mapping tables, without the code that made them."""
    from dataclasses import asdict

    from arch.validate import validate as validate_tables
    from flow.tables_path import tables_of

    found = validate_tables(tables_of(directory))
    if json:
        print_json(asdict(found))
        return
    for line in found.lines():
        say(line)
