# amaranth: UnusedElaboratable=no
"""The probe on small networks against what the golden model says of OUs and steps."""

import zlib

import pytest
from amaranth import Module

from arch.geometry import Geometry
from arch.trace_registers import PROBE_VALUES
from cosim.golden import GoldenNetwork
from cosim.golden.probe import ou_result, step_results
from hw.link.probe import Probe
from hw.testing import feed, run, take, tick
from tests.hw.link.test_trace import QUIET, SHAPE
from tests.hw.test_network_engine import Bench, chain


def probed(bench, looks, *, after):
    """What probes show, each of a step, a tile and an OU, armed after so many results."""
    top = Module()
    top.submodules.engine = bench.dut
    probes = [Probe(bench.program.shape) for _ in looks]
    for number, probe in enumerate(probes):
        top.submodules[f"probe{number}"] = probe
        top.d.comb += probe.monitor.eq(bench.dut.monitor)
    shown = []

    async def host(ctx):
        shown.clear()
        for probe, (step, tile, number) in zip(probes, looks, strict=True):
            for port, value in ((probe.step, step), (probe.tile, tile), (probe.number, number)):
                ctx.set(port, value)
        await take(bench.dut.o, after)(ctx)
        for probe in probes:
            ctx.set(probe.arm, 1)
        await tick(ctx)
        for probe in probes:
            ctx.set(probe.arm, 0)
        await take(bench.dut.o, len(bench.expected_scores()) - after)(ctx)
        await tick(ctx, 4)
        for probe in probes:
            values = [ctx.get(probe.values[n]) for n in range(PROBE_VALUES)]
            status = (ctx.get(probe.ou), ctx.get(probe.done))
            shown.append((status, ctx.get(probe.results), ctx.get(probe.check), values))

    run(top, host, feed(bench.dut.i, bench.bytes), timeout=100_000)
    return shown


@pytest.mark.parametrize("skip", [False, True], ids="skip={}".format)
def test_matches_golden(skip):
    """OUs of both tiles, and every step; armed in mid-image the probe takes the next one."""
    tables = chain(Geometry(tiles=2), seed=4, stride=(2, 2), shape=(2, 4, 4))
    bench = Bench(tables, images=3, skip=skip)
    image = 0 if skip else 1  # of the others nearly all planes are skipped

    def golden_ou(step, tile, number):
        name = bench.program.steps[step].name
        windows = GoldenNetwork(tables).inputs(name, bench.images[image : image + 1])
        where = {"tile": tile, "number": number, "skips": skip}
        return ou_result(tables.layer(name), tables.geometry, windows, **where)

    places = [(0, 0, 0), (1, 0, 0), (3, 1, 1000)]
    for step, tile in ((1, 1), (2, 0), (3, 1)):
        last = next(n for n in range(1000) if golden_ou(step, tile, n + 1) is None)
        places.append((step, tile, last))
    assert places[3][2] > 8
    for place, seen in zip(places, probed(bench, places, after=image), strict=True):
        (ou, done), results, check, values = seen
        wanted = golden_ou(*place) if place[0] else None
        assert ou == (wanted is not None), place
        if ou:
            assert values == [*wanted, *[0] * (PROBE_VALUES - len(wanted))], place
        step = bench.program.steps[place[0]]
        feature_map = bench.maps[step.name][image] if place[0] else bench.images[image] & 255
        expected = step_results(step, feature_map)
        assert (done, results) == (1, len(expected)), place
        assert check == check_of(*expected.tolist()), place


def replay(monitors, shape=SHAPE, **looks):
    """What a probe shows at the end of some cycles; it is armed in the first."""
    probe, shown = Probe(shape), []

    async def host(ctx):
        for name, value in looks.items():
            ctx.set(getattr(probe, name), value)
        ctx.set(probe.arm, 1)
        await tick(ctx)
        ctx.set(probe.arm, 0)
        for monitor in monitors:
            ctx.set(probe.monitor, {"tiles": [QUIET] * 2, **monitor})
            await tick(ctx)
        ctx.set(probe.monitor, {"tiles": [QUIET] * 2})
        await tick(ctx)
        shown.append((ctx.get(probe.ou), ctx.get(probe.done), ctx.get(probe.results)))
        shown.append((ctx.get(probe.check), ctx.get(probe.values[0])))

    run(probe, host)
    return shown


BEGIN, END = {"begin": 1, "start": 1}, {"end": 1, "done": 1, "step": 2}


def result(value, step=2):
    return {"result": 1, "value": value, "step": step}


def check_of(*values):
    return zlib.crc32(b"".join(value.to_bytes(4, "little", signed=True) for value in values))


def test_takes_one_image_and_keeps_it():
    """Two cycles after the last value it shows; what came before the image and comes after not."""
    image = [BEGIN, result(-3), result(5, step=1), result(255), END]
    (ou, done, results), (check, _) = replay([result(1), *image, BEGIN, result(9), END], step=2)
    assert (ou, done, results, check) == (0, 1, 2, check_of(-3, 255))


def test_a_dropped_image_gives_nothing_whole():
    (_, done, results), _ = replay([BEGIN, result(1), {"reset": 1}, result(2), END], step=2)
    assert (done, results) == (0, 1)


def test_the_number_counts_results_of_the_tile():
    """Not those of the other, nor those of another step."""

    def ou(step, tile, value):
        tiles = [QUIET] * 2
        tiles[tile] = QUIET | {"result": 1, "values": [value, 0]}
        return {"step": step, "tiles": tiles}

    ous = [BEGIN, ou(1, 1, 4), ou(2, 1, 5), ou(2, 0, 6), ou(2, 1, -7), ou(2, 1, 8), END]
    (there, *_), (_, value) = replay(ous, step=2, tile=1, number=1)
    assert (there, value) == (1, -7)
    (there, *_), _ = replay(ous, step=2, tile=1, number=3)
    assert not there


def test_wrong_argument():
    with pytest.raises(TypeError, match=r"^shape must be a NetworkShape, not 3$"):
        Probe(3)
