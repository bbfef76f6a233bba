"""The index record of an OU: right in every bit, whatever the modes, layers and tiles."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.geometry import Geometry
from arch.program import build_program
from arch.tables import MappingTables
from sw.mapping import map_layer
from sw.mapping.index_entry import index_entry
from tests.sw.integer_layers import layers, linear_spec, random_layer


def number_behind(text, word):
    """The last number in what is said of ``word``, None where it says that there is none."""
    assert word in text
    return None if " no " in text else int(text.split()[-1])


def what_it_says(entry, geometry):
    """Inputs and outputs by the meanings alone."""
    inputs, outputs = [-1] * geometry.ou_rows, [-1] * geometry.ou_weights
    for field in entry.fields:
        if field.name in ("block", "group"):
            places, members = re.findall(r"(\d+) to (\d+)", field.meaning)
            into = inputs if field.name == "block" else outputs
            for place, member in zip(
                range(int(places[0]), int(places[1]) + 1),
                range(int(members[0]), int(members[1]) + 1),
                strict=True,
            ):
                into[place] = member
        elif field.name.startswith("lanes"):
            found = number_behind(field.meaning, f"word line {field.lane} carries")
            inputs[field.lane] = -1 if found is None else found
        elif field.name.startswith("outputs"):
            found = number_behind(field.meaning, f"weight column {field.column} adds into")
            outputs[field.column] = -1 if found is None else found
    return inputs, outputs


@settings(deadline=None)
@given(layers(), st.sampled_from([1, 2, 4]), st.integers(0, 3))
def test_says_what_the_tables_hold(drawn, tiles, seed):
    """Of every OU of two layers, of which the first takes words of the memories, too."""
    layer, geometry = drawn
    geometry = Geometry(**(geometry.to_dict() | {"tiles": tiles}))
    before = random_layer(linear_spec(7, 5, name="before"), geometry, np.random.default_rng(seed))
    own = (map_layer(before, geometry), map_layer(layer, geometry))
    tables = MappingTables(name="n", geometry=geometry, layers=own)
    program = build_program(tables)
    seen = set()
    for table in own:
        for ou in range(table.ous):
            entry = index_entry(tables, program, table.spec.name, ou)
            layout, words = program.memories[entry.memory]
            assert entry.word == words[entry.address]
            assert entry.bits == layout.width == entry.fields[-1].high + 1
            assert sum(field.value << field.low for field in entry.fields) == entry.word
            inputs, outputs = what_it_says(entry, geometry)
            assert inputs == table.inputs[ou].tolist()
            assert outputs == table.outputs[ou].tolist()
            seen.add((entry.memory, entry.address))
    assert len(seen) == sum(table.ous for table in own)


def test_digits():
    """A word has all its digits, and as many bits as it says."""
    geometry = Geometry()
    kept = np.arange(28).reshape(4, 7) > 0
    layer = random_layer(linear_spec(30, 7), geometry, np.random.default_rng(0), kept=kept)
    tables = MappingTables(name="n", geometry=geometry, layers=(map_layer(layer, geometry),))
    program = build_program(tables)
    entry = index_entry(tables, program, "layer", 5)
    assert (entry.bits, entry.digits) == (8, "8'hb1")
    assert [(f.name, f.high, f.low, f.value) for f in entry.fields] == [
        ("block", 1, 0, 1),
        ("outputs[0]", 4, 2, 4),
        ("outputs[1]", 7, 5, 5),
    ]
    with pytest.raises(ValueError, match=r"^layer layer has no OU 15$"):
        index_entry(tables, program, "layer", 15)
