"""Differences of generated files: how many lines, and where they begin."""

import pytest

from arch.errors import InputError
from flow import text_diff
from flow.text_diff import HEAD, FileDiff, diff_directories


def directories(tmp_path, before, after):
    for name, files in (("a", before), ("b", after)):
        for file, text in files.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return tmp_path / "a", tmp_path / "b"


def numbers(*, changed=(), count=1000):
    return "".join(f"line {'x' if n in changed else ''}{n}\n" for n in range(count))


def test_same_files(tmp_path):
    assert diff_directories(*directories(tmp_path, {"x": "1\n"}, {"x": "1\n"})) == []


def test_one_line(tmp_path):
    (found,) = diff_directories(
        *directories(tmp_path, {"d/x.v": numbers()}, {"d/x.v": numbers(changed=[700])})
    )
    assert found == FileDiff(
        file="d/x.v",
        only_in=None,
        removed=1,
        added=1,
        head=("@@ line 700 @@", " line 699", "-line 700", "+line x700", " line 701"),
    )


def test_many_lines(tmp_path):
    """All are counted, the first are shown."""
    places = range(0, 1000, 3)
    (found,) = diff_directories(
        *directories(tmp_path, {"x": numbers()}, {"x": numbers(changed=places)})
    )
    assert (found.removed, found.added) == (334, 334)
    assert len(found.head) == HEAD + 1
    assert found.head[1:3] == ("-line 0", "+line x0")


def test_longer_and_in_one_only(tmp_path):
    found = diff_directories(
        *directories(
            tmp_path,
            {"x": "1\n2\n", "old": "1\n2\n3\n", "same": ""},
            {"x": "1\n2\n3\n", "new": "1\n", "same": ""},
        )
    )
    assert [(entry.file, entry.only_in, entry.removed, entry.added) for entry in found] == [
        ("new", "b", 0, 1),
        ("old", "a", 3, 0),
        ("x", None, 0, 1),
    ]
    assert found[2].head == ("@@ line 2 @@", " 2", "+3")


def test_lines_that_moved_are_not_counted(tmp_path):
    (found,) = diff_directories(*directories(tmp_path, {"x": "1\n2\n"}, {"x": "2\n1\n"}))
    assert (found.removed, found.added) == (0, 0)
    assert found.head


def test_what_cannot_be_read(tmp_path):
    a, b = directories(tmp_path, {"x": "1\n"}, {"x": "1\n"})
    (b / "x").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"x: is not text$"):
        diff_directories(a, b)
    (b / "x").unlink()
    (b / "x").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match=r"x: is a symbolic link"):
        diff_directories(a, b)


def test_large_files_are_not_counted(tmp_path, monkeypatch):
    """They are compared all the same."""
    monkeypatch.setattr(text_diff, "COUNTED", 8)
    a, b = directories(
        tmp_path,
        {"same": "12345678\n", "x": "12345678\n", "only": "12345678\n", "size": "1\n"},
        {"same": "12345678\n", "x": "12345679\n", "size": "1234567890\n"},
    )
    assert diff_directories(a, b) == [
        FileDiff(file="only", only_in="a", removed=None, added=0, head=()),
        FileDiff(file="size", only_in=None, removed=None, added=None, head=()),
        FileDiff(file="x", only_in=None, removed=None, added=None, head=()),
    ]
