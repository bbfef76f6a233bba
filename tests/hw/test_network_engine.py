# amaranth: UnusedElaboratable=no
"""The network engine against the golden model and the closed form, on small networks."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
from amaranth import Module, ResetInserter, Signal

from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.layer import LayerSpec
from arch.network_cycles import image_cycles, network_cycles
from arch.network_program import build_network_program
from arch.tables import MappingTables
from cosim.golden import GoldenNetwork
from hw.network_engine import NetworkEngine
from hw.testing import Watch, feed, plain, run, sample, take, tick
from sw.mapping import map_layer, map_network
from tests.sw.integer_layers import (
    linear_spec,
    pooling_network,
    random_layer,
    residual_network,
    small_network,
)

PIXELS = ActFormat()
BYTES = OutFormat()
SCORES = OutFormat(bits=16, signed=True, minimum=-32768, maximum=32767)


def conv_spec(in_shape, channels, *, name, source, scheme, **fields):
    """A convolution with the output size that follows."""
    steps = {"kernel": (3, 3), "stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)} | fields
    size = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(
            in_shape[1:],
            *(steps[n] for n in ("kernel", "stride", "padding", "dilation")),
            strict=True,
        )
    ]
    return LayerSpec(
        name=name,
        kind="conv2d",
        source=source,
        in_shape=in_shape,
        out_shape=(channels, *size),
        scheme=scheme,
        activation=PIXELS,
        output=BYTES,
        **steps,
    )


def chain(geometry, *, scheme="column_vector", ratio=0.4, seed=0, shape=(2, 6, 5), **fields):
    """Two convolutions, the second with ``fields``, and a linear layer; visible outputs."""
    rng = np.random.default_rng(seed)
    place = {"scheme": scheme}
    first = conv_spec(shape, 3, name="first", source="input", padding=(1, 1), **place)
    second = conv_spec(first.out_shape, 5, name="second", source="first", **place, **fields)
    rows = int(np.prod(second.out_shape))
    scores = linear_spec(
        rows, 3, name="scores", source="second", in_shape=second.out_shape, output=SCORES, **place
    )
    tables = []
    for spec in (first, second, scores):
        layer = random_layer(spec, geometry, rng, ratio=ratio)
        layer = dataclasses.replace(
            layer,
            multiplier=rng.integers(1 << 14, 1 << 16, spec.cols),
            shift=np.full(spec.cols, 19 + spec.rows.bit_length() // 2),
            bias=rng.integers(-2000, 2000, spec.cols),
        )
        tables.append(map_layer(layer, geometry))
    return MappingTables(name="chain", geometry=geometry, layers=tuple(tables))


class Bench:
    """An engine, its tables, and what images must give."""

    def __init__(self, tables, *, images=2, lanes=4, seed=5, skip=False):
        self.program = build_network_program(tables, lanes=lanes, skip_zero_planes=skip)
        self.most = network_cycles(tables, self.program).total
        self.dut = NetworkEngine(self.program)
        form = self._input_format(tables)
        shape = (images, *self.program.steps[0].result.shape)
        rng = np.random.default_rng(seed)
        self.images = rng.integers(form.minimum, form.maximum + 1, shape)
        if skip:  # dark places, and an image that is dark all over
            self.images &= rng.integers(form.minimum, form.maximum + 1, shape)
            self.images[:, :, : shape[2] // 2] = 0
            self.images[1:] = 0
        golden = GoldenNetwork(tables)
        self.maps = golden.run(self.images)
        windows = {
            name: np.split(golden.inputs(name, self.images, self.maps), images)
            for name in golden.layers
        }
        self.models = [
            image_cycles(tables, self.program, {name: parts[n] for name, parts in windows.items()})
            for n in range(images)
        ]
        self.scores = Watch(self.dut.o)
        self.seen, self.steps = [], []

    @staticmethod
    def _input_format(tables):
        return next(t.spec.activation for t in tables.layers if t.spec.source == "input")

    @property
    def bytes(self):
        return (self.images & 255).ravel().tolist()

    def expected_scores(self):
        """The results of the last step, in its order."""
        last = self.program.steps[-1]
        return [
            {"value": pair[0], "last": int(n == last.result.size - 1)}
            for image in range(len(self.images))
            for n, pair in enumerate(self.expected_map(last, image))
        ]

    def expected_map(self, step, image):
        """Value and address of every result of a step, in order."""
        values = self.images & 255 if step.walk is None else self.maps[step.name]
        at = np.arange(step.result.size).reshape(step.result.shape) + (step.result.at or 0)
        pairs = np.stack([values[image], at], axis=-1)
        if step.channels_inner:
            pairs = pairs.transpose(1, 2, 0, 3)
        if step.result.at is None:
            pairs = pairs[..., :1]
        return pairs.reshape(-1, pairs.shape[-1]).tolist()

    async def look(self, ctx, *, exact=True):
        """Compare the results, the cycles and their causes of every step of every image."""
        steps = self.program.steps
        for image in range(len(self.images)):
            for number, step in enumerate(steps):
                seen, causes = [], Counter()
                while True:
                    monitor, cause = await sample(ctx, self.dut.monitor, self.dut.cause)
                    causes.update(
                        [name for tile in plain(cause) for name, high in tile.items() if high]
                    )
                    if monitor.result:
                        seen.append([monitor.value, monitor.at][: 2 - (step.result.at is None)])
                    if monitor.done:
                        break
                assert seen == self.expected_map(step, image), f"image {image}, {step.name}"
                assert monitor.step == number
                model = self.models[image].steps[number]
                assert causes.total() == monitor.cycles * self.models[image].tiles
                if step.kind == "layer":
                    assert monitor.planes == model.planes
                if exact:
                    assert monitor.cycles == model.cycles, step.name
                    assert causes == Counter(model.idle, planes=model.planes), step.name

    def check(self, vcd, *, seed=None):
        expected = self.expected_scores()

        async def look(ctx):
            await self.look(ctx, exact=seed is None)

        run(
            self.dut,
            look,
            feed(self.dut.i, self.bytes, seed=seed),
            take(self.dut.o, len(expected), seed=seed and seed + 1),
            watches=[self.scores],
            timeout=100_000,
            vcd=vcd,
        )
        assert self.scores.payloads == expected


GEOMETRY = Geometry()
SHAPES = {
    "stride": {"stride": (2, 1), "padding": (1, 0)},
    "dilation": {"dilation": (1, 2), "padding": (2, 2)},
    "pointwise": {"kernel": (1, 1), "stride": (2, 2)},
    "wide": {"kernel": (2, 5), "padding": (2, 4), "stride": (3, 2)},
}


@pytest.mark.parametrize("seed", [None, 5], ids="seed={}".format)
@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
@pytest.mark.parametrize("shape", SHAPES)
def test_matches_golden(shape, scheme, seed, tmp_path):
    """Every feature map and every cycle, whatever the second convolution is."""
    tables = chain(GEOMETRY, scheme=scheme, **SHAPES[shape])
    Bench(tables).check(tmp_path / "network.vcd", seed=seed)


@pytest.mark.parametrize("seed", [None, 5], ids="seed={}".format)
@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
@pytest.mark.parametrize("shape", ["stride", "pointwise"])
def test_skips_planes(shape, scheme, seed, tmp_path):
    """The same with planes skipped: the cycles of each image follow from its feature maps."""
    bench = Bench(chain(GEOMETRY, scheme=scheme, **SHAPES[shape]), skip=True, images=3)
    assert bench.models[1].total < bench.models[0].total < bench.most
    bench.check(tmp_path / "network.vcd", seed=seed)


@pytest.mark.parametrize("skip", [False, True], ids="skip={}".format)
@pytest.mark.parametrize(("tiles", "scheme"), [(2, "row_vector"), (4, "column_vector")])
def test_tiles(tiles, scheme, skip, tmp_path):
    """Idle cycles are those of all tiles; the last layer has fewer OUs than four tiles."""
    geometry = Geometry(tiles=tiles)
    tables = chain(geometry, scheme=scheme, seed=4, stride=(2, 2), shape=(2, 5, 5))
    bench = Bench(tables, skip=skip)
    assert bench.models[0].idle("balance") > 0
    bench.check(tmp_path / "network.vcd")


@pytest.mark.parametrize("skip", [False, True], ids="skip={}".format)
@pytest.mark.parametrize("seed", [None, 9], ids="seed={}".format)
def test_operations_between_layers(seed, skip, tmp_path):
    """A shortcut, an addition and an average, with zero points and signed codes."""
    tables = map_network(residual_network(GEOMETRY), GEOMETRY)
    Bench(tables, skip=skip).check(tmp_path / "network.vcd", seed=seed)


@pytest.mark.parametrize("seed", [None, 9], ids="seed={}".format)
def test_pools_with_a_kernel(seed, tmp_path):
    """A maximum and an average, with padding; few planes are skipped of the signed layer."""
    tables = map_network(pooling_network(GEOMETRY), GEOMETRY)
    bench = Bench(tables, skip=seed is None)
    assert len(np.unique(bench.maps["maximum"])) > 10
    bench.check(tmp_path / "network.vcd", seed=seed)


@pytest.mark.parametrize(
    "geometry",
    [
        Geometry(encoding="differential", adc_bits=3),
        Geometry(ou_rows=4, ou_cols=4),
        Geometry(ou_rows=16, ou_cols=16, cell_bits=4),
        Geometry(ou_rows=1, ou_cols=4),
    ],
    ids=["differential", "4x4", "16x16", "1x4"],
)
@pytest.mark.parametrize("lanes", [1, 4])
def test_geometries(geometry, lanes, tmp_path):
    """Beats longer and shorter than a read, both encodings, an ADC that loses."""
    tables = chain(geometry, shape=(2, 4, 4), stride=(2, 2))
    Bench(tables, lanes=lanes).check(tmp_path / "network.vcd")


@pytest.mark.parametrize("skip", [False, True], ids="skip={}".format)
@pytest.mark.parametrize("ratio", [0.0, 0.9, 1.0])
@pytest.mark.parametrize("lanes", [1, 8])
def test_cycles(ratio, lanes, skip, tmp_path):
    """Whatever sets the pace: reading windows, computing, draining or handing over a bank."""
    tables = chain(GEOMETRY, ratio=ratio, padding=(1, 1), shape=(2, 4, 5))
    Bench(tables, lanes=lanes, images=1, skip=skip).check(tmp_path / "network.vcd")


def test_a_network_of_one_layer(tmp_path):
    tables = map_network(small_network(GEOMETRY), GEOMETRY)
    only = dataclasses.replace(tables, layers=tables.layers[:1])
    Bench(only).check(tmp_path / "network.vcd")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
def test_reset_in_mid_image(share, tmp_path):
    """After a reset at any moment before the scores images run as if they were the first."""
    bench = Bench(chain(GEOMETRY, stride=(2, 2)))
    moment = 1 + int(share * bench.models[0].total)
    top, reset = Module(), Signal()
    top.submodules.engine = ResetInserter(reset)(bench.dut)
    expected = bench.expected_scores()

    async def testbench(ctx):
        ctx.set(bench.dut.i.payload, 255)
        ctx.set(bench.dut.i.valid, 1)
        await tick(ctx, moment)
        ctx.set(bench.dut.i.valid, 0)
        ctx.set(reset, 1)
        await tick(ctx, 2)
        ctx.set(reset, 0)
        await feed(bench.dut.i, bench.bytes)(ctx)

    async def look(ctx):
        await tick(ctx, moment + 2)
        await bench.look(ctx)

    run(
        top,
        testbench,
        look,
        take(bench.dut.o, len(expected)),
        watches=[bench.scores],
        timeout=20_000,
        vcd=tmp_path / "network.vcd",
    )
    assert bench.scores.payloads == expected


def test_wrong_program():
    with pytest.raises(TypeError, match=r"^program must be a NetworkProgram, not 'program'$"):
        NetworkEngine("program")
