"""Where the command line writes."""

import json
from typing import Any

from rich.console import Console, RenderableType

__all__ = ["Interrupted", "err", "out", "print_json", "print_wide", "say", "tell"]

_WIDTH = 240


class Interrupted(Exception):
    """Ctrl-C, with a word on what comes next."""


def out() -> Console:
    """The standard output."""
    return Console()


def err() -> Console:
    """The standard error."""
    return Console(stderr=True)


def say(line: str) -> None:
    """Print a line as it is."""
    out().print(line, markup=False, highlight=False, soft_wrap=True)


def tell(line: str) -> None:
    """Print a line as it is where it does not mix with results."""
    err().print(line, markup=False, highlight=False, soft_wrap=True)


def print_wide(table: RenderableType) -> None:
    """Print a table; in a file it may be as wide as it wants, only a terminal has an edge."""
    console = out()
    if not console.is_terminal:
        console = Console(width=max(console.width, _WIDTH))
    console.print(table, highlight=False)


def print_json(value: Any) -> None:
    """Print a value as JSON; NaN and infinity, which JSON lacks, raise ValueError."""
    say(json.dumps(value, indent=1, allow_nan=False))
