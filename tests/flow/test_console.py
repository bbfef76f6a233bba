"""What is printed does nothing to a terminal, and can be written in any encoding."""

import io
import sys

import pytest
from rich.table import Table

from flow import cli
from flow.console import print_wide, say, tell, visible, write_anything

HOSTILE = "a\x1b]0;title\x07 \ud800 \u202e\x00 b\u00e4"
SEEN = "a\\x1b]0;title\\x07 \\ud800 \\u202e\\x00 b\u00e4"


def test_visible():
    assert visible(HOSTILE) == SEEN
    assert visible("two\nlines, [bold]marked[/bold]") == "two\nlines, [bold]marked[/bold]"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_streams(encoding, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    write_anything()
    say(HOSTILE)
    tell(HOSTILE)
    table = Table("\ud800\u00e4")
    print_wide(table)
    stream.seek(0)
    lines = stream.buffer.read().decode(encoding).splitlines()
    assert lines[0] == lines[1] == (SEEN if encoding == "utf-8" else SEEN[:-1] + "\\xe4")
    assert any("\\ud800" in line for line in lines[2:])


def test_text_is_no_markup(capsys):
    """Names are those of others: ``net.py:One: `` is no emoji, and ``[/x]`` closes nothing."""
    table = Table("name")
    table.add_row("[/x] net.py:One: ")
    say("[/x] net.py:One: ")
    tell("[/x] net.py:One: ")
    print_wide(table)
    told = capsys.readouterr()
    assert (told.out + told.err).count("[/x] net.py:One: ") == 3


def test_errors_are_visible(capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        cli.main(["validate", "no\x1b]0;such"])
    assert capsys.readouterr().err.startswith("ohmforge: no\\x1b]0;such")
