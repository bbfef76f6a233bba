"""Alters tables on disk as a stranger would: from the documented format, with fresh hashes."""

import hashlib
import json

import numpy as np
import pytest

from arch.errors import InputError
from arch.geometry import Geometry
from arch.table_files import save
from arch.validate import validate
from sw.mapping import map_network
from tests.sw.integer_layers import small_network

SMALL = {"rows": 18, "cols": 32, "ou_rows": 9, "ou_cols": 9, "adc_bits": 5}
"""Six slots a crossbar, two weights of four bit lines an OU, one bit line left over."""
CASES = [
    (scheme, encoding)
    for scheme in ("column_vector", "row_vector")
    for encoding in ("offset", "differential")
]

ARRAYS = (
    *("crossbar", "slot_row", "slot_col", "inputs", "outputs", "cells", "cells_negative"),
    *("multiplier", "shift", "bias"),
)


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


def read_manifest(directory):
    return json.loads((directory / "manifest.json").read_text())


def write_manifest(directory, manifest):
    (directory / "manifest.json").write_text(json.dumps(manifest))


def refresh_hashes(directory):
    """Make every hash right again, after files or the manifest were altered."""
    manifest = read_manifest(directory)
    for layer in manifest["layers"]:
        file = directory / layer["file"]
        if file.is_file():
            layer["file_sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest["sha256"] = hash_of_tables(manifest)
    write_manifest(directory, manifest)


def hash_of_tables(manifest):
    rest = {key: value for key, value in manifest.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def alter_arrays(directory, alter, *, layer=0, refresh=True):
    """Let ``alter`` change the arrays of a layer, by name, in place or by assignment."""
    file = directory / read_manifest(directory)["layers"][layer]["file"]
    with np.load(file, allow_pickle=False) as content:
        arrays = dict(content)
    alter(arrays)
    np.savez(file, **arrays)
    if refresh:
        refresh_hashes(directory)


def alter_manifest(directory, alter, *, refresh=True):
    """Let ``alter`` change the manifest in place."""
    manifest = read_manifest(directory)
    alter(manifest)
    write_manifest(directory, manifest)
    if refresh:
        refresh_hashes(directory)


def written(path, scheme="column_vector", encoding="offset", **fields):
    """Tables of the small network in a directory; ``fields`` are of the geometry."""
    geometry = Geometry(**(SMALL | {"encoding": encoding} | fields))
    save(map_network(small_network(geometry, scheme=scheme), geometry), path)
    return path


def refuses(directory, message):
    """Assert that the tables are refused, in one line that begins with the file."""
    with pytest.raises(InputError, match=message) as caught:
        validate(directory)
    assert str(caught.value).startswith(str(directory))
    assert "\n" not in str(caught.value)


def set_kept(manifest, kept):
    manifest["layers"][0]["segments_kept"] = kept


def change(layer, **fields):
    """A change of keys of a layer in the manifest; a dict changes keys within a key."""

    def alter(manifest):
        for key, value in fields.items():
            old = manifest["layers"][layer][key]
            manifest["layers"][layer][key] = old | value if isinstance(value, dict) else value

    return alter


def put(name, place, value):
    def alter(arrays):
        arrays[name][place] = value

    return alter
