# amaranth: UnusedElaboratable=no
"""What the timelines say of every cycle of an image, against the signals of the engine."""

import numpy as np
import pytest

from arch.geometry import Geometry
from arch.layer_timeline import IdleCycle
from arch.network_timeline import NetworkTimeline
from cosim.golden import GoldenNetwork
from hw.input_fetch import InputFetch
from hw.ou_controller import OuController
from hw.testing import feed, plain, run, sample, take
from sw.mapping import map_network
from sw.mapping.cycle_explanation import explain_cycle
from sw.mapping.hardware_view import HardwareView
from tests.hw.test_network_engine import Bench, chain
from tests.sw.integer_layers import residual_network, small_network


@pytest.fixture
def inside(monkeypatch):
    """The OU controllers and input fetches of the engine that was elaborated last."""
    found = {OuController: [], InputFetch: []}
    for name, kind in (("OuController", OuController), ("InputFetch", InputFetch)):

        def remember(*args, kind=kind, **options):
            found[kind].append(kind(*args, **options))
            return found[kind][-1]

        monkeypatch.setattr(f"hw.tile.{name}", remember)
    return found


def compare(tables, inside, *, lanes=4):
    """Every cycle of the second image: step, OU, plane, cause, and the use of index records."""
    bench = Bench(tables, lanes=lanes)
    hardware = HardwareView(tables, bench.program.layers, bench.program)
    timeline = NetworkTimeline(tables, bench.program)
    assert timeline.total == bench.most
    tiles = bench.program.shape.engine.tiles
    uses = index_uses(hardware)
    planes = []

    async def look(ctx):
        controllers, fetches = (inside[kind][-tiles:] for kind in (OuController, InputFetch))
        signals = [bench.dut.monitor, bench.dut.cause]
        for controller, fetch in zip(controllers, fetches, strict=True):
            signals += [controller.o.valid, controller.o.p, fetch.i.valid & fetch.i.ready]
            signals += [fetch.i.p.ou]
        for _ in timeline.steps:  # the first image after a reset waits for its accumulators
            while not (await sample(ctx, *signals))[0].done:
                pass
        for cycle in range(1, timeline.total + 1):
            monitor, causes, *rest = await sample(ctx, *signals)
            moment = timeline.at(cycle)
            assert monitor.step == moment.times.number, cycle
            assert monitor.cycles == moment.in_step, cycle
            assert monitor.done == (cycle == moment.times.last), cycle
            explained = explain_cycle(hardware, cycle)
            for tile, said in enumerate(explained.tiles):
                valid, beat, used, record = rest[4 * tile : 4 * tile + 4]
                where = f"cycle {cycle}, tile {tile}: {said}"
                if isinstance(moment.tiles[tile], IdleCycle):
                    assert not valid, where
                    assert [name for name, high in plain(causes)[tile].items() if high] == [
                        said.cause
                    ], where
                else:
                    assert valid, where
                    if said.work.at is not None:
                        assert beat.ou == said.work.address, where
                    first, last = plain(beat)["tag"]["first"], plain(beat)["tag"]["last"]
                    bits = tables.geometry.act_bits
                    assert (first, last) == (said.work.plane == bits - 1, said.work.plane == 0)
                    planes.append(cycle)
                if used and (tile, record) in uses:
                    assert cycle in uses[tile, record], where
                    uses[tile, record].remove(cycle)

    run(
        bench.dut,
        look,
        feed(bench.dut.i, bench.bytes),
        take(bench.dut.o, len(bench.expected_scores())),
        timeout=100_000,
    )
    assert len(planes) == bench.models[0].planes
    assert not any(uses.values())


