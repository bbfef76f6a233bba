"""Cycles of an image: what is measured goes before what is modelled."""

import numpy as np
import pytest

from arch.geometry import Geometry
from arch.network_cycles import network_cycles
from arch.network_program import build_network_program
from cosim.network_case import NetworkResult, StepResult
from flow.capacity_section import CapacitySection
from flow.hardware_section import HardwareSection
from flow.stages.image_cycles import cycles_of_images, measured_images, steps_of_image
from sw.mapping import map_network
from tests.sw.integer_layers import residual_network

TABLES = map_network(residual_network(Geometry()), Geometry())
IMAGES = np.random.default_rng(2).integers(-128, 128, (3, 2, 9, 7))


def figures(skips, measured=()):
    hardware = HardwareSection(skip_zero_planes=skips)
    return cycles_of_images(TABLES, TABLES, hardware, IMAGES, measured)


def test_model():
    """Without cosimulation all is modelled, whatever was built."""
    found = figures(False)
    assert found == figures(True)
    assert found["dense"] == found["pruned"]
    assert (found["pruned"]["images"], found["skipping"]["images"]) == (1, 3)
    assert not any(taken["measured"] for taken in found.values())
    skipping = found["skipping"]
    assert skipping["fewest"] < skipping["cycles"] < skipping["most"] < found["pruned"]["fewest"]
    assert 0 < skipping["ou_issue_utilisation"] < found["pruned"]["ou_issue_utilisation"] < 1


def test_capacity_counts():
    """Steps of a larger engine take more words; the dense network has an engine of its own."""
    hardware = HardwareSection(tables="loadable", capacity=CapacitySection(elements=1 << 24))
    found = cycles_of_images(TABLES, TABLES, hardware, IMAGES, [])
    program = build_network_program(TABLES, **hardware.network_built_as)
    assert found["pruned"]["cycles"] == network_cycles(TABLES, program).total
    assert found["dense"] == figures(False)["dense"]
    assert found["dense"]["cycles"] < found["pruned"]["cycles"]


def test_tiles_share_the_planes():
    """With two tiles as many planes in fewer cycles; the share is of the cycles of both."""
    geometry = Geometry(tiles=2)
    tables = map_network(residual_network(geometry), geometry)
    found = cycles_of_images(tables, tables, HardwareSection(tiles=2), IMAGES, [])
    for name, one in figures(False).items():
        shared = found[name]
        assert shared["cycles"] < one["cycles"]
        planes = one["ou_issue_utilisation"] * one["cycles"]
        assert shared["ou_issue_utilisation"] * shared["cycles"] * 2 >= planes - 1e-6
        assert shared["ou_issue_utilisation"] < one["ou_issue_utilisation"]


@pytest.mark.parametrize(("skips", "name"), [(False, "pruned"), (True, "skipping")])
def test_measured(skips, name):
    found, model = figures(skips, [(1000, 900), (3000, 2100)]), figures(skips)
    assert found[name] == {
        "cycles": 2000.0,
        "fewest": 1000,
        "most": 3000,
        "ou_issue_utilisation": 0.75,
        "images": 2,
        "measured": True,
    }
    assert {n: f for n, f in found.items() if n != name} == {
        n: f for n, f in model.items() if n != name
    }


@pytest.mark.parametrize("skips", [False, True])
def test_steps_of_an_image(skips):
    """They are those of the image that is asked for, as the figures of all images have it."""
    hardware = HardwareSection(skip_zero_planes=skips)
    totals = []
    for number in range(3):
        found = steps_of_image(TABLES, hardware, IMAGES, number)
        assert (found["image"], found["tiles"]) == (number, 1)
        for step in found["steps"]:
            assert step["planes"] + sum(step["idle"].values()) == step["cycles"]
            assert 0 not in step["idle"].values()
        totals.append(sum(step["cycles"] for step in found["steps"]))
    taken = figures(skips)["skipping" if skips else "pruned"]
    assert (min(totals), max(totals)) == (taken["fewest"], taken["most"])
    assert len(set(totals)) == (3 if skips else 1)


def test_measured_images():
    """The wait before the first byte does not count, nor an image that did not end."""
    names = ("input", "conv", "input", "conv", "input")
    steps = tuple(
        StepResult(name=name, cycles=100 + n, cycles_model=50 + n, planes=n)
        for n, name in enumerate(names)
    )
    run = NetworkResult(
        stall=0,
        after_reset=False,
        images=3,
        compared=0,
        mismatches=0,
        wrong_images=(),
        steps=steps,
        counters=(),
        counters_model=(),
        clocks=0,
        seconds=0.0,
        problem="hangs",
    )
    assert measured_images(run, 2) == [(50 + 101, 1), (102 + 103, 2 + 3)]
