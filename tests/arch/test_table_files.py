import dataclasses
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import arch.table_files
from arch.errors import InputError
from arch.geometry import Geometry
from arch.table_files import load, save
from arch.tables import MappingTables
from sw.integer_network import IntegerLayer
from sw.mapping import map_layer, map_network
from tests.arch.altered_tables import hash_of_tables, read_manifest, refresh_hashes
from tests.sw.integer_layers import layers, linear_spec, small_network

ARRAYS = (
    *("crossbar", "slot_row", "slot_col", "inputs", "outputs", "cells", "cells_negative"),
    *("multiplier", "shift", "bias"),
)
TABLES = map_network(small_network(Geometry()), Geometry(), provenance={"b": "2", "a": "1"})


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def assert_equal(one, two):
    assert (one.name, one.geometry, one.provenance) == (two.name, two.geometry, two.provenance)
    assert len(one.layers) == len(two.layers)
    for left, right in zip(one.layers, two.layers, strict=True):
        assert left.spec == right.spec
        assert (left.segments, left.segments_kept) == (right.segments, right.segments_kept)
        assert left.matrix_sha256 == right.matrix_sha256
        for name in ARRAYS:
            ours, theirs = getattr(left, name), getattr(right, name)
            assert (ours is None) == (theirs is None)
            if ours is not None:
                assert ours.dtype == theirs.dtype
                assert ours.shape == theirs.shape
                assert (ours == theirs).all()


@given(layers())
@settings(deadline=None)
def test_loads_what_was_saved(drawn):
    layer, geometry = drawn
    tables = MappingTables(name="n", geometry=geometry, layers=(map_layer(layer, geometry),))
    with tempfile.TemporaryDirectory() as directory:
        saved = save(tables, Path(directory) / "tables")
        loaded = load(Path(directory) / "tables")
    assert saved.sha256 == loaded.sha256
    assert_equal(loaded, tables)


def test_files(tmp_path):
    save(TABLES, tmp_path / "tables")
    assert sorted(contents(tmp_path / "tables")) == [
        "000-conv.npz",
        "001-scores.npz",
        "manifest.json",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]


def test_hash_by_the_documented_rule(tmp_path):
    saved = save(TABLES, tmp_path)
    before = contents(tmp_path)
    refresh_hashes(tmp_path)
    assert read_manifest(tmp_path)["sha256"] == hash_of_tables(read_manifest(tmp_path))
    assert read_manifest(tmp_path)["sha256"] == saved.sha256
    assert contents(tmp_path).keys() == before.keys()


def counting_tables():
    """Tables without a random number, so that their bytes stand for the format alone."""
    spec = linear_spec(20, 3)
    count = np.arange(60, dtype=np.int8).reshape(20, 3)
    layer = IntegerLayer(
        spec=spec,
        weights=count - 30,
        kept=np.ones((3, 3), dtype=bool),
        multiplier=np.arange(3),
        shift=np.arange(3),
        bias=np.arange(3),
    )
    return MappingTables(name="n", geometry=Geometry(), layers=(map_layer(layer, Geometry()),))


def test_format_has_not_changed(tmp_path):
    # If this fails, files written before are no longer what is written now: raise the version.
    expected = "1ece3100a95895d68c4b46474b7cbc08b66a5507875ff2831e4f702c0e25d49c"
    assert save(counting_tables(), tmp_path).sha256 == expected


def test_same_bytes_under_any_hash_seed(tmp_path):
    program = (
        "import sys; from pathlib import Path; from arch.geometry import Geometry;"
        "from arch.table_files import save; from sw.mapping import map_network;"
        "from tests.sw.integer_layers import small_network;"
        "tables = map_network(small_network(Geometry()), Geometry(),"
        " provenance=dict.fromkeys({'a', 'b', 'c', 'd'}, '1'));"
        "save(tables, Path(sys.argv[1]))"
    )
    written = []
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        directory = tmp_path / f"run {seed}" / "tables"
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        subprocess.run(
            [sys.executable, "-c", program, directory],
            check=True,
            env=environment,
            cwd=Path(__file__).parents[2],
        )
        written.append(contents(directory))
    assert written[0] == written[1]


def test_saving_again_replaces(tmp_path):
    other = map_network(small_network(Geometry(), seed=1), Geometry())
    save(other, tmp_path / "tables")
    save(TABLES, tmp_path / "tables")
    assert_equal(load(tmp_path / "tables"), TABLES)


def test_fewer_layers_leave_no_file_behind(tmp_path):
    save(TABLES, tmp_path)
    save(dataclasses.replace(TABLES, layers=TABLES.layers[:1]), tmp_path)
    assert sorted(contents(tmp_path)) == ["000-conv.npz", "manifest.json"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_interrupted(tmp_path, monkeypatch, error):
    def interrupted(file, arrays):
        file.write(b"half")
        if "001" in file.name:
            raise error

    save(TABLES, tmp_path / "old")
    before = contents(tmp_path / "old")
    monkeypatch.setattr(arch.table_files, "write_npz", interrupted)
    for directory in ("old", "new"):
        with pytest.raises(error):
            save(TABLES, tmp_path / directory)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert contents(tmp_path / "old") == before


def test_directory_with_something_else(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match=r"holds thesis.tex, which is not a part of tables"):
        save(TABLES, tmp_path)
    assert list(contents(tmp_path)) == ["thesis.tex"]
    with pytest.raises(InputError, match="is a file; choose a directory"):
        save(TABLES, tmp_path / "thesis.tex")
    with pytest.raises(InputError, match="cannot be written"):
        save(TABLES, tmp_path / "thesis.tex" / "tables")


def replaced(**fields):
    layer = dataclasses.replace(TABLES.layers[0], **fields)
    return dataclasses.replace(TABLES, layers=(layer, TABLES.layers[1]))


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (dataclasses.replace(TABLES, name="a b"), "these are no tables: name: 'a b'"),
        (dataclasses.replace(TABLES, name="a\n"), r"these are no tables: 'a\\n' is not a name"),
        (dataclasses.replace(TABLES, layers=()), r"these are no tables: layers: \[\]"),
        (dataclasses.replace(TABLES, layers=TABLES.layers[:1] * 2), "layer conv is there twice"),
        (
            replaced(inputs=TABLES.layers[0].inputs.astype(np.int64)),
            "conv: array inputs is .*int64",
        ),
        (replaced(cells=TABLES.layers[0].cells[1:]), "conv: array cells is "),
        (
            replaced(cells_negative=TABLES.layers[0].cells),
            "array cells_negative is .*expected None",
        ),
        (replaced(shift=TABLES.layers[0].shift[1:]), "conv: array shift is "),
        (replaced(segments=7), r"layers\[0\].segments is 7, but 15 follows"),
        (dataclasses.replace(TABLES, provenance={"a": "x" * 1001}), "provenance.a: "),
    ],
)
def test_saves_nothing_that_would_not_load(tmp_path, tables, message):
    with pytest.raises(ValueError, match=message):
        save(tables, tmp_path / "tables")
    assert not list(tmp_path.iterdir())


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
