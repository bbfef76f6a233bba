"""The ladder: every rung passes on a device that is right, and says what is wrong with another."""

import dataclasses

import numpy as np
import pytest

from cosim.host_reference import GoldenReference
from cosim.virtual.line import VirtualLine
from host.ladder.climb import RUNGS, climb, last_rung
from host.ladder.rung import Bench
from tests.host.small_device import SHAPE, device_of, images_of, target_of, virtual


def bench_of(target, hardware=None, shape=SHAPE, frames=5):
    hardware = hardware or virtual(target, shape)
    return Bench(
        device=device_of(target, shape, VirtualLine(hardware)),
        target=target,
        reference=GoldenReference(target),
        images=images_of(target, 4),
        origin="random",
        frames=frames,
        seconds=1.0,
        progress=lambda done, total: None,
    )


def states(outcomes):
    return [outcome.state for outcome in outcomes]


@pytest.mark.parametrize(
    "built_as",
    [{}, {"loadable": True, "skip_zero_planes": True}, {"argmax": True}, {"counter_bits": 16}],
    ids=str,
)
@pytest.mark.parametrize("tiles", [1, 2])
def test_all_rungs_pass(built_as, tiles):
    outcomes = list(climb(bench_of(target_of(tiles=tiles, **built_as))))
    assert states(outcomes) == ["passed"] * len(RUNGS), [o.lines for o in outcomes]
    assert all(outcome.lines and outcome.seconds > 0 for outcome in outcomes)
    assert [outcome.number for outcome in outcomes] == list(range(1, len(RUNGS) + 1))


@pytest.mark.parametrize(
    ("counter_bits", "waited"),
    [(64, "waited for the link in 9"), (16, "has counters too short to say how long it waited")],
)
def test_counters_that_wrap_in_a_run(counter_bits, waited):
    """What they do not say is not said."""
    target = target_of(counter_bits=counter_bits)
    throughput = list(climb(bench_of(target, frames=100)))[-1]
    assert f"; the engine {waited}" in throughput.lines[1]


def test_image_that_is_larger_than_the_buffer():
    shape = dataclasses.replace(SHAPE, image_bytes=64)
    outcomes = list(climb(bench_of(target_of(), shape=shape)))
    assert states(outcomes) == ["passed"] * len(RUNGS), [o.lines for o in outcomes]
    image = next(outcome for outcome in outcomes if outcome.name == "image")
    assert "larger than the buffer" in image.lines[1]


def test_without_a_probe_two_rungs_are_not_built_in():
    outcomes = list(climb(bench_of(target_of(), shape=dataclasses.replace(SHAPE, probe=False))))
    absent = [outcome.name for outcome in outcomes if outcome.state == "not built in"]
    assert absent == ["ou", "layer"]


def test_until():
    for until in ("link", "2"):
        assert [o.name for o in climb(bench_of(target_of()), until=until)] == ["registers", "link"]
    with pytest.raises(ValueError, match="no rung 'roof'; choose 1 to 8 or registers, link"):
        last_rung("roof")


def failing(outcomes, name, what):
    """The last rung is this one, and it failed so."""
    last = outcomes[-1]
    assert (last.name, last.state) == (name, "failed"), outcomes
    assert what in last.lines[0]
    assert last.means
    assert last.look


def test_stuck_bit_of_scratch():
    target = target_of()
    hardware = virtual(target)
    read = hardware.engine.registers.read
    hardware.engine.registers.read = lambda at: read(at) | (8 if at == 0x40 else 0)
    failing(list(climb(bench_of(target, hardware))), "registers", "scratch reads 0x00000008")


def test_alias_of_scratch():
    target = target_of()
    hardware = virtual(target)
    read = hardware.engine.registers.read
    hardware.engine.registers.read = lambda at: read(0x40 if at == 0x840 else at)
    failing(
        list(climb(bench_of(target, hardware))), "registers", "address 0x840 reads as the scratch"
    )


def test_wrong_pattern():
    target = target_of()
    bench = bench_of(target)
    echo = bench.device.echo
    bench.device.echo = lambda data: echo(data)[:-1]
    failing(list(climb(bench)), "link", "ECHO of")


def test_wrong_tables():
    target = target_of()
    failing(list(climb(bench_of(target, virtual(target_of(0.9))))), "tables", "other tables")


class Wrong(GoldenReference):
    """Says something else than the device in one place."""

    def __init__(self, target, place):
        super().__init__(target)
        self.place = place

    def results(self, images):
        return super().results(images) + (self.place == "image")

    def ou_result(self, image, step, tile, ou):
        return super().ou_result(image, step, tile, ou) + (self.place == "ou")

    def step_results(self, image, step):
        wrong = self.place == "layer" or (self.place == "image" and step == 2)
        return super().step_results(image, step) + wrong

    def cycles(self, image):
        model = super().cycles(image)
        if self.place != "counters":
            return model
        steps = (dataclasses.replace(model.steps[0], planes=1), *model.steps[1:])
        return dataclasses.replace(model, steps=steps)


@pytest.mark.parametrize(
    ("place", "rung", "what"),
    [
        ("ou", "ou", "step 1 (conv), tile 0, OU 0 gave"),
        ("layer", "layer", "step 1 (conv) gave 80 results with CRC"),
        ("image", "image", "the results of step 2 (scores) are the first wrong ones"),
        ("counters", "image", "planes grew by"),
    ],
)
def test_wrong_place_is_named(place, rung, what):
    bench = bench_of(target_of())
    bench.reference = Wrong(bench.target, place)
    failing(list(climb(bench)), rung, what)


def test_lost_image():
    bench = bench_of(target_of())
    expected = bench.reference.results

    def shifted(images):
        return np.roll(expected(images), 1, axis=0)

    list(climb(bench, until="image"))
    bench.reference.results = shifted
    outcome = next(o for o in climb(bench) if o.state == "failed")
    assert outcome.name == "frames"


def test_device_that_stands_still():
    target = target_of()
    hardware = virtual(target)
    hardware.engine.advance = lambda now: None
    failing(list(climb(bench_of(target, hardware))), "ou", "the probe saw nothing of step 1")
