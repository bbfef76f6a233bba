"""Load images: every word of every memory is in them, and their shape is told."""

import dataclasses
import json
import zlib
from types import SimpleNamespace

import pytest

from arch.capacity import Capacity
from arch.errors import InputError
from arch.geometry import Geometry
from arch.load_image import FORMAT_VERSION, LOAD_MAGIC, load_image, sections
from arch.network_program import build_network_program
from arch.registers import hash_words
from arch.shape_record import shape_from_record, shape_identity, shape_record
from sw.mapping import map_network
from tests.sw.integer_layers import residual_network

GEOMETRY = Geometry()
CAPACITY = Capacity(ous=20, elements=1000)


def program(*, tiles=1, **options):
    geometry = dataclasses.replace(GEOMETRY, tiles=tiles)
    tables = map_network(residual_network(geometry), geometry)
    tables = dataclasses.replace(tables, sha256="ab" * 31 + "07")
    return build_network_program(tables, capacity=CAPACITY, **options)


@pytest.mark.parametrize("tiles", [1, 4])
def test_words(tiles):
    """The header, the sections in the order of the memories, and zlib's check."""
    made = program(tiles=tiles)
    image = load_image(made)
    assert image == load_image(program(tiles=tiles))
    assert zlib.crc32(image[:-4]) == int.from_bytes(image[-4:], "little")
    words = [int.from_bytes(image[at : at + 4], "little") for at in range(0, len(image) - 4, 4)]
    assert words[:3] == [LOAD_MAGIC, FORMAT_VERSION, shape_identity(made.shape)]
    assert tuple(words[3:11]) == hash_words(made.tables_sha256)
    at = 11
    for section, (layout, stored) in zip(sections(made.shape), made.memories.values(), strict=True):
        assert words[at : at + 2] == [section.number, len(stored)]
        assert section.bits == layout.width
        at += 2
        for word in stored:
            parts = words[at : at + section.parts]
            assert sum(part << 32 * n for n, part in enumerate(parts)) == word
            at += section.parts
    assert at == len(words)


def test_sections():
    """A kind has a number, and so has each memory of a kind that there are several of."""
    assert [(s.name, s.number) for s in sections(program().shape)] == [
        ("step", 0x10000),
        ("layer", 0x20000),
        ("index", 0x30000),
        ("cells", 0x40000),
        ("channel", 0x60000),
    ]
    macro = {s.name: s.number for s in sections(program(macro_latency=2).shape)}
    assert macro["slot"] == 0x50000
    assert "cells" not in macro

    tiles = {s.name: s.number for s in sections(program(tiles=2).shape)}
    assert (tiles["index0"], tiles["cells0"]) == (0x30000, 0x40000)
    assert (tiles["index1"], tiles["cells1"]) == (0x30001, 0x40001)
    memory = program().shape.memories["index"]
    tiled = SimpleNamespace(memories=dict.fromkeys(("index", "index1", "index12"), memory))
    assert [s.number for s in sections(tiled)] == [0x30000, 0x30001, 0x3000C]
    with pytest.raises(ValueError, match=r"^memory other is of no kind that a load image knows$"):
        sections(SimpleNamespace(memories={"other": memory}))


def test_identity_tells_shapes_apart():
    """Every size counts, and nothing that is stored."""
    shape = program().shape
    assert shape_identity(shape) == shape_identity(program().shape)
    others = [
        dataclasses.replace(shape, depth=shape.depth + 1),
        dataclasses.replace(shape, lanes=8),
        dataclasses.replace(shape, engine=dataclasses.replace(shape.engine, ous=21)),
        dataclasses.replace(shape, engine=dataclasses.replace(shape.engine, acc_bits=40)),
    ]
    assert len({shape_identity(other) for other in [shape, *others]}) == 5


@pytest.mark.parametrize("latency", [None, 4])
def test_record_is_the_shape(latency):
    shape = program(macro_latency=latency).shape
    record = json.loads(json.dumps(shape_record(shape)))
    assert shape_from_record(record, origin="r") == shape


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.pop("depth"),
        lambda record: record.update(depth="9"),
        lambda record: record.update(depth=True),
        lambda record: record.update(depth=0),
        lambda record: record.update(depth=1 << 60),
        lambda record: record.update(more=1),
        lambda record: record.update(engine=[]),
        lambda record: record["engine"].pop("geometry"),
        lambda record: record["engine"].update(input_mode="all"),
        lambda record: record["engine"].update(loadable=1),
        lambda record: record["engine"].update(loadable=False),
        lambda record: record.update(lanes=3),
        lambda record: record["engine"].update(macro={}),
        lambda record: record["engine"]["geometry"].update(rows=-1),
    ],
)
def test_damaged_record(change):
    record = json.loads(json.dumps(shape_record(program().shape)))
    change(record)
    with pytest.raises(InputError, match=r"^here: the shape of the engine is damaged: "):
        shape_from_record(record, origin="here")
    with pytest.raises(InputError, match=r"^here: the shape of the engine is damaged: "):
        shape_from_record([record], origin="here")


def test_macro_of_another_geometry():
    record = json.loads(json.dumps(shape_record(program(macro_latency=4).shape)))
    record["engine"]["macro"]["geometry"]["rows"] += 1
    message = r"damaged: the macro must have the geometry of the engine$"
    with pytest.raises(InputError, match=message):
        shape_from_record(record, origin="here")
