import json
import re
import tracemalloc
from pathlib import Path

import jsonschema
import pytest

import arch
from arch.errors import InputError
from arch.geometry import Geometry
from arch.manifest import (
    MANIFEST_BYTES_MAX,
    build_manifest,
    manifest_bytes,
    parse_manifest,
    tables_sha256,
)
from arch.table_files import load
from sw.mapping import map_network
from tests.arch.altered_tables import hash_of_tables
from tests.sw.integer_layers import small_network

TABLES = map_network(small_network(Geometry()), Geometry(), provenance={"source": "a [ 1, 2 ] b"})
HASHES = ("0" * 64, "f" * 64)
SCHEMA = json.loads((Path(arch.__file__).parent / "manifest.schema.json").read_text())


def manifest():
    return json.loads(manifest_bytes(build_manifest(TABLES, HASHES)))


def parse_altered(alter):
    content = manifest()
    alter(content)
    content["sha256"] = hash_of_tables(content)
    return parse_manifest(json.dumps(content).encode())


def test_returns_what_was_built():
    parsed = parse_manifest(manifest_bytes(build_manifest(TABLES, HASHES)))
    assert (parsed.name, parsed.geometry) == ("small", Geometry())
    assert parsed.provenance == TABLES.provenance
    assert parsed.sha256 == tables_sha256(manifest())
    for index, (entry, table) in enumerate(zip(parsed.layers, TABLES.layers, strict=True)):
        assert entry.spec == table.spec
        assert (entry.segments, entry.segments_kept) == (table.segments, table.segments_kept)
        assert entry.ous == table.ous
        assert entry.matrix_sha256 == table.matrix_sha256
        assert entry.file == f"00{index}-{table.spec.name}.npz"
        assert entry.file_sha256 == HASHES[index]


def test_layout():
    lines = manifest_bytes(build_manifest(TABLES, HASHES)).decode().splitlines()
    assert lines[0] == "{"
    assert '      "in_shape": [3, 7, 7],' in lines
    assert '    "source": "a [ 1, 2 ] b"' in lines
    assert max(map(len, lines)) < 100


def test_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_schema_describes_what_is_written():
    jsonschema.validate(manifest(), SCHEMA)


def test_every_key_is_described():
    def missing(schema):
        for name, part in schema.get("properties", {}).items():
            if "description" not in part and part.get("type") not in ("boolean", None):
                yield name
            yield from missing(part)
            yield from missing(part.get("items", {}))

    assert not list(missing(SCHEMA))


def test_hash_covers_every_key():
    def places(content, path=()):
        if isinstance(content, dict):
            for key, value in content.items():
                yield from places(value, (*path, key))
        elif isinstance(content, list):
            for index, value in enumerate(content):
                yield from places(value, (*path, index))
        else:
            yield path

    for path in places(manifest()):
        content = manifest()
        part = content
        for key in path[:-1]:
            part = part[key]
        value = part[path[-1]]
        part[path[-1]] = f"{value}x" if isinstance(value, str) else int(value) + 1
        with pytest.raises(InputError):
            parse_manifest(json.dumps(content).encode())


