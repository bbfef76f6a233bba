"""Hashes change with what they are of, and with nothing else."""

import os
import sys

import pytest

from arch.errors import InputError
from flow.content_hash import hash_code, hash_files, hash_value


def test_value():
    assert hash_value({"a": 1, "b": [2.5, None]}) == hash_value({"b": [2.5, None], "a": 1})
    assert len({hash_value(value) for value in (1, "1", [1], {"1": 1}, None, True)}) == 6


def test_files(tmp_path):
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "e" / "f").write_text("x")
    (tmp_path / "d" / "g").write_text("x")
    hashes = hash_files(tmp_path / "d")
    assert list(hashes) == ["d/e/f", "d/g"]
    assert len(set(hashes.values())) == 1
    assert hash_files(tmp_path / "d" / "g") == {"g": hashes["d/g"]}
    assert hash_files(tmp_path / "nothing") == {}


def test_a_terabyte_of_nothing(tmp_path):
    """Such a file takes no room on a disk, but reading it would take an hour."""
    (tmp_path / "x").touch()
    os.truncate(tmp_path / "x", 1 << 40)
    with pytest.raises(InputError, match="x: has 1099511627776 bytes, at most 68719476736 are rea"):
        hash_files(tmp_path)


def test_code(tmp_path, monkeypatch):
    package = tmp_path / "pack_of_test"
    (package / "inner").mkdir(parents=True)
    for name in ("__init__.py", "a.py", "inner/b.v"):
        (package / name).write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    seen = [hash_code(["pack_of_test"], [])]
    for name, changes in (("a.py", True), ("inner/b.v", True), ("notes.txt", False)):
        (package / name).write_text("changed")
        digest = hash_code(["pack_of_test"], [])
        assert (digest not in seen) == changes
        seen.append(digest)
    assert hash_code(["pack_of_test"], ["numpy"]) not in seen
    assert hash_code(["pack_of_test.a"], []) not in seen
    assert "pack_of_test.a" not in sys.modules
    with pytest.raises(ValueError, match="no module nothing_at_all"):
        hash_code(["nothing_at_all"], [])
