"""Pages are linked, links lead somewhere, and what pages say of the code is there."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.docs.blocks import ROOT, pages, spans

ROOMS = {
    "arch": "architecture",
    "sw": "software",
    "hw": "hardware",
    "cosim": "cosim",
    "flow": "flow",
}
WANTED = (
    *("tutorial", "number-formats", "mapping-tables", "registers", "crossbar-macro", "problems"),
    *ROOMS.values(),
)
MESSAGES = "the code changed", "was it changed?", "lower the learning rate"


def links(page):
    """Targets of the links and pictures of a page, those of other sites left out."""
    found = []
    for token in MarkdownIt().enable("table").parse((ROOT / page).read_text(encoding="utf-8")):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target and "://" not in str(target):
                found.append(str(target))
    return found


def anchors(path):
    """What can stand behind ``#``, as GitHub makes it of headings."""
    found = set()
    tokens = MarkdownIt().parse(path.read_text(encoding="utf-8"))
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open":
            text = "".join(child.content for child in inline.children or ())
            found.add(re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", pages())
def test_links(page):
    for link in links(page):
        name, _, anchor = link.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), f"{page}: {link}"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{page}: {link}"


def test_every_page_is_in_the_index():
    told = {link.partition("#")[0] for link in links("docs/index.md")}
    there = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert there == told & there
    assert {f"{name}.md" for name in WANTED} <= told
    assert "docs/index.md" in links("README.md")


@pytest.mark.parametrize(("room", "page"), ROOMS.items())
def test_two_files_to_read_first(room, page):
    text = " ".join((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").split())
    _, found, rest = text.partition("**Read these two files first**")
    files = [Path(code) for code in re.findall(r"`([^`]+)`", rest)[:2]]
    assert found
    assert [file.parts[0] for file in files] == [room, room]
    assert all((ROOT / file).is_file() for file in files)


def test_messages_of_the_problem_list():
    """What a reader is told to see is what the program says."""
    text = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    section = text.partition("## When you see X")[2].partition("\n# ")[0]
    told = re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)
    rooms = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in rooms)
    missing = [words for words in told if words not in code and "torchvision" not in words]
    assert missing == []
    assert set(MESSAGES) <= set(told)
    assert len(spans("docs/problems.md")) > len(told)
