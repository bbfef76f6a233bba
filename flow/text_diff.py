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
COUNTED = 1 << 25
"""Largest file whose lines are counted, in bytes; of others it is only said that they differ."""
_ANY = 1 << 40
_PART = 1 << 20


@dataclass(frozen=True, kw_only=True)
class FileDiff:
    """A file that is not the same in two directories.

    Parameters
    ----------
    file : str
        Its path in both, with forward slashes.
    only_in : str or None
        ``a`` or ``b`` if the other has no such file.
    removed, added : int or None
        Lines that only the first has, and only the second; a line that moved is neither. None if
        the file is too large to count them.
    head : tuple of str
        The beginning of the difference, as in a unified diff; empty if a file is in one only, or
        too large.
    """

    file: str
    only_in: str | None
    removed: int | None
    added: int | None
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
        before, after = a / name, b / name
        there = [path for path in (before, after) if path.is_symlink() or path.exists()]
        if len(there) == 1:
            lines = _lines(there[0])
            count = None if lines is None else len(lines)
            found.append(
                FileDiff(
                    file=name,
                    only_in="a" if there == [before] else "b",
                    removed=count if there == [before] else 0,
                    added=count if there == [after] else 0,
                    head=(),
                )
            )
        elif not _same(before, after):
            found.append(_changed(name, _lines(before), _lines(after)))
    return found


def _changed(name: str, before: list[str] | None, after: list[str] | None) -> FileDiff:
    if before is None or after is None:
        return FileDiff(file=name, only_in=None, removed=None, added=None, head=())
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


def _same(a: Path, b: Path) -> bool:
    """Whether two files hold the same bytes."""
    with (
        open_regular(a, size_max=_ANY) as (one, size),
        open_regular(b, size_max=_ANY) as (other, other_size),
    ):
        if size != other_size:
            return False
        parts = iter(lambda: (one.read(_PART), other.read(_PART)), (b"", b""))
        return all(left == right for left, right in parts)


def _lines(path: Path) -> list[str] | None:
    """The lines of a file; None if it is too large to hold them."""
    with open_regular(path, size_max=_ANY) as (file, size):
        if size > COUNTED:
            return None
        content = file.read(COUNTED + 1)
    try:
        return content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text") from error
