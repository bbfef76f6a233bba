import dataclasses
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import arch.table_files
from arch.errors import InputError
from arch.geometry import Geometry
from arch.table_files import load, save
from arch.tables import MappingTables
from sw.integer_network import IntegerLayer
from sw.mapping import map_layer, map_network
from tests.arch.altered_tables import (
    assert_equal,
    contents,
    hash_of_tables,
    read_manifest,
    refresh_hashes,
)
from tests.sw.integer_layers import layers, linear_spec, small_network

TABLES = map_network(small_network(Geometry()), Geometry(), provenance={"b": "2", "a": "1"})


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
