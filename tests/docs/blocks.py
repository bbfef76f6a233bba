"""Code in the pages: fenced blocks in their order, and commands within lines."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

__all__ = ["ROOT", "Block", "blocks", "pages", "spans"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block of code.

    Parameters
    ----------
    page : str
        Relative to the root.
    line : int
        Of the page, where the code begins.
    language : str
        First word behind the fence; empty for a block that is only indented.
    title : str
        File that the reader is told to write: ``title=net.py`` behind the language.
    text : str
        The code.
    varying : bool
        Whether the numbers in it depend on the machine.
    """

    page: str
    line: int
    language: str
    title: str
    text: str
    varying: bool = False

    @property
    def place(self) -> str:
        """For messages."""
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Every page for readers, relative to the root."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")]
    return sorted(page.relative_to(ROOT).as_posix() for page in found)


def blocks(page: str) -> list[Block]:
    """Blocks of code of a page, in order."""
    found = []
    for token in MarkdownIt().parse((ROOT / page).read_text(encoding="utf-8")):
        if token.type not in ("fence", "code_block") or token.map is None:
            continue
        words = token.info.split() if token.type == "fence" else []
        titles = [word.removeprefix("title=") for word in words if word.startswith("title=")]
        found.append(
            Block(
                page=page,
                line=token.map[0] + (2 if token.type == "fence" else 1),
                language=words[0] if words else "",
                title=titles[0] if titles else "",
                text=token.content,
                varying="varying" in words,
            )
        )
    return found


def spans(page: str) -> list[tuple[int, str]]:
    """Code within lines, with the line where its paragraph or row begins."""
    found = []
    parser = MarkdownIt().enable("table")
    for token in parser.parse((ROOT / page).read_text(encoding="utf-8")):
        for child in token.children or ():
            if child.type == "code_inline":
                line = token.map[0] + 1 if token.map else 0
                found.append((line, re.sub(r"\s+", " ", child.content)))
    return found
