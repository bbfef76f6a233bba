"""Tables that a disk or a stranger has damaged."""

import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.errors import InputError
from arch.geometry import Geometry
from arch.table_files import load, save
from sw.mapping import map_network
from tests.arch.altered_tables import assert_equal, contents, refresh_hashes
from tests.sw.integer_layers import small_network

TABLES = map_network(small_network(Geometry()), Geometry(), provenance={"b": "2", "a": "1"})


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved")
    save(TABLES, path)
    return path


def load_altered(directory, alter):
    """Load a copy of the tables that ``alter`` has changed; never anything but an InputError."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "tables"
        shutil.copytree(directory, copy)
        alter(copy)
        return load(copy)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_changed_bytes(directory, data):
    """Any change of any file gives an InputError of one line, or the same tables."""
    name = data.draw(st.sampled_from(sorted(contents(directory))))
    seed = data.draw(st.integers(0, 1 << 32))
    kind = data.draw(st.sampled_from(("flip", "cut", "insert", "swap")))

    def alter(copy):
        generator = random.Random(seed)
        content = bytearray((copy / name).read_bytes())
        place = generator.randrange(len(content))
        if kind == "flip":
            content[place] ^= 1 << generator.randrange(8)
        elif kind == "cut":
            del content[place:]
        elif kind == "insert":
            content[place:place] = generator.randbytes(generator.randrange(1, 9))
        else:
            other = generator.randrange(len(content))
            content[place], content[other] = content[other], content[place]
        (copy / name).write_bytes(content)

    try:
        loaded = load_altered(directory, alter)
    except InputError as error:
        message = str(error)
    else:
        message = ""
        assert_equal(loaded, TABLES)
    assert "\n" not in message


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_changed_bytes_with_fresh_hashes(directory, data):
    """The hash of a file is right, its content is not: still an InputError or readable tables."""
    name = data.draw(st.sampled_from(("000-conv.npz", "001-scores.npz")))
    seed = data.draw(st.integers(0, 1 << 32))

    def alter(copy):
        generator = random.Random(seed)
        content = bytearray((copy / name).read_bytes())
        # Most of a file is cells: headers and directories are where a reader goes wrong.
        starts = [at for at in range(len(content)) if content[at : at + 2] in (b"PK", b"\x93N")]
        for _ in range(generator.randrange(1, 4)):
            place = min(generator.choice(starts) + generator.randrange(150), len(content) - 1)
            content[place] = generator.choice((0, 1, 0xFF, generator.randrange(256)))
        (copy / name).write_bytes(content)
        refresh_hashes(copy)

    try:
        loaded = load_altered(directory, alter)
    except InputError as error:
        message = str(error)
    else:
        message = ""
        assert_equal(loaded, TABLES)
    assert "\n" not in message


def test_missing_directory(tmp_path):
    with pytest.raises(InputError, match=r"/none: is not a directory of mapping tables$"):
        load(tmp_path / "none")
    with pytest.raises(InputError, match=r"/manifest.json: cannot be read: No such file"):
        load(tmp_path)


def test_missing_file(directory):
    with pytest.raises(InputError, match=r"/001-scores.npz: cannot be read: No such file"):
        load_altered(directory, lambda copy: (copy / "001-scores.npz").unlink())


def test_link_out_of_the_directory(directory, tmp_path):
    def alter(copy):
        shutil.move(copy / "000-conv.npz", tmp_path / "elsewhere.npz")
        (copy / "000-conv.npz").symlink_to(tmp_path / "elsewhere.npz")

    with pytest.raises(InputError, match=r"/000-conv.npz: is a symbolic link"):
        load_altered(directory, alter)


def test_truncated(directory):
    def alter(copy):
        content = (copy / "000-conv.npz").read_bytes()
        (copy / "000-conv.npz").write_bytes(content[:500])
        refresh_hashes(copy)

    with pytest.raises(InputError, match=r"/000-conv.npz: is truncated: it has 500 bytes"):
        load_altered(directory, alter)


def test_grown(directory):
    def alter(copy):
        os.truncate(copy / "000-conv.npz", 1 << 40)

    with pytest.raises(InputError, match=r"/000-conv.npz: has 1099511627776 bytes, at most "):
        load_altered(directory, alter)


def test_changed_byte(directory):
    def alter(copy):
        content = bytearray((copy / "001-scores.npz").read_bytes())
        content[300] ^= 1
        (copy / "001-scores.npz").write_bytes(content)

    with pytest.raises(InputError, match=r"/001-scores.npz: has another SHA-256 than the manifest"):
        load_altered(directory, alter)


def test_other_files_are_ignored(directory):
    assert load_altered(directory, lambda copy: (copy / "notes.txt").write_text("x")).sha256
