"""The user's file is executed anew each time, with what lies beside it."""

import sys

import pytest

from arch.errors import InputError
from sw.source_files import source_files
from sw.user_module import user_factory


def test_files_beside_it(tmp_path):
    """What it imports is found without executing it, and read anew when it changes."""
    (tmp_path / "net.py").write_text(
        "import parts\nfrom blocks.inner import size\nimport numpy\n"
        "def make():\n    from late import more\n    return parts.one + size + more\n"
    )
    (tmp_path / "parts.py").write_text("one = 1\n")
    (tmp_path / "late.py").write_text("more = 100\n")
    (tmp_path / "other.py").write_text("raise SystemExit\n")
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "__init__.py").write_text("from . import deep\n")
    (tmp_path / "blocks" / "inner.py").write_text("from .deep import size\n")
    (tmp_path / "blocks" / "deep.py").write_text("size = 10\n")
    files = {path.relative_to(tmp_path).as_posix() for path in source_files(tmp_path / "net.py")}
    assert files == {
        *("net.py", "parts.py", "late.py"),
        *("blocks/__init__.py", "blocks/inner.py", "blocks/deep.py"),
    }
    source = f"{tmp_path / 'net.py'}:make"
    assert user_factory(source).call(random_seed=0) == 111
    (tmp_path / "parts.py").write_text("one = 2\n")
    (tmp_path / "blocks" / "deep.py").write_text("size = 20\n")
    assert user_factory(source).call(random_seed=0) == 122
    assert str(tmp_path) not in sys.path
    assert not list(tmp_path.rglob("__pycache__"))


def test_modules_of_one_name_in_two_folders(tmp_path):
    for number, folder in enumerate((tmp_path / "a", tmp_path / "b")):
        folder.mkdir()
        (folder / "parts.py").write_text(f"number = {number}\n")
        (folder / "net.py").write_text("from parts import number\ndef make(): return number\n")
        assert user_factory(f"{folder / 'net.py'}:make").call(random_seed=0) == number


def test_imports_that_go_round(tmp_path):
    (tmp_path / "a.py").write_text("import b\ndef make():\n    return b.a.x\nx = 5\n")
    (tmp_path / "b.py").write_text("import a\n")
    assert len(source_files(tmp_path / "a.py")) == 2
    assert user_factory(f"{tmp_path / 'a.py'}:make").call(random_seed=0) == 5


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"gone\.py: cannot be read: No such file"):
        user_factory(f"{tmp_path / 'gone.py'}:make")


def test_file_that_is_no_python_is_left_to_its_execution(tmp_path):
    (tmp_path / "a.py").write_bytes(b"\x00\xff import")
    assert source_files(tmp_path / "a.py") == (tmp_path / "a.py",)
    with pytest.raises(InputError, match=r"a\.py"):
        user_factory(f"{tmp_path / 'a.py'}:make")
