"""Capacities: shapes that are larger than needed, and tables that do not fit."""

import dataclasses

import pytest

from arch.capacity import Capacity
from arch.errors import InputError
from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.program import build_program
from sw.mapping import map_network
from tests.arch.test_network_program import decode
from tests.sw.integer_layers import residual_network, small_network

GEOMETRY = Geometry()
TABLES = map_network(residual_network(GEOMETRY), GEOMETRY)
LARGE = Capacity(
    steps=9,
    layers=5,
    ous=100,
    channels=40,
    rows=400,
    outputs=20,
    elements=2000,
    input_mode="list",
    output_mode="list",
    acc_bits=30,
    out_bits=20,
    sum_bits=40,
    count_bits=10,
    place_bits=12,
)


def test_every_capacity_is_in_the_shape():
    """Where it belongs; the rows of a layer as row blocks."""
    shape = build_network_program(TABLES, capacity=LARGE).shape
    engine = shape.engine
    assert (shape.steps, engine.layers, engine.ous, engine.channels) == (9, 5, 100, 40)
    assert (engine.blocks, engine.outputs, shape.depth) == (45, 20, 2000)
    assert (engine.input_mode, engine.output_mode) == ("list", "list")
    assert (engine.acc_bits, shape.sum_bits) == (30, 40)
    assert (engine.out_bits, shape.out_bits) == (20, 20)
    assert (shape.count_bits, shape.place_bits) == (10, 12)
    assert engine.loadable


def test_without_any_it_is_what_the_tables_need():
    baked = build_network_program(TABLES)
    loadable = build_network_program(TABLES, capacity=Capacity())
    assert not baked.shape.engine.loadable
    engine = dataclasses.replace(loadable.shape.engine, loadable=False)
    assert dataclasses.replace(loadable.shape, engine=engine) == baked.shape
    assert loadable.memories == baked.memories
    assert loadable.contents("index") == baked.shape.engine.ous
    assert baked.contents("index") == baked.layers.index_words[0]


def test_contents_are_those_of_the_tables():
    """In a larger engine the same steps stand in wider words, the same OUs in lists."""
    small = build_network_program(TABLES)
    large = build_network_program(TABLES, shape=build_network_program(TABLES, capacity=LARGE).shape)
    assert large.shape.engine.ous == 100
    for before, after in zip(_steps(small), _steps(large), strict=True):
        signs = ("at", "store_at", "level_at", "channel_step")  # modulo the width
        for name in before.keys() - set(signs):
            assert before[name] == after[name], name
    for name in ("cells", "channel"):
        assert small.memories[name] == large.memories[name]
    _, words = large.memories["index"]
    assert len(words) == len(small.layers.index_words[0])


def _steps(program):
    size = program.shape.step_words
    for start in range(0, len(program.words), size):
        words = program.words[start : start + size]
        yield decode(program.shape.step_layout, sum(w << 32 * n for n, w in enumerate(words)))


@pytest.mark.parametrize(
    ("capacity", "message"),
    [
        ({"ous": 3}, "hardware.capacity.ous is 3, but the tables need 4"),
        ({"layers": 1}, "hardware.capacity.layers is 1, but the tables need 2"),
        ({"steps": 5}, "hardware.capacity.steps is 5, but the tables need 6"),
        ({"elements": 285}, "hardware.capacity.elements is 285, but the tables need 286"),
        ({"rows": 9}, "hardware.capacity.rows is 9, but the tables need 18"),
        ({"channels": 6}, "hardware.capacity.channels is 6, but the tables need 7"),
        ({"outputs": 3}, "hardware.capacity.outputs is 3, but the tables need 4"),
    ],
)
def test_less_than_needed(capacity, message):
    with pytest.raises(InputError, match=f"^{message}$"):
        build_network_program(TABLES, capacity=Capacity(**capacity))


def test_rows_count_as_whole_blocks():
    """An engine for fewer rows of the last block is the same engine."""
    shapes = [
        build_network_program(TABLES, capacity=Capacity(rows=rows)).shape for rows in (17, 18)
    ]
    assert shapes[0] == shapes[1] == build_network_program(TABLES, capacity=Capacity()).shape


@pytest.mark.parametrize(
    ("short", "message"),
    [
        ({"steps": 5}, r"steps 6 needed, 5 there \(hardware.capacity.steps\)"),
        ({"depth": 100}, r"elements 286 needed, 100 there \(hardware.capacity.elements\)"),
        ({"sum_bits": 9}, r"sum_bits 30 needed, 9 there \(hardware.capacity.sum_bits\)"),
        ({"engine": {"ous": 1}}, r"ous 4 needed, 1 there \(hardware.capacity.ous\)"),
        ({"engine": {"blocks": 1}}, r"rows 18 needed, 9 there \(hardware.capacity.rows\)"),
        (
            {"engine": {"acc_bits": 2}},
            r"acc_bits \d+ needed, 2 there \(hardware.capacity.acc_bits\)",
        ),
    ],
)
def test_tables_that_do_not_fit(short, message):
    """What is short is named, with both numbers."""
    shape = build_network_program(TABLES).shape
    if "engine" in short:
        short = {"engine": dataclasses.replace(shape.engine, **short["engine"])}
    shape = dataclasses.replace(shape, **short)
    with pytest.raises(InputError, match=f"^the tables do not fit the engine: {message}$"):
        build_network_program(TABLES, shape=shape)


def test_modes_that_do_not_fit():
    """Lists hold blocks, but not the other way round."""
    lists = map_network(small_network(GEOMETRY, scheme="row_vector"), GEOMETRY)
    blocks = map_network(small_network(GEOMETRY), GEOMETRY)
    general = build_network_program(
        blocks, capacity=dataclasses.replace(LARGE, input_mode="list", output_mode="list")
    )
    assert build_network_program(lists, shape=general.shape).shape == general.shape
    wide = Capacity(ous=100, acc_bits=30, sum_bits=30)
    narrow = build_network_program(blocks, capacity=wide)
    with pytest.raises(InputError, match="fit the engine: input_mode list needed, block there"):
        build_network_program(lists, shape=narrow.shape)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"geometry": Geometry(adc_bits=6)}, "geometry.adc_bits is 6 there, not 5"),
        ({"geometry": Geometry(encoding="differential")}, "geometry.encoding is differential"),
    ],
)
def test_another_engine(other, message):
    shape = dataclasses.replace(build_program(TABLES).shape, **other)
    with pytest.raises(InputError, match=f"^the tables are for another engine: {message}"):
        build_program(TABLES, shape=shape)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("latency", [None, 3])
def test_what_an_engine_is_built_as_counts(skip, latency):
    shape = build_program(TABLES, macro_latency=latency, skip_zero_planes=skip).shape
    assert build_program(TABLES, shape=shape).shape == shape


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ous": 0}, "capacity ous must be a positive integer, not 0"),
        ({"rows": 1.5}, "capacity rows must be a positive integer, not 1.5"),
        ({"input_mode": "group"}, "capacity input_mode must be block or list, not 'group'"),
        ({"output_mode": "block"}, "capacity output_mode must be group or list, not 'block'"),
    ],
)
def test_wrong_capacity(fields, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        Capacity(**fields)
