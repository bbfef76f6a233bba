"""Where the command line writes."""

import io
import json
import sys
from typing import Any

from rich.console import Console, RenderableType

__all__ = [
    "Interrupted",
    "err",
    "out",
    "print_json",
    "print_wide",
    "say",
    "tell",
    "visible",
    "write_anything",
]

_WIDTH = 240


class Interrupted(Exception):
    """Ctrl-C, with a word on what comes next."""


def out() -> Console:
    """The standard output."""
    return Console(markup=False, emoji=False)


def err() -> Console:
    """The standard error."""
    return Console(stderr=True, markup=False, emoji=False)


def write_anything() -> None:
    """Let the standard streams write what their encoding lacks as an escape, not raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def visible(text: str) -> str:
    """Text with escapes for what does something to a terminal instead of being seen."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in text
    )


def say(line: str) -> None:
    """Print a line as it is."""
    out().print(visible(line), markup=False, highlight=False, soft_wrap=True)


def tell(line: str) -> None:
    """Print a line as it is where it does not mix with results."""
    err().print(visible(line), markup=False, highlight=False, soft_wrap=True)


def print_wide(table: RenderableType) -> None:
    """Print a table; in a file it may be as wide as it wants, only a terminal has an edge."""
    console = out()
    if not console.is_terminal:
        console = Console(width=max(console.width, _WIDTH), markup=False, emoji=False)
    console.print(table, highlight=False)


def print_json(value: Any) -> None:
    """Print a value as JSON; NaN and infinity, which JSON lacks, raise ValueError."""
    say(json.dumps(value, indent=1, allow_nan=False))
