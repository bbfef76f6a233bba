import ast
import io
import re
import tracemalloc
import weakref
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import arch.validate
import arch.validate_records
from arch.geometry import Geometry
from arch.table_files import load, save
from arch.tables import MappingTables
from arch.validate import validate
from sw.mapping import map_layer, map_network
from tests.arch.altered_tables import (
    CASES,
    alter_arrays,
    alter_manifest,
    change,
    put,
    read_manifest,
    refresh_hashes,
    refuses,
    written,
)
from tests.sw.integer_layers import layers, small_network


@pytest.fixture(params=CASES, ids="-".join)
def directory(request, tmp_path):
    """Tables of every structure and encoding."""
    return written(tmp_path / "tables", *request.param)


def test_accepts_what_the_mapper_wrote(directory):
    result = validate(directory)
    tables = load(directory)
    assert (result.name, result.sha256) == (tables.name, tables.sha256)
    for summary, table in zip(result.layers, tables.layers, strict=True):
        kept = (table.inputs >= 0).sum(axis=1) * (table.outputs >= 0).sum(axis=1)
        assert summary.weights == kept.sum()
        assert summary.ous == table.ous
        assert summary.crossbars == (table.crossbar.max() + 1) * tables.geometry.arrays
        assert (summary.segments, summary.segments_kept) == (table.segments, table.segments_kept)


@given(layers())
@settings(deadline=None)
def test_accepts_any_layer(tmp_path_factory, drawn):
    layer, geometry = drawn
    path = tmp_path_factory.mktemp("any") / "tables"
    save(MappingTables(name="n", geometry=geometry, layers=(map_layer(layer, geometry),)), path)
    assert validate(path).layers[0].segments_kept == layer.kept.sum()


def test_holds_one_layer_at_a_time(tmp_path, monkeypatch):
    path = written(tmp_path / "tables", *CASES[0])
    tables = []

    def check(table, geometry):
        assert not any(layer() for layer in tables)
        tables.append(weakref.ref(table))
        return 0

    monkeypatch.setattr(arch.validate, "check_records", check)
    validate(path)
    assert len(tables) == 2


def test_text(tmp_path):
    lines = validate(written(tmp_path)).lines()
    assert re.fullmatch(
        r"conv: \d+ OUs in \d crossbars, \d+ of 15 segments, \d+ weights, each stored once "
        r"\(column_vector\)",
        lines[0],
    )
    assert re.fullmatch(r"small: 2 layers, tables [0-9a-f]{64}", lines[2])


def test_knows_nothing_of_the_mapper():
    for module in (arch.validate, arch.validate_records):
        tree = ast.parse(Path(module.__file__).read_text())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not imported & {"arch.packing", "sw.mapping"}
        assert not {name for name in imported if name.startswith("sw")}


def replace_member(directory, name, content):
    """Give an array of the first layer any bytes, with fresh hashes all the way up."""
    file = directory / "000-conv.npz"
    with zipfile.ZipFile(file) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for member, old in members.items():
            archive.writestr(member, content if member == name else old)
    refresh_hashes(directory)


def test_array_of_2_to_the_31_rows(directory):
    shape = b"{'descr': '<i4', 'fortran_order': False, 'shape': (2147483648, 9), }\n"
    content = b"\x93NUMPY\x01\x00" + len(shape).to_bytes(2, "little") + shape
    replace_member(directory, "inputs.npy", content)
    tracemalloc.start()
    refuses(directory, r"/000-conv.npz: array inputs has shape \(2147483648, 9\), expected")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 22


def test_ous_of_2_to_the_26(directory):
    alter_manifest(directory, change(0, ous=1 << 26, crossbars=11184811))
    if load_geometry(directory)["encoding"] == "differential":
        alter_manifest(directory, change(0, crossbars=2 * 11184811))
    refuses(directory, r"/manifest.json: layers\[0\] takes \d+ bytes, at most 1879048192")


def load_geometry(directory):
    return read_manifest(directory)["geometry"]


def test_pickle(directory):
    objects = io.BytesIO()
    np.save(objects, np.array([print, None], dtype=object), allow_pickle=True)
    replace_member(directory, "inputs.npy", objects.getvalue())
    refuses(directory, r"/000-conv.npz: array inputs holds Python objects \(pickle\)")


def test_truncated_file(directory):
    file = directory / "001-scores.npz"
    content = file.read_bytes()
    for length in (0, 10, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:length])
        refresh_hashes(directory)
        refuses(directory, r"/001-scores.npz: is (truncated|not an npz file, or is truncated)")


def test_wrong_schema_version(directory):
    alter_manifest(directory, lambda manifest: manifest.update(schema=2))
    refuses(directory, "/manifest.json: has schema version 2, this program reads 1")


def test_first_wrong_layer_is_named(directory):
    alter_arrays(directory, put("cells", (1, 0, 0), 4), layer=1)
    refuses(directory, "/001-scores.npz: layer scores: OU 1: cells has a level above 3$")


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (change(1, source="nothing"), "layer scores: source 'nothing' does not come before it"),
        (change(1, source="scores"), "layer scores: source 'scores' does not come before it"),
        (change(0, source="scores"), "layer conv: source 'scores' does not come before it"),
        (
            change(1, in_shape=[4, 4, 5]),
            r"layer scores: in_shape is \(4, 4, 5\), but conv gives \(5, 4, 4\)",
        ),
        (
            change(1, source="input"),
            "layer scores: reads the input of the network in another form than conv",
        ),
        (
            change(1, activation={"bits": 7}),
            "layer scores: activations are 0 to 127, but conv gives 0 to 255",
        ),
        (
            change(1, activation={"signed": True}),
            "layer scores: activations are -128 to 127, but conv gives 0 to 255",
        ),
        (
            change(0, output={"bits": 9, "signed": True, "minimum": -1}),
            "layer scores: activations are 0 to 255, but conv gives -1 to 255",
        ),
        (
            change(0, output={"zero_point": 3}),
            "layer scores: activation zero_point is 0, but that of conv is 3",
        ),
        (
            lambda manifest: manifest["geometry"].update(act_bits=7),
            "layer conv: activations of 8 bits do not fit the 7 planes of the geometry",
        ),
        (change(0, matrix_sha256="0" * 64), "layer conv: the stored weights are not those of"),
        (change(0, segments_kept=1), r"layer conv: stores \d+ segments, but segments_kept is 1$"),
        (change(1, scheme="row_vector", segments=160, segments_kept=1), "layer scores: "),
    ],
)
def test_wrong_manifest(tmp_path, alter, message):
    path = written(tmp_path)
    alter_manifest(path, alter)
    refuses(path, message)


def test_all_pruned(tmp_path):
    geometry = Geometry()
    tables = map_network(small_network(geometry, ratio=1), geometry)
    save(tables, tmp_path)
    assert [layer.ous for layer in validate(tmp_path).layers] == [0, 0]
    alter_manifest(tmp_path, change(0, matrix_sha256="0" * 64))
    refuses(tmp_path, "layer conv: the stored weights are not those of matrix_sha256")
