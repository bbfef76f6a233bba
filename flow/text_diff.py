"""What changed in generated text files, in a time that grows with their size only."""

import difflib
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from arch.errors import InputError
from arch.regular_file import open_regular

__all__ = ["FileDiff", "diff_directories"]

HEAD = 12
"""Lines of a difference that are kept, at most."""
_WINDOW = 120
"""Lines of each file, from the first that differs, among which the head is looked for."""
_WIDTH = 200
_BYTES_MAX = 1 << 28


@dataclass(frozen=True, kw_only=True)
class FileDiff:
    """A file that is not the same in two directories.

    Parameters
    ----------
    file : str
        Its path in both, with forward slashes.
    only_in : str or None
        ``a`` or ``b`` if the other has no such file.
    removed, added : int
        Lines that only the first has, and only the second; a line that moved is neither.
    head : tuple of str
        The beginning of the difference, as in a unified diff; empty if a file is in one only.
    """

    file: str
    only_in: str | None
    removed: int
    added: int
    head: tuple[str, ...]


def diff_directories(a: Path, b: Path) -> list[FileDiff]:
    """Every file at and below two directories that is not the same in both, in order.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a file cannot be read or is too large.
    """
    found = []
    for name in sorted(_files(a) | _files(b)):
        before, after = _lines(a / name), _lines(b / name)
        if before is None or after is None:
            found.append(
                FileDiff(
                    file=name,
                    only_in="b" if before is None else "a",
                    removed=len(before or ()),
                    added=len(after or ()),
                    head=(),
                )
            )
        elif before != after:
            found.append(_changed(name, before, after))
    return found


def _changed(name: str, before: list[str], after: list[str]) -> FileDiff:
    counts, others = Counter(before), Counter(after)
    first = next(
        (n for n, (one, two) in enumerate(zip(before, after, strict=False)) if one != two),
        min(len(before), len(after)),
    )
    begin = max(0, first - 1)
    window = slice(begin, begin + _WINDOW)
    lines = difflib.unified_diff(before[window], after[window], lineterm="", n=1)
    head = [f"@@ line {begin + 1} @@"]
    head += [line[:_WIDTH] for line in islice(lines, 3, 3 + HEAD)]  # names and first place are said
    return FileDiff(
        file=name,
        only_in=None,
        removed=(counts - others).total(),
        added=(others - counts).total(),
        head=tuple(head),
    )


def _files(directory: Path) -> set[str]:
    return {
        path.relative_to(directory).as_posix()
        for path in directory.rglob("*")
        if path.is_file() or path.is_symlink()
    }


def _lines(path: Path) -> list[str] | None:
    if not path.exists() and not path.is_symlink():
        return None
    with open_regular(path, size_max=_BYTES_MAX) as (file, _):
        content = file.read()
    try:
        return content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text") from error
