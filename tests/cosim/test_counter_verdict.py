"""The verdict on counters: each disagreement is named."""

import numpy as np
import pytest

from arch.network_cycles import NetworkCycles, StepCycles
from arch.registers import COUNTERS
from cosim.counter_verdict import counts_of_images, counts_of_model, wrong_counters
from cosim.network_case import StepResult

MODEL = NetworkCycles(
    steps=(
        StepCycles(name="input", cycles=30, planes=0, idle={"steps": 10, "load": 20}),
        StepCycles(
            name="conv",
            cycles=100,
            planes=64,
            skipped=9,
            idle={"steps": 10, "window": 5, "input": 3, "output": 18},
        ),
    )
)
WAITED = {"cycles": 7, "idle_stopped": 4, "idle_load": 3}  # before the first byte


def counters(images=2):
    """The growth in every image, as the hardware counts it."""
    first = {name: count + WAITED.get(name, 0) for name, count in counts_of_model(MODEL).items()}
    return [first, *(counts_of_model(MODEL) for _ in range(images - 1))]


def steps(images=2):
    results = []
    for image in range(images):
        for step in MODEL.steps:
            cycles = step.cycles + (7 if not image and step.name == "input" else 0)
            results.append(
                StepResult(
                    name=step.name, cycles=cycles, cycles_model=step.cycles, planes=step.planes
                )
            )
    return results


def judge(seen, *, exact=True, images=2):
    return wrong_counters(seen, steps(), [MODEL] * images, exact=exact)


def test_growth():
    totals = np.arange(3 * len(COUNTERS)).reshape(3, -1)
    growth = counts_of_images(totals)
    assert growth[0] == {name: n for n, name in enumerate(COUNTERS)}
    assert set(growth[2].values()) == {len(COUNTERS)}
    assert counts_of_images(totals[:0]) == ()


def test_counters_that_wrap():
    """What is counted modulo a power of two is judged modulo it."""
    counts = [{name: count % 32 for name, count in seen.items()} for seen in counters()]
    assert wrong_counters(counts, steps(), [MODEL] * 2, exact=True, bits=5) == ""
    assert wrong_counters(counters(), steps(), [MODEL] * 2, exact=True, bits=5) != ""
    assert wrong_counters(counts, steps(), [MODEL] * 2, exact=True) != ""
    totals = np.zeros((2, len(COUNTERS)), dtype=np.int64)
    totals[:, 0] = 30, 4
    assert [seen["cycles"] for seen in counts_of_images(totals, bits=5)] == [30, 6]
    assert counts_of_model(MODEL, bits=5)["cycles"] == 130 % 32


def test_counts_of_the_model():
    counts = counts_of_model(MODEL)
    assert tuple(counts) == COUNTERS
    assert counts["cycles"] == 130
    assert counts["planes"] + sum(v for k, v in counts.items() if k.startswith("idle_")) == 130


def test_right():
    assert judge(counters()) == ""
    assert judge(counters(), exact=False) == ""


def test_missing_interrupt():
    assert judge(counters()[:1]) == "raised 1 interrupts, expected 2"


@pytest.mark.parametrize("image", [0, 1])
@pytest.mark.parametrize("name", ["cycles", "images", "planes", "planes_skipped"])
def test_differs_from_what_happened(name, image):
    """Also with stalls, which change none of these."""
    seen = counters()
    seen[image][name] += 1
    count = seen[image][name]
    text = f"image {image}: counter {name} counted {count}, expected {count - 1}"
    assert judge(seen) == text
    assert judge(seen, exact=False) == text


def test_differs_from_the_model():
    """A cycle in the wrong place; with stalls nobody knows the place."""
    seen = counters()
    seen[1]["idle_window"] += 1
    seen[1]["idle_output"] -= 1
    assert judge(seen) == "image 1: counter idle_window counted 6, expected 5"
    assert judge(seen, exact=False) == ""


def test_sum_of_tiles():
    """Planes and idle cycles are the cycles of both tiles."""
    idle = {"steps": 14, "window": 20, "balance": 6}
    step = StepCycles(name="conv", cycles=100, planes=160, idle=idle)
    model = NetworkCycles(steps=(step,), tiles=2)
    shown = [StepResult(name="conv", cycles=100, cycles_model=100, planes=160)]
    counts = counts_of_model(model)
    assert wrong_counters([counts], shown, [model], exact=True) == ""
    counts["idle_steps"] += 1
    text = "image 0: 160 planes and 41 idle cycles are not 100 cycles of 2 tiles"
    assert wrong_counters([counts], shown, [model], exact=False) == text


def test_sum_differs():
    seen = counters()
    seen[0]["idle_load"] -= 1
    assert judge(seen) == "image 0: 64 planes and 72 idle cycles are not 137 cycles"
