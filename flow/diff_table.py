"""What is different between two runs, for a terminal."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flow.run_diff import Change, RunDiff
from flow.text_diff import FileDiff

__all__ = ["change_words", "diff_tables"]

_SHARES = ("accuracy.", "ou_issue_utilisation")
"""What is a share of one, by the beginning or the end of its key."""
_WIDTH = 68


def diff_tables(diff: RunDiff) -> RenderableType:
    """Everything that is different, section by section, or a line that nothing is."""
    parts: list[RenderableType] = [Text(f"a  {diff.a}"), Text(f"b  {diff.b}")]
    if not diff.different:
        return Group(*parts, Text("no difference"))
    parts += [
        _table(title, changes)
        for title, changes in (
            ("configuration", diff.configuration),
            ("figures", diff.figures),
            ("layers", diff.layers),
            ("hashes", diff.hashes),
            ("versions", diff.versions),
        )
        if changes
    ]
    if diff.verilog:
        parts += [_files(diff.verilog), *_heads(diff.verilog)]
    return Group(*parts)


def change_words(change: Change) -> str:
    """How a number changed: its sign and how much, in points, percent or times; else nothing."""
    a, b = change.a, change.b
    if not _is_number(a) or not _is_number(b):
        return ""
    if _is_share(change.key):
        return f"{round(100 * (b - a), 2) + 0.0:+.2f} points"
    if not a:
        return f"{b - a:+,}"
    return f"{100 * (b - a) / abs(a):+.1f} %"


def _table(title: str, changes: Sequence[Change]) -> Table:
    figures = title in ("figures", "layers")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("", justify="left", no_wrap=True)
    for run in ("a", "b"):
        table.add_column(run, justify="right" if figures else "left", overflow="fold")
    if figures:
        table.add_column("change", justify="right", no_wrap=True)
    for change in changes:
        cells = [_value(change.key, change.a), _value(change.key, change.b)]
        if figures:
            cells.append(change_words(change))
        table.add_row(*(Text(cell) for cell in (change.key, *cells)))
    return table


def _files(files: Iterable[FileDiff]) -> Table:
    table = Table(title="Verilog", title_justify="left", box=None, pad_edge=False)
    table.add_column("", justify="left", no_wrap=True)
    table.add_column("lines", justify="right", no_wrap=True)
    for entry in files:
        text = f"only in {entry.only_in}" if entry.only_in else "different"
        if entry.removed is not None and entry.added is not None:
            text = f"-{entry.removed:,} +{entry.added:,}"
            if entry.only_in:
                text = f"only in {entry.only_in}, {entry.removed + entry.added:,}"
        table.add_row(Text(entry.file), Text(text))
    return table


def _heads(files: Sequence[FileDiff]) -> Iterator[Text]:
    """The heads of differences of Verilog; what a memory holds says nothing to a person."""
    for entry in files:
        if entry.head and entry.file.endswith(".v"):
            yield Text(entry.file)
            for line in entry.head:
                yield Text(f"  {_plain(line)}", style=_style(line))


def _style(line: str) -> str:
    return {"-": "red", "+": "green"}.get(line[:1], "")


def _value(key: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if _is_number(value) and _is_share(key):
        return f"{100 * value:.2f} %"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    text = _plain(str(value))
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}..."


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_share(key: str) -> bool:
    return key.startswith(_SHARES[0]) or key.endswith(_SHARES[1])


def _plain(text: str) -> str:
    """What comes from files may hold anything: a terminal is not to obey it."""
    return "".join(char if char.isprintable() else " " for char in text)
