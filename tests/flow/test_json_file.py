"""JSON files that are none, or more than can be read."""

import os

import pytest

from arch.errors import InputError
from flow.json_file import read_json, write_json


def test_what_is_written_is_read(tmp_path):
    write_json(tmp_path / "a.json", {"a": [1, 2.5, None, "\u00e4"]})
    assert read_json(tmp_path / "a.json") == {"a": [1, 2.5, None, "\u00e4"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"1" * 5000, "is not JSON"),
    ],
)
def test_no_json(tmp_path, content, message):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=f"a.json: {message}$"):
        read_json(tmp_path / "a.json")


def test_no_file(tmp_path):
    """Neither waits for a pipe nor reads a device without end, nor what no memory holds."""
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "link.json").symlink_to("/dev/zero")
    (tmp_path / "large.json").touch()
    os.truncate(tmp_path / "large.json", 1 << 40)
    for name, message in {
        "none": "cannot be read: No such file or directory",
        "pipe": "is not a regular file",
        "link": "is a symbolic link; put the file itself there",
        "large": "has 1099511627776 bytes, at most 67108864 are expected",
    }.items():
        with pytest.raises(InputError, match=f"{name}.json: {message}$"):
            read_json(tmp_path / f"{name}.json")
