"""Programs of networks: maps, steps, and words that decode to the steps."""

import dataclasses
from itertools import pairwise
from math import prod

import numpy as np
import pytest

from arch.capacity import Capacity
from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.layer import LayerSpec
from arch.network_program import build_network_program
from arch.network_shape import STEP_KINDS, WORD_BITS
from arch.tables import MappingTables
from sw.mapping import map_layer, map_network
from tests.sw.integer_layers import (
    pooling_network,
    random_layer,
    residual_network,
    small_network,
)

GEOMETRY = Geometry()


@pytest.fixture(scope="module", params=[small_network, residual_network, pooling_network])
def tables(request):
    return map_network(request.param(GEOMETRY), GEOMETRY)


def decode(layout, word):
    """Fields of a packed word, as the hardware takes them apart."""
    fields = {}
    for field in layout.fields:
        values = []
        for _ in range(field.count or 1):
            value = word & ((1 << field.bits) - 1)
            word >>= field.bits
            values.append(value - (value >> (field.bits - 1) << field.bits) * field.signed)
        fields[field.name] = values if field.count else values[0]
    return fields


def steps_of(program):
    """Every step as its words say it."""
    size = program.shape.step_words
    assert len(program.words) == size * len(program.steps)
    assert all(0 <= word < 1 << WORD_BITS for word in program.words)
    for start in range(0, len(program.words), size):
        words = program.words[start : start + size]
        word = sum(part << n * WORD_BITS for n, part in enumerate(words))
        yield decode(program.shape.step_layout, word)


def test_steps_in_running_order(tables):
    program = build_network_program(tables)
    names = [step.name for step in program.steps]
    assert names[0] == "input"
    assert names[-1] == tables.layers[-1].spec.name
    assert {*names[1:]} == {t.spec.name for t in tables.layers} | {o.name for o in tables.host}
    assert program.tables_sha256 == tables.sha256


def test_words_say_the_steps(tables):
    program = build_network_program(tables)
    mask = (1 << program.shape.at_bits) - 1
    for step, fields in zip(program.steps, steps_of(program), strict=True):
        assert STEP_KINDS[fields["kind"]] == step.kind
        assert fields["program_last"] == fields["emit"] == (step is program.steps[-1])
        assert fields["store"] == (step is not program.steps[-1])
        if step.result.at is not None:
            assert fields["store_at"] == step.result.at
        results = (fields["channel_last"] + 1) * (fields["position_last"] + 1)
        assert results == step.result.size == prod(step.result.shape)
        if step.walk is None:
            continue
        walk = step.walk
        assert fields["at"] == walk.at & mask
        assert (fields["y"], fields["x"]) == (walk.y, walk.x)
        assert (fields["height"], fields["width"]) == (walk.height, walk.width)
        for number, level in enumerate(walk.levels):
            assert fields["level_last"][number] == level.count - 1
            assert fields["level_at"][number] == level.at & mask
            assert fields["level_y"][number] == level.y
            assert fields["level_x"][number] == level.x
        if step.kind == "layer":
            assert program.layers.names[fields["layer"]] == step.name
            assert fields["positions"] == step.spec.positions
        else:
            sources = len(step.spec.sources)
            assert fields["multiplier"][:sources] == list(step.spec.multipliers)
            zeros = [form.zero_point for form in step.spec.activations]
            assert fields["operand_zero"][:sources] == zeros
            assert fields["shift"] == step.spec.shift
            assert fields["largest"] == (step.spec.kind == "max_pool")


def test_a_step_does_not_write_where_it_reads(tables):
    """Nor where anything lies that a later step reads."""
    program = build_network_program(tables)
    maps = {step.name: step.result for step in program.steps}
    for number, step in enumerate(program.steps):
        if step.result.at is None:
            continue
        later = {
            source
            for reader in program.steps[max(1, number) :]
            for source in ((reader.spec.source,) if reader.kind == "layer" else reader.spec.sources)
        } & {other.name for other in program.steps[:number]}
        for name in later:
            first, second = sorted((maps[name], step.result), key=lambda entry: entry.at)
            assert first.at + first.size <= second.at, f"{step.name} over {name}"