def setter(path, value):
    """A change of the value at a path such as ``layers.0.name``; ``...`` removes it."""
    *keys, last = (int(key) if key.isdigit() else key for key in path.split("."))

    def alter(content):
        for key in keys:
            content = content[key]
        if value is ...:
            del content[last]
        else:
            content[last] = value

    return alter


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema", 2, "has schema version 2, this program reads 1: map the network again"),
        ("schema", 0, "has schema version 0, this program reads 1"),
        ("schema", "1", "schema: 1 was expected"),
        ("schema", ..., "'schema' is a required property"),
        ("extra", 1, "'extra' was unexpected"),
        ("layers.0.extra", 1, "layers[0]: Additional properties are not allowed ('extra' was"),
        ("layers.0.cols", ..., "layers[0]: 'cols' is a required property"),
        ("geometry.extra", 1, "geometry: Additional properties are not allowed"),
        ("geometry.tiles", 1, "geometry.tiles: 1 is not one of [2, 4, 8]"),
        ("geometry.tiles", 3, "geometry.tiles: 3 is not one of [2, 4, 8]"),
        ("geometry.rows", "128", "geometry.rows: '128' is not of type 'integer'"),
        ("geometry.rows", True, "geometry.rows: True is not of type 'integer'"),
        ("geometry.rows", 8, "geometry.ou_rows must be at most rows=8, not 9"),
        ("geometry.ou_cols", 2, "takes 4 cells of 2 bits, but geometry.ou_cols is 2"),
        ("geometry.encoding", "sign", "geometry.encoding: 'sign' is not one of"),
        ("name", "../small", "name: '../small' does not match"),
        ("name", "small\n", r"'small\n' is not a name"),
        ("provenance.a b", "x", "does not match"),
        ("provenance.a", 1, "provenance.a: 1 is not of type 'string'"),
        ("layers", [], "layers: [] should be non-empty"),
        ("layers.1.name", "conv", "layers[1].file is '001-scores.npz', but '001-conv.npz' follows"),
        ("layers.0.name", "input", "layers[0]: layer name must be an identifier other than input"),
        ("layers.0.kind", "pool", "layers[0].kind: 'pool' is not one of"),
        ("layers.0.scheme", "pattern", "layers[0].scheme: 'pattern' is not one of"),
        ("layers.0.in_shape", [3, 7], "layers[0].in_shape: [3, 7] is too short"),
        ("layers.0.in_shape", [3, 9, 7], "layers[0]: layer conv: out_shape (5, 4, 4) does not"),
        ("layers.0.in_shape", [3, 7, 1 << 40], "layers[0].in_shape[2]: 1099511627776 is greater"),
        ("layers.0.in_shape", [4, 7, 7], "layers[0].rows is 27, but 36 follows"),
        ("layers.0.rows", 28, "layers[0].rows is 28, but 27 follows"),
        ("layers.0.cols", 6, "layers[0].cols is 6, but 5 follows"),
        ("layers.0.segments", 16, "layers[0].segments is 16, but 15 follows"),
        ("layers.0.segments_kept", 16, "layers[0].segments_kept is more than segments, 15"),
        ("layers.0.crossbars", 2, "layers[0].crossbars is 2, but 1 follows"),
        ("layers.0.ous", -1, "layers[0].ous: -1 is less than the minimum of 0"),
        ("layers.0.ous", 1 << 31, "layers[0].ous: 2147483648 is greater than the maximum"),
        ("layers.0.activation.bits", 9, "layers[0].activation.bits: 9 is greater"),
        ("layers.0.activation.zero_point", -1, "layers[0]: activation zero_point must be 0 to 255"),
        ("layers.0.output.maximum", 256, "layers[0]: output clamp must lie in 0 to 255"),
        ("layers.0.output.signed", 1, "layers[0].output.signed: 1 is not of type 'boolean'"),
        ("layers.0.matrix_sha256", "0" * 63, "layers[0].matrix_sha256: "),
        ("layers.0.file", "/etc/passwd", "layers[0].file: '/etc/passwd' does not match"),
        ("layers.0.file", "../000-conv.npz", "layers[0].file: '../000-conv.npz' does not match"),
        ("layers.0.file", "001-conv.npz", "layers[0].file is '001-conv.npz', but '000-conv.npz'"),
        ("layers.0.file", "000-conv.npz\n", r"layers[0].file is '000-conv.npz\n', but"),
    ],
)
def test_wrong_value(path, value, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        parse_altered(setter(path, value))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_layer_twice():
    def alter(content):
        content["layers"][1] = content["layers"][0] | {"file": "001-conv.npz"}

    with pytest.raises(InputError, match=r"^layer conv is there twice$"):
        parse_altered(alter)


def huge(content, *, count):
    """Layers of 64 x 64 cells an OU, ``count`` OUs each, as large as their fields allow."""
    content["geometry"] |= {"ou_rows": 64, "ou_cols": 64}
    crossbars = -(-count // 4)
    layer = content["layers"][0] | {"ous": count, "crossbars": crossbars}
    layer |= {"segments": 5, "segments_kept": 5}
    content["layers"] = [
        layer | {"name": f"c{index}", "file": f"00{index}-c{index}.npz"} for index in range(9)
    ]


def test_layer_too_large():
    with pytest.raises(InputError, match=r"^layers\[0\] takes \d+ bytes, at most 1879048192"):
        parse_altered(lambda content: huge(content, count=1 << 19))


def test_tables_too_large():
    with pytest.raises(InputError, match=r"^its layers take \d+ bytes, at most 4294967296"):
        parse_altered(lambda content: huge(content, count=200_000))


def test_matrix_too_large():
    def alter(content):
        shape = {"in_shape": [32768, 1, 1], "out_shape": [8192, 1, 1], "kernel": [1, 1]}
        grid = {"rows": 32768, "cols": 8192, "segments": 3641 * 8192}
        content["layers"][0] |= {**shape, **grid, "padding": [0, 0], "stride": [1, 1]}

    with pytest.raises(InputError, match=r"^layers\[0\] has more than 134217728 weights"):
        parse_altered(alter)


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_many_groups_take_no_memory(scheme):
    """Segments of groups are counted row by row, after the size of the matrix is known."""

    def alter(content):
        size = 65536
        window = {"in_shape": [size] * 3, "kernel": [size, size], "out_shape": [size, 1, 1]}
        rest = {"padding": [0, 0], "stride": [1, 1], "dilation": [1, 1], "scheme": scheme}
        content["layers"][0] |= window | rest | {"groups": size}

    with pytest.raises(InputError, match=r"^layers\[0\] has more than 134217728 weights"):
        parse_altered(alter)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON that can be read: Expecting value"),
        (b"\xff\xfe", "is not JSON that can be read: 'utf-8' codec"),
        (b"[]", "[] is not of type 'object'"),
        (b"1", "1 is not of type 'object'"),
        (b'{"schema": 1', "is not JSON that can be read: Expecting"),
        (b"[" * 100_000, "is not JSON that can be read: maximum recursion depth exceeded"),
        (b'{"a":' * 100_000, "is not JSON that can be read: maximum recursion depth exceeded"),
        (b"1" * 10_000, "is not JSON that can be read: Exceeds the limit"),
        (b'{"schema": 1.0}', "holds the number 1.0; only integers are allowed"),
        (b'{"schema": 1e999}', "holds the number 1e999; only integers are allowed"),
        (b'{"schema": NaN}', "holds the number NaN; only integers are allowed"),
        (b'{"schema": 1, "schema": 1}', "key 'schema' is there twice"),
        (b'{"\\ud800\\n": 1, "\\ud800\\n": 1}', r"key '\ud800\n' is there twice"),
        (b'{"schema": 1, "\\ud800": 1}', r"('\ud800' was unexpected)"),
    ],
)
def test_wrong_json(content, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        parse_manifest(content)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_changed_without_its_hash():
    content = manifest()
    content["layers"][0]["stride"] = [2, 2]
    content["provenance"]["source"] = "elsewhere"
    with pytest.raises(InputError, match=r"^sha256 is not the hash of the manifest"):
        parse_manifest(json.dumps(content).encode())


def test_large_manifest_is_not_read(tmp_path):
    (tmp_path / "manifest.json").write_bytes(b" " * (MANIFEST_BYTES_MAX + 1))
    with pytest.raises(InputError, match=r"manifest.json: has 2097153 bytes, at most 2097152"):
        load(tmp_path)


@pytest.mark.parametrize("layer", ["{}", "[]", '{"a":[]}'])
def test_largest_manifests_take_little_memory(layer):
    layers = ",".join([layer] * (2_000_000 // (len(layer) + 1)))
    content = f'{{"schema": 1, "layers": [{layers}]}}'.encode()
    assert 1_900_000 < len(content) < MANIFEST_BYTES_MAX
    tracemalloc.start()
    with pytest.raises(InputError) as caught:
        parse_manifest(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 28
    assert len(str(caught.value)) < 400


def test_many_keys_and_one_of_them_twice():
    keys = ",".join(f'"{number}":0' for number in [*range(150_000), 149_999])
    with pytest.raises(InputError, match="key '149999' is there twice"):
        parse_manifest(f"{{{keys}}}".encode())
