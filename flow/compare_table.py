"""A comparison as a table, for a terminal and for a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

__all__ = ["comparison_page", "comparison_table"]

_COLUMNS = (
    ("OUs", "ous", ",.0f", 1),
    ("dense/OUs", "fewer_ous", ".2f", 1),
    ("fewer than uniform, %", "against_uniform", ".1f", 100),
    ("at equal divergence, %", "at_equal_divergence", ".1f", 100),
    ("crossbars", "crossbars", ",.1f", 1),
    ("weights", "compression_weights", ".2f", 1),
    ("cells", "compression_cells", ".2f", 1),
    ("dense/crossbars", "compression_crossbars", ".2f", 1),
    ("vs float32", "compression_vs_float32", ".2f", 1),
    ("dense %", "dense_accuracy", ".2f", 100),
    ("pruned %", "accuracy", ".2f", 100),
    ("drop", "drop", ".2f", 1),
    ("divergence", "divergence", ".4f", 1),
    ("evaluations", "evaluations", ",.0f", 1),
    ("search min", "search_minutes", ".1f", 1),
    ("total min", "total_minutes", ".1f", 1),
)
"""Heading, name of the figure, format and factor."""
_HEADINGS = (
    "structure", "agent", "seeds", *(heading for heading, *_ in _COLUMNS), "winning episodes"
)  # fmt: skip
_NOTE = (
    "Mean over the seeds that have a winner, and after it the sample standard deviation. dense/OUs "
    "says how many times fewer OUs there are than in the dense network. weights, cells, "
    "dense/crossbars and vs float32 are the compressions of the report. Accuracies are of test "
    "images, the drop in points; the divergence of the scores from those of the dense network on "
    "validation images tells apart what accuracy is too coarse for: at equal divergence, on the "
    "line through its finalists, an agent has so many OUs fewer than uniform has. The total is "
    "what a search would take alone, with training, recovery and pruning."
)


def comparison_table(rows: Sequence[Mapping[str, Any]], *, title: str) -> Table:
    """A table with a row an agent.

    Parameters
    ----------
    rows : sequence of mapping
        What :func:`flow.compare_figures.agent_figures` returns.
    """
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="left" if number < 2 else "right", vertical="bottom")
    for row in rows:
        table.add_row(*_cells(row))
    if complaints := _complaints(rows):
        table.caption = Text("\n".join(complaints))  # Not markup: it may speak of ohmforge[search].
    return table


def comparison_page(rows: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """The same as Markdown."""
    lines = [f"# {title}", "", _line(_HEADINGS), _line(["---"] * len(_HEADINGS))]
    lines += [_line(_cells(row)) for row in rows]
    lines += ["", _NOTE, ""]
    lines += [f"* {complaint}" for complaint in _complaints(rows)]
    return "\n".join(lines).rstrip() + "\n"


def _cells(row: Mapping[str, Any]) -> list[str]:
    won = f"{len(row['episodes'])} of {len(row['seeds'])}"
    episodes = ", ".join(str(number) for number in row["episodes"].values())
    return [
        row["scheme"],
        row["agent"],
        won if row["problems"] else str(len(row["seeds"])),
        *(_figure(row[name], form, factor) for _, name, form, factor in _COLUMNS),
        episodes or "-",
    ]


def _figure(value: Mapping[str, float | None], form: str, factor: float) -> str:
    mean, spread = value["mean"], value["spread"]
    if mean is None:
        return "-"
    text = format(factor * mean, form)
    return text if spread is None else f"{text} ± {format(factor * spread, form)}"


def _complaints(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{row['scheme']} {row['agent']}, seed {seed}: {problem}"
        for row in rows
        for seed, problem in row["problems"].items()
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