def test_reads_stay_in_the_map(tables):
    """Whatever is read inside lies in a source of the step."""
    program = build_network_program(tables)
    maps = {step.name: step.result for step in program.steps}
    for step in program.steps[1:]:
        sources = (step.spec.source,) if step.kind == "layer" else step.spec.sources
        allowed = {at for s in sources for at in range(maps[s].at, maps[s].at + maps[s].size)}
        for run in step.walk.runs(lanes=4, beat=9):
            assert {run.at + n for n, inside in enumerate(run.inside) if inside} <= allowed
    assert program.shape.depth >= max(
        entry.at + entry.size for entry in maps.values() if entry.at is not None
    )


def test_lanes_change_the_memory_only():
    tables = map_network(small_network(GEOMETRY), GEOMETRY)
    one, eight = (build_network_program(tables, lanes=lanes) for lanes in (1, 8))
    assert (one.shape.lanes, eight.shape.lanes) == (1, 8)
    assert one.steps == eight.steps
    with pytest.raises(ValueError, match=r"^lanes must be a power of two, not 3$"):
        build_network_program(tables, lanes=3)


def test_memories_are_those_of_the_layers_and_the_program(tables):
    program = build_network_program(tables)
    assert list(program.memories) == ["step", *program.layers.memories]
    assert program.memories["step"][1] == program.words
    assert all(first.name != second.name for first, second in pairwise(program.steps))


def test_argmax_changes_no_word():
    tables = map_network(small_network(GEOMETRY), GEOMETRY)
    plain, argmax = (build_network_program(tables, argmax=argmax) for argmax in (False, True))
    assert argmax.shape == dataclasses.replace(plain.shape, argmax=True)
    assert argmax.words == plain.words


def test_counter_bits_change_no_word():
    tables = map_network(small_network(GEOMETRY), GEOMETRY)
    plain, narrow = (build_network_program(tables, counter_bits=bits) for bits in (64, 16))
    assert narrow.shape == dataclasses.replace(plain.shape, counter_bits=16)
    assert narrow.words == plain.words
    for bits in (0, 65):
        with pytest.raises(ValueError, match=rf"^counter_bits must be 1 to 64, not {bits}$"):
            build_network_program(tables, counter_bits=bits)


def test_steps_in_logic():
    """Neither steps nor layers are memories then; the others stay, and so do all words."""
    tables = map_network(small_network(GEOMETRY), GEOMETRY)
    plain, logic = (build_network_program(tables, step_logic=logic) for logic in (False, True))
    assert logic.words == plain.words
    assert logic.layers.layer_words == plain.layers.layer_words
    assert set(plain.memories) - set(logic.memories) == {"step", "layer"}
    assert list(logic.memories) == list(logic.shape.memories)
    assert logic.shape.engine.layer_logic
    with pytest.raises(ValueError, match=r"^steps that are loaded cannot be logic$"):
        build_network_program(tables, step_logic=True, capacity=Capacity())


def test_argmax_of_too_many_results():
    """A map of 257 x 256 as the result of a network."""
    spec = LayerSpec(
        name="conv",
        kind="conv2d",
        source="input",
        in_shape=(1, 257, 256),
        out_shape=(1, 257, 256),
        kernel=(1, 1),
        activation=ActFormat(),
        output=OutFormat(),
    )
    layer = map_layer(random_layer(spec, GEOMETRY, np.random.default_rng(0)), GEOMETRY)
    tables = MappingTables(name="large", geometry=GEOMETRY, layers=(layer,))
    assert build_network_program(tables).steps[-1].result.size == 65792
    with pytest.raises(ValueError, match=r"^argmax is of 65536 results at most, not 65792$"):
        build_network_program(tables, argmax=True)
