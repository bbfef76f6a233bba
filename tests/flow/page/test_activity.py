"""Planes and idle cycles of the steps are all cycles."""

import pytest

from arch.errors import InputError
from arch.geometry import Geometry
from arch.network_cycles import network_cycles
from arch.network_program import build_network_program
from flow.page.activity import activity
from flow.page.run import Run
from sw.mapping import map_network
from tests.sw.integer_layers import residual_network


def told(tiles=1, **hardware):
    geometry = Geometry(tiles=tiles)
    tables = map_network(residual_network(geometry), geometry)
    section = {"tiles": tiles, **hardware}
    return tables, activity(Run(report={"configuration": {"hardware": section}}, tables=tables))


@pytest.mark.parametrize("tiles", [1, 4])
@pytest.mark.parametrize("crossbar", ["emulated", "macro"])
def test_closed_form(tiles, crossbar):
    tables, found = told(tiles, crossbar=crossbar, macro_latency=9 if crossbar == "macro" else None)
    latency = 9 if crossbar == "macro" else None
    expected = network_cycles(tables, build_network_program(tables, macro_latency=latency))
    assert found["total"] == expected.total
    assert found["planes"] == expected.planes
    assert found["utilisation"] == expected.utilisation
    assert found["planes"] + found["idle_total"] == found["total"] * tiles
    assert found["idle"] == {cause: expected.idle(cause) for cause in found["idle"]}
    assert "operation" in found["idle"]
    starts = [row["start"] for row in found["rows"]]
    assert starts[0] == 0
    assert [row["start"] + row["cycles"] for row in found["rows"]] == [*starts[1:], found["total"]]
    assert found["meanings"]["load"] == "the image is loaded, or waited for"


def test_report_goes_before_the_closed_form():
    step = {"name": "input", "cycles": 10, "planes": 4, "skipped": 2, "idle": {"load": 6}}
    found = activity(Run(report={"image_steps": {"image": 5, "tiles": 1, "steps": [step]}}))
    assert (found["image"], found["total"], found["skipped"]) == (5, 10, 2)
    assert found["idle"] == {"load": 6}


def test_unknown():
    """Without tables, or where cycles depend on images: nothing is said."""
    assert activity(Run(report={})) is None
    assert told(skip_zero_planes=True)[1] is None


def test_wrong_hardware():
    with pytest.raises(InputError, match="records of the run: hardware: "):
        told(crossbar="paper")
