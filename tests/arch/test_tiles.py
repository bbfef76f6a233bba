"""How OUs are dealt to tiles: by hand, on disk, and into the memories of the engine."""

import dataclasses

import numpy as np
import pytest

from arch.geometry import Geometry
from arch.program import build_program
from arch.table_files import load
from arch.tiles import count_crossbars, ous_by_tile, place_ous
from arch.validate import validate
from sw.mapping import count, map_network
from sw.mapping.explanation import explain_ou
from sw.mapping.hardware_view import HardwareView
from tests.arch.altered_tables import alter_arrays, put, read_manifest, refuses, written
from tests.arch.test_program import unpack
from tests.sw.integer_layers import residual_network

SIX = {"rows": 18, "cols": 32, "ou_rows": 9, "ou_cols": 9}
"""Six slots a crossbar, two rows of three."""


def dealt_by_hand(ous, tiles):
    """Crossbar, slot row and slot column of every OU, one after the other."""
    slots = [0] * tiles
    places = []
    for ou in range(ous):
        tile = ou % tiles
        crossbar, slot = divmod(slots[tile], 6)
        places.append((crossbar * tiles + tile, *divmod(slot, 3)))
        slots[tile] += 1
    return places


@pytest.mark.parametrize("tiles", [1, 2, 4, 8])
def test_matches_reference(tiles):
    geometry = Geometry(**SIX, tiles=tiles)
    for ous in range(60):
        places = dealt_by_hand(ous, tiles)
        placed = place_ous(ous, geometry)
        assert all(part.dtype == np.int32 for part in placed)
        assert list(zip(*(part.tolist() for part in placed), strict=True)) == places
        crossbars = {crossbar for crossbar, _, _ in places}
        assert crossbars == set(range(len(crossbars)))  # no number is left out
        assert count_crossbars(ous, geometry) == len(crossbars)


def test_wrong_tiles():
    for tiles in (0, 3, 16):
        with pytest.raises(ValueError, match=rf"^geometry.tiles must be 1, 2, 4 or 8, not {tiles}"):
            Geometry(tiles=tiles)
    with pytest.raises(TypeError, match=r"^geometry.tiles must be an integer, not True$"):
        Geometry(tiles=True)


@pytest.fixture
def tables(tmp_path):
    return written(tmp_path / "tables", tiles=2)


def test_on_disk(tables, tmp_path):
    """Only placement and what counts crossbars differ from the tables of one tile."""
    one = written(tmp_path / "one")
    assert "tiles" not in read_manifest(one)["geometry"]
    manifest = read_manifest(tables)
    assert manifest["geometry"].pop("tiles") == 2
    assert manifest["geometry"] == read_manifest(one)["geometry"]
    assert load(tables).geometry == dataclasses.replace(load(one).geometry, tiles=2)
    for ours, theirs, entry, summary in zip(
        load(tables).layers,
        load(one).layers,
        manifest["layers"],
        validate(tables).layers,
        strict=True,
    ):
        for name in ("inputs", "outputs", "cells", "multiplier", "shift", "bias"):
            assert (getattr(ours, name) == getattr(theirs, name)).all()
        assert entry["crossbars"] == summary.crossbars == len(set(ours.crossbar.tolist()))


@pytest.mark.parametrize(
    ("array", "ou", "value", "message"),
    [
        ("crossbar", 1, 0, "OU 1: is in the slot of OU 0"),
        ("crossbar", 3, 0, "OU 3: is in the slot of OU 2"),
        ("slot_row", -1, 1, "is not in the slot of its number"),
        ("crossbar", 0, 99, "OU 0: crossbar is 99, but 0 to"),
    ],
)
def test_wrong_places_are_refused(tables, array, ou, value, message):
    alter_arrays(tables, put(array, ou, value))
    refuses(tables, message)


def test_explained(tables):
    hardware = HardwareView.of(load(tables))
    place = explain_ou(hardware, hardware.tables.layers[0].spec.name, 3).at
    assert (place.tile, place.crossbar, place.slot) == (1, 1, 1)
    assert str(place) == "OU 3: tile 1, crossbar 1, slot 1 (slot row 0, slot column 1)"


@pytest.mark.parametrize("ous", [0, 1, 7, 13])
def test_counted_without_packing(ous):
    """Crossbars that are filled in part count whole, as in the tables."""
    geometry = Geometry(**SIX, tiles=4, encoding="differential")
    kept = np.arange(16).reshape(16, 1) < ous
    counted = count(kept, rows=9 * 16, cols=1, scheme="column_vector", geometry=geometry)
    assert counted.ous == ous
    assert counted.crossbars == 2 * len({crossbar for crossbar, _, _ in dealt_by_hand(ous, 4)})
    assert counted.slots == counted.crossbars // 2 * 6


@pytest.mark.parametrize("latency", [None, 2])
def test_program(latency):
    """Every tile has its own OUs in its memories, in the order of the tables."""
    tables = map_network(residual_network(Geometry()), Geometry())
    geometry = dataclasses.replace(tables.geometry, tiles=4)
    split = map_network(residual_network(geometry), geometry)
    whole, program = (build_program(t, macro_latency=latency) for t in (tables, split))
    layout = program.shape.layer_layout
    descriptors = [unpack(layout, word) for word in program.layer_words]
    first = 0
    for table, descriptor in zip(split.layers, descriptors, strict=True):
        for tile, ous in enumerate(ous_by_tile(table, 4)):
            assert ous.tolist() == list(range(tile, table.ous, 4))
            assert descriptor["empty"][tile] == (len(ous) == 0)
            begin, last = descriptor["first_ou"][tile], descriptor["last_ou"][tile]
            assert last - begin + 1 == max(1, len(ous))
            index = program.index_words[tile][begin : last + 1][: len(ous)]
            assert index == tuple(whole.index_words[0][first + ou] for ou in ous)
            if latency is None:
                cells = program.cell_words[tile][begin : last + 1][: len(ous)]
                assert cells == tuple(whole.cell_words[0][first + ou] for ou in ous)
        first += max(1, table.ous)
    assert descriptors[-1]["empty"] == [0, 1, 1, 1]
    part = "cells" if latency is None else "slot"
    names = [f"{name}{tile}" for tile in range(4) for name in ("index", part)]
    assert list(program.memories) == ["layer", *names, "channel"]
    assert len({len(program.memories[name][1]) for name in names}) == 1


def test_macros():
    """The macro of each tile has its own crossbars, numbered from 0 in each."""
    geometry = Geometry(**SIX, tiles=2)
    tables = map_network(residual_network(geometry), geometry)
    program = build_program(tables, macro_latency=2)
    macro = program.shape.macro
    crossbars = [-(-len(ous_by_tile(table, 2)[0]) // 6) for table in tables.layers]
    assert macro.crossbars == sum(crossbars)
    for tile in range(2):
        lines = np.array([unpack(macro.line_layout, w)["levels"] for w in program.cell_words[tile]])
        lines = lines.reshape(macro.crossbars, geometry.rows, geometry.cols)
        number = 0
        for table in tables.layers:
            ous = ous_by_tile(table, 2)[tile]
            for ou in ous:
                slot = unpack(macro.slot_layout, program.slot_words[tile][number])
                top, left = 9 * slot["slot_row"], 9 * slot["slot_col"]
                stored = lines[slot["crossbar"], top : top + 9, left : left + 9]
                assert (stored == table.cells[ou]).all()
                number += 1
            number += not len(ous)
