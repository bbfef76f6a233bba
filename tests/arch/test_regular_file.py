import os

import pytest

from arch.errors import InputError
from arch.regular_file import open_regular


def opened(path, size_max=100):
    with open_regular(path, size_max=size_max) as (file, size):
        content = file.read()
        assert len(content) == size
        return content


def test_reads(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100)
    assert opened(tmp_path / "a") == b"x" * 100


def test_too_large(tmp_path):
    with (tmp_path / "a").open("wb") as file:
        file.truncate(1 << 40)  # a hole: the file takes no room
    with pytest.raises(InputError, match="/a: has 1099511627776 bytes, at most 100 are expected"):
        opened(tmp_path / "a")


def test_missing(tmp_path):
    with pytest.raises(InputError, match="/a: cannot be read: No such file or directory"):
        opened(tmp_path / "a")


def test_link(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "c").symlink_to("nowhere")
    for name in "bc":
        with pytest.raises(InputError, match=f"/{name}: is a symbolic link"):
            opened(tmp_path / name)


def test_pipe_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "a")
    with pytest.raises(InputError, match="/a: is not a regular file"):
        opened(tmp_path / "a")


def test_directory(tmp_path):
    with pytest.raises(InputError, match=f"{tmp_path}: is not a regular file"):
        opened(tmp_path)


def test_error_of_the_reader_stays_its_own(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(ZeroDivisionError), open_regular(tmp_path / "a", size_max=1):
        raise ZeroDivisionError