def compare_skipping(tables, inside):
    """Every cycle of every step of two images on an engine that skips planes."""
    bench = Bench(tables, skip=True)
    tiles = bench.program.shape.engine.tiles
    planes = []
    golden = GoldenNetwork(tables)
    windows = [
        {
            name: np.split(golden.inputs(name, bench.images, bench.maps), len(bench.images))[image]
            for name in golden.layers
        }
        for image in range(len(bench.images))
    ]
    view = HardwareView(tables, bench.program.layers, bench.program)

    async def look(ctx):
        controllers = inside[OuController][-tiles:]
        signals = [bench.dut.monitor, bench.dut.cause]
        for controller in controllers:
            signals += [controller.o.valid, controller.o.p]
        for image, model in enumerate(bench.models):
            hardware = view.for_image(windows[image])
            assert hardware.network.total == model.total
            for times in hardware.network.steps:
                cycle = times.first
                while True:
                    monitor, causes, *rest = await sample(ctx, *signals)
                    if image or times.number:  # the first image waits for its accumulators
                        said = explain_cycle(hardware, cycle)
                        where = f"image {image}, cycle {cycle}: {said}"
                        assert (said.step, said.in_step) == (monitor.step, monitor.cycles), where
                        for moment in said.tiles:
                            valid, beat = rest[2 * moment.tile : 2 * moment.tile + 2]
                            assert valid == (moment.work is not None), where
                            if moment.work is None:
                                assert plain(causes)[moment.tile][moment.cause], where
                                continue
                            planes.append(cycle)
                            if moment.work.at is not None:
                                assert beat.ou == moment.work.address, where
                                assert plain(beat)["tag"]["plane"] == moment.work.plane, where
                    if monitor.done:
                        break
                    cycle += 1

    run(
        bench.dut,
        look,
        feed(bench.dut.i, bench.bytes),
        take(bench.dut.o, len(bench.expected_scores())),
        timeout=100_000,
    )
    assert len(planes) == sum(model.planes for model in bench.models)


def index_uses(hardware):
    """In which cycles of an image each address of an index memory is used."""
    uses = {}
    for table in hardware.tables.layers:
        for ou in range(table.ous):
            address = hardware.index_entry(table.spec.name, ou).address
            tile = int(table.crossbar[ou]) % hardware.program.shape.tiles
            uses[tile, address] = {
                hardware.schedule(table.spec.name, ou, position).times[0].image.read_last
                for position in range(table.spec.positions)
            }
    return uses


@pytest.mark.parametrize(
    ("ratio", "tiles", "scheme"),
    [
        (0.2, 1, "column_vector"),
        (0.95, 1, "row_vector"),
        (0.2, 4, "row_vector"),
        (0.95, 4, "column_vector"),
    ],
)
def test_layers(ratio, tiles, scheme, inside):
    """Long and short layers, tiles of which some have no OU of the last."""
    tables = chain(
        Geometry(tiles=tiles), scheme=scheme, ratio=ratio, stride=(2, 2), shape=(2, 5, 5)
    )
    compare(tables, inside)


def test_loading_sets_the_pace(inside):
    """A read brings one element, and inputs of four are a row block."""
    tables = chain(Geometry(ou_rows=4), scheme="row_vector", shape=(2, 4, 4))
    compare(tables, inside, lanes=1)


def test_few_planes(inside):
    """Reading the inputs of an OU takes as long as the planes of the one before."""
    geometry = Geometry(act_bits=2, tiles=2)
    compare(map_network(small_network(geometry, scheme="row_vector"), geometry), inside)


def test_operations(inside):
    """A shortcut, an addition and an average between layers."""
    geometry = Geometry(tiles=2)
    compare(map_network(residual_network(geometry), geometry), inside)


@pytest.mark.parametrize(("tiles", "scheme"), [(1, "row_vector"), (4, "column_vector")])
def test_skipping(tiles, scheme, inside):
    """The planes that are issued of an image, tile by tile, and why the others wait."""
    tables = chain(Geometry(tiles=tiles), scheme=scheme, seed=4, stride=(2, 2), shape=(2, 5, 5))
    compare_skipping(tables, inside)
