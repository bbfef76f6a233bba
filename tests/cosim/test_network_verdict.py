"""Verdicts on runs of a network: what is wrong is named, in the order of what matters."""

import dataclasses

import numpy as np
import pytest

from arch.geometry import Geometry
from arch.network_cycles import network_cycles
from arch.network_program import build_network_program
from arch.registers import COUNTERS
from cosim.counter_verdict import counts_of_model
from cosim.golden import GoldenNetwork
from cosim.network_driver import NetworkRun
from cosim.network_verdict import expected_results, judge_network
from sw.mapping import map_network
from tests.sw.integer_layers import residual_network

GEOMETRY = Geometry()
IMAGES = 2


@pytest.fixture(scope="module")
def case():
    tables = map_network(residual_network(GEOMETRY), GEOMETRY)
    program = build_network_program(tables)
    images = np.random.default_rng(0).integers(-128, 128, (IMAGES, 2, 9, 7))
    maps = GoldenNetwork(tables).run(images)
    return program, network_cycles(tables, program), images, maps


def perfect(case):
    """A run in which everything is right, and what it must give."""
    program, model, images, maps = case
    expected = expected_results(program, images, maps)
    last = program.steps[-1].result.size
    scores = np.zeros((IMAGES, last, 2), dtype=np.int64)
    scores[..., 0] = expected[:, -last:, 0]
    scores[:, -1, 1] = 1
    rows = [[n, step.cycles, step.planes] for n, step in enumerate(model.steps)] * IMAGES
    return expected, NetworkRun(
        results=expected.reshape(-1, 2).copy(),
        steps=np.array(rows),
        scores=scores.reshape(-1, 2),
        counters=np.cumsum([list(counts_of_model(model).values())] * IMAGES, axis=0),
        hung=False,
        clocks=1,
        seconds=1.0,
        waiting="in step sum; i idle",
    )


def judge(case, done, expected, *, stall=0):
    program, model, *_ = case
    return judge_network(done, expected, program, [model] * IMAGES, stall=stall, after_reset=False)


def place_of(program, name, number):
    """Where the result ``number`` of a step is among those of an image."""
    before = 0
    for step in program.steps:
        if step.name == name:
            return before + number
        before += step.result.size
    raise AssertionError(name)


def test_expected_results_are_in_the_order_of_the_hardware(case):
    program, _, images, maps = case
    expected = expected_results(program, images, maps)
    at = {step.name: step.result.at for step in program.steps}
    conv = place_of(program, "conv", 0)
    positions = maps["conv"].shape[2] * maps["conv"].shape[3]
    for position, channel in ((0, 0), (0, 3), (7, 2)):
        value, address = expected[1, conv + position * 4 + channel]
        assert value == maps["conv"][1, channel].ravel()[position]
        assert address == at["conv"] + channel * positions + position
    total = place_of(program, "sum", 0)
    assert expected[0, total : total + 80, 0].tolist() == maps["sum"][0].ravel().tolist()
    assert (expected[:, :126, 0] == images.reshape(IMAGES, -1) & 255).all()
    assert (expected[:, -3:, 1] == -1).all()


def test_right(case):
    expected, done = perfect(case)
    done.results[-1, 1] = 999  # the address of a score, which is not stored
    result = judge(case, done, expected)
    assert (result.problem, result.mismatches, result.wrong_images) == ("", 0, ())
    assert result.compared == expected[..., 0].size + len(done.scores)
    assert [step.cycles for step in result.steps] == [step.cycles_model for step in result.steps]


def test_wrong_element(case):
    program = case[0]
    expected, done = perfect(case)
    size = expected.shape[1]
    done.results[size + place_of(program, "conv", 4 * 6 + 1), 0] += 3
    done.results[size + place_of(program, "sum", 2), 0] += 1
    result = judge(case, done, expected)
    want = expected[1, place_of(program, "conv", 25), 0]
    assert result.problem == (
        f"image 1, layer conv, position 6, channel 1: expected {want}, seen {want + 3}"
    )
    assert (result.mismatches, result.wrong_images) == (2, (1,))
    expected, done = perfect(case)
    done.results[place_of(program, "sum", 20 + 2), 0] = 999
    assert judge(case, done, expected).problem.startswith(
        "image 0, operation sum, position 2, channel 1: expected"
    )


def test_wrong_address(case):
    expected, done = perfect(case)
    place = place_of(case[0], "average", 1)
    done.results[place, 1] += 5
    want = expected[0, place, 1]
    assert judge(case, done, expected).problem == (
        f"image 0, operation average, position 0, channel 1: "
        f"written at address {want + 5}, expected {want}"
    )


