from pathlib import Path

import pytest

from arch.atomic_directory import replace_directory


def listing(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_new(tmp_path):
    with replace_directory(tmp_path / "a" / "b") as new:
        (new / "file").write_text("x")
        assert not (tmp_path / "a" / "b").exists()
    assert listing(tmp_path) == ["a", "a/b", "a/b/file"]


def test_replaces_everything(tmp_path):
    target = tmp_path / "b"
    target.mkdir()
    (target / "old").write_text("x")
    with replace_directory(target) as new:
        (new / "file").write_text("x")
        assert listing(target) == ["old"]
    assert listing(tmp_path) == ["b", "b/file"]


def write_and_raise(target, error):
    with replace_directory(target) as new:
        (new / "file").write_text("x")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, SystemExit])
def test_interrupted(tmp_path, error):
    target = tmp_path / "b"
    for before in ([], ["b", "b/old"]):
        if before:
            target.mkdir()
            (target / "old").write_text("x")
        with pytest.raises(error):
            write_and_raise(target, error)
        assert listing(tmp_path) == before


@pytest.mark.parametrize("rename", [0, 1])
def test_interrupted_while_it_is_moved(tmp_path, monkeypatch, rename):
    target = tmp_path / "b"
    target.mkdir()
    (target / "old").write_text("x")
    moves = []
    original = Path.rename

    def interrupted(path, to):
        moves.append(path)
        if len(moves) == rename + 1:
            raise KeyboardInterrupt
        return original(path, to)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt), replace_directory(target) as new:
        (new / "file").write_text("x")
    assert listing(tmp_path) == ["b", "b/old"]


def test_through_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with replace_directory(tmp_path / "link") as new:
        (new / "file").write_text("x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "file").read_text() == "x"
