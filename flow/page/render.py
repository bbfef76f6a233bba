"""Put the sections of a page together."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from flow.json_file import write_text
from flow.page.accuracy import accuracy
from flow.page.activity import activity
from flow.page.crossbars import crossbars
from flow.page.cycles import cycles
from flow.page.index import index
from flow.page.layers import layers
from flow.page.numbers import FILTERS
from flow.page.origin import origin
from flow.page.run import Run
from flow.page.search import search
from flow.page.summary import summary
from flow.page.verification import verification

__all__ = ["PAGE", "render_page", "write_page"]

PAGE = "report.html"
"""Name of the page in a run directory."""
_SECTIONS = {
    "summary": ("Summary", summary),
    "accuracy": ("Accuracy", accuracy),
    "search": ("Search", search),
    "layers": ("Layers", layers),
    "crossbars": ("Crossbars", crossbars),
    "index": ("Index", index),
    "activity": ("OU activity", activity),
    "cycles": ("Cycles", cycles),
    "verification": ("Verification", verification),
    "origin": ("Origin", origin),
}
"""By identifier, in order: heading, and what makes the content or None to leave it out."""


def render_page(run: Run) -> str:
    """The page of a run, as HTML; the same run gives the same text.

    Names and texts of the run are escaped wherever they stand, and the page forbids scripts.
    """
    made = ((name, heading, make(run)) for name, (heading, make) in _SECTIONS.items())
    return (
        _environment()
        .get_template("page.html")
        .render(
            name=run.report["name"] or "run",
            missing=run.missing,
            sections=[
                {"id": name, "heading": heading, "content": content}
                for name, heading, content in made
                if content is not None
            ],
        )
    )


@cache
def _environment() -> Environment:
    """Templates that are compiled once in a process."""
    environment = Environment(
        loader=PackageLoader("flow.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    return environment


def write_page(path: Path, run: Run) -> None:
    """Write the page, so that it is there whole or not at all."""
    write_text(path, render_page(run))
