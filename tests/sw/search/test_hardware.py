import numpy as np
import pytest

from arch.cycles import layer_cycles
from arch.geometry import Geometry
from arch.program import build_program
from sw.mapping import map_network
from sw.policy import Policy
from sw.prune import finetune, kept_segments
from sw.quantise import quantise
from sw.search.choices import network_choices
from sw.search.hardware import TERMS, Objective, hardware_terms
from tests.sw.search_problems import layer


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
@pytest.mark.parametrize("encoding", ["offset", "differential"])
@pytest.mark.parametrize("ratio", [0.0, 0.55])
def test_terms_are_those_of_the_tables(trained, digits, scheme, encoding, ratio):
    """What the search counts from masks, the mapper and the engine count from tables."""
    geometry = Geometry(encoding=encoding)
    layers = network_choices(trained, digits.in_shape, geometry, scheme=scheme)
    kept = [one.kept(ratio) for one in layers]
    policy = Policy(
        scheme=scheme,
        ratios={one.name: one.ratio(number) for one, number in zip(layers, kept, strict=True)},
    )
    masks = kept_segments(trained, policy, geometry)
    for one, number in zip(layers, kept, strict=True):
        assert np.array_equal(masks[one.name], one.mask(number))
    finetune(trained, masks, digits, geometry, scheme=scheme, epochs=0, seed=0)
    integers = quantise(trained, masks, digits.train.images, geometry, scheme=scheme, name="t")
    tables = map_network(integers, geometry)
    shape = build_program(tables).shape
    ous = sum(table.ous for table in tables.layers)
    assert hardware_terms(layers, kept) == {
        "crossbars": sum(int(table.crossbar.max()) + 1 for table in tables.layers)
        * geometry.arrays,
        "ous": ous,
        "cycles": sum(
            layer_cycles(table, shape, positions=table.spec.positions).total
            for table in tables.layers
        ),
        "index_bits": ous * shape.index_layout.width,
    }


DENSE = {"crossbars": 8, "ous": 99, "cycles": 1000, "index_bits": 400}
LESS = {"crossbars": 6, "ous": 50, "cycles": 250, "index_bits": 200}


@pytest.mark.parametrize(
    ("name", "cost", "dense"),
    [("crossbars", 6.5, 8.99), ("ous", 50, 99), ("cycles", 250, 1000), ("index_bits", 200, 400)],
)
def test_terms_by_name(name, cost, dense):
    objective = Objective(name=name, dense=DENSE, weights={})
    assert objective.cost(LESS) == cost
    assert objective.dense_cost == dense


def test_crossbar_outweighs_every_ou():
    objective = Objective(name="crossbars", dense=DENSE, weights={})
    assert objective.cost(DENSE | {"ous": 0}) > objective.cost(DENSE | {"crossbars": 7})


def test_weighted():
    objective = Objective(name="weighted", dense=DENSE, weights={"crossbars": 2, "cycles": 1})
    assert objective.cost(LESS) == 2 * 6 / 8 + 250 / 1000
    assert objective.dense_cost == 3


@pytest.mark.parametrize(
    ("name", "weights", "message"),
    [
        ("area", {}, "hardware must be crossbars or .* not 'area'"),
        ("weighted", {}, "hardware weights must be at least 0, and one of them above"),
        ("weighted", {"ous": -1.0, "cycles": 2.0}, "hardware weights must be at least 0"),
        ("weighted", {"area": 1.0}, "no hardware term 'area'; there are crossbars, ous"),
    ],
)
def test_wrong_objective(name, weights, message):
    with pytest.raises(ValueError, match=message):
        Objective(name=name, dense=DENSE, weights=weights)


def test_one_layer_that_needs_lists_decides_for_all():
    """The index is as wide as the least regular layer needs, so a term is no sum over layers."""
    layers = (layer("a"), layer("b", seed=1))
    full, less = (layers[0].segments,) * 2, (layers[0].segments, 5)
    alone = hardware_terms(layers[:1], full[:1])
    assert set(alone) == set(TERMS)
    both = hardware_terms(layers, less)
    assert both["index_bits"] / both["ous"] > alone["index_bits"] / alone["ous"]
