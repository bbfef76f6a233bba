"""A run is judged right only if outputs, planes and cycles all are."""

from dataclasses import replace

import numpy as np
import pytest

from arch.skipping_cycles import LayerWork
from cosim.layer_driver import LayerRun
from cosim.verdict import differences, judge

MODEL = LayerWork(total=45, planes=16, idle={})
EXPECTED = np.array([[1, 2, 3], [4, 5, 6]])
RIGHT = LayerRun(
    outputs=EXPECTED.ravel(),
    hung=False,
    cycles=MODEL.total,
    planes=MODEL.planes,
    clocks=99,
    seconds=0.5,
    waiting="o idle",
    codes=[],
    values=[],
)


def verdict(run, *, stall=0):
    return judge(run, EXPECTED, MODEL, layer="fc", stall=stall, after_reset=False)


def test_right():
    result = verdict(RIGHT)
    assert (result.problem, result.mismatches, result.compared) == ("", 0, 6)
    assert result.wrong_positions == ()


@pytest.mark.parametrize(
    ("change", "problem", "mismatches", "positions"),
    [
        (
            {"outputs": np.array([1, 2, 3, 4, 7, 6])},
            "layer fc is wrong at position 1, output 1: expected 5, seen 7",
            1,
            (1,),
        ),
        (
            {"outputs": np.array([1, 2])},
            "layer fc is wrong at position 0, output 2: expected 3, seen nothing",
            4,
            (0, 1),
        ),
        (
            {"outputs": np.array([1, 2, 3, 4, 5, 6, 0])},
            "layer fc gave 7 outputs, expected 6",
            1,
            (),
        ),
        (
            {"hung": True, "outputs": np.array([1])},
            "layer fc hangs after 1 outputs: o idle",
            5,
            (0, 1),
        ),
        ({"planes": 15}, "layer fc issued 15 planes, expected 16", 0, ()),
        ({"cycles": 1}, f"layer fc took 1 cycles, expected {MODEL.total}", 0, ()),
    ],
)
def test_wrong(change, problem, mismatches, positions):
    result = verdict(replace(RIGHT, **change))
    assert result.problem == problem
    assert result.mismatches == mismatches
    assert result.wrong_positions == positions


def test_cycles_do_not_matter_with_stalls():
    assert verdict(replace(RIGHT, cycles=1), stall=96).problem == ""


def test_differences_of_nothing():
    assert differences(np.array([], dtype=int), np.zeros((2, 2), dtype=int)).tolist() == [
        0,
        1,
        2,
        3,
    ]