def test_missing_results_and_a_hang(case):
    expected, done = perfect(case)
    place = place_of(case[0], "sum", 3)
    short = dataclasses.replace(done, results=done.results[:place], hung=True)
    result = judge(case, short, expected)
    assert result.problem == (
        "image 0, operation sum, position 3, channel 0: is missing; in step sum; i idle"
    )
    assert result.wrong_images == (0, 1)
    hung = dataclasses.replace(done, hung=True, counters=done.counters[:1])
    assert judge(case, hung, expected).problem == "raised 1 interrupts, expected 2"
    hung = dataclasses.replace(done, hung=True)
    count = len(done.results)
    assert judge(case, hung, expected).problem == (
        f"hangs after {count} results, in step sum; i idle"
    )


def test_surplus_results(case):
    expected, done = perfect(case)
    more = dataclasses.replace(done, results=np.concatenate([done.results, [[1, 1]]]))
    result = judge(case, more, expected)
    assert result.problem == "gives more than the results of 2 images"
    assert result.wrong_images == ()


def test_wrong_scores(case):
    expected, done = perfect(case)
    done.scores[2, 1] = 0
    value = done.scores[2, 0]
    assert judge(case, done, expected).problem == (
        f"image 0: score 2 left as {value} with last flag 0, expected {value}"
    )
    short = dataclasses.replace(perfect(case)[1], scores=done.scores[:2])
    assert judge(case, short, expected).problem == "image 0: score 2 did not leave the engine"
    twice = dataclasses.replace(done, scores=np.concatenate([perfect(case)[1].scores] * 2))
    assert judge(case, twice, expected).problem == "gave 12 scores, expected 6"


def test_wrong_counter(case):
    """Judged last, and with the same exactness as the steps."""
    expected, done = perfect(case)
    done.counters[1:, COUNTERS.index("idle_input")] += 1
    done.counters[1:, COUNTERS.index("idle_window")] -= 1
    problem = judge(case, done, expected).problem
    assert problem.startswith("image 1: counter idle_window counted ")
    assert judge(case, done, expected, stall=9).problem == ""
    done.steps[-1, 1] += 1
    assert judge(case, done, expected).problem.startswith("image 1, scores: took")


def test_wrong_work(case):
    model = case[1]
    expected, done = perfect(case)
    layer = next(n for n, step in enumerate(model.steps) if step.planes)
    done.steps[layer, 1] += 1
    done.counters[:, [COUNTERS.index("cycles"), COUNTERS.index("idle_output")]] += 1
    cycles = model.steps[layer].cycles
    name = model.steps[layer].name
    text = f"image 0, {name}: took {cycles + 1} cycles, expected {cycles}"
    assert judge(case, done, expected).problem == text
    assert judge(case, done, expected, stall=9).problem == ""
    done.steps[layer, 2] -= 1
    text = f"image 0, {name}: issued {model.steps[layer].planes - 1} planes, expected"
    assert judge(case, done, expected, stall=9).problem.startswith(text)
    first = perfect(case)[1]
    first.steps[0, 1] += 40  # before the first byte came
    first.counters[:, [COUNTERS.index("cycles"), COUNTERS.index("idle_load")]] += 40
    result = judge(case, first, expected)
    assert result.problem == ""
    assert [counts["cycles"] for counts in result.counters] == [model.total + 40, model.total]
    fewer = dataclasses.replace(first, steps=first.steps[:-1])
    count = IMAGES * len(model.steps)
    assert judge(case, fewer, expected).problem == f"ended {count - 1} steps, expected {count}"


def test_the_largest_result(case):
    """With argmax one result leaves for each image; which one, and its value, must be right."""
    program, model, images, maps = case
    program = dataclasses.replace(program, shape=dataclasses.replace(program.shape, argmax=True))
    expected, done = perfect((program, model, images, maps))
    scores = expected[:, -program.steps[-1].result.size :, 0]
    index = scores.argmax(axis=1)
    left = np.stack([scores.max(axis=1), index + (1 << 16)], axis=-1)
    done = dataclasses.replace(done, scores=left)
    result = judge((program, model, images, maps), done, expected)
    assert result.problem == ""
    assert result.compared == expected.shape[0] * (expected.shape[1] + 1)
    for column, wrong in ((0, f"largest, {scores[1].max() + 1}"), (1, f"result {index[1] + 1} ")):
        changed = left.copy()
        changed[1, column] += 1
        result = judge(
            (program, model, images, maps), dataclasses.replace(done, scores=changed), expected
        )
        assert wrong in result.problem
        assert result.problem.startswith("image 1: result ")
        assert result.problem.endswith(f"expected result {index[1]}, {scores[1].max()}")
        assert result.wrong_images == (1,)
    missing = dataclasses.replace(done, scores=left[:1])
    result = judge((program, model, images, maps), missing, expected)
    assert result.problem == "image 1: score 0 did not leave the engine"
