# amaranth: UnusedElaboratable=no
"""The layer engine against the golden model and the closed form, on small layers."""

import dataclasses

import numpy as np
import pytest
from amaranth import Module, ResetInserter, Signal
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.fixed import ActFormat, OutFormat
from arch.program import build_program
from arch.skipping_cycles import work_of_layer
from arch.tables import MappingTables
from cosim.golden import GoldenLayer
from cosim.mismatch import issued_order
from hw.layer_engine import LayerEngine
from hw.testing import Watch, feed, run, sample, take, tick
from tests.cosim.random_tables import (
    geometry_of,
    linear_spec,
    mapped_table,
    random_table,
    random_weights,
    random_windows,
)

SIGNED = OutFormat(bits=10, signed=True, zero_point=-3, minimum=-500, maximum=511)


def mapped(rows, cols, scheme, geometry, *, ratio=0.4, signed=False, name="layer", seed=1):
    """A pruned layer, packed; its requantisation spreads the outputs over their range."""
    rng = np.random.default_rng(seed)
    activation = ActFormat(bits=geometry.act_bits, signed=signed and geometry.act_bits > 1)
    spec = linear_spec(rows, cols, scheme=scheme, activation=activation, name=name)
    weights, kept = random_weights(spec, geometry, rng, ratio=ratio)
    return visible(mapped_table(spec, weights, geometry, kept, rng), geometry, rng)


def visible(table, geometry, rng):
    """The table with a multiplier and a shift that leave most outputs inside the clamp."""
    acc = GoldenLayer(table, geometry).accumulate(random_windows(table.spec, 8, rng))
    scale = max(1, int(np.abs(acc).max()))
    table.multiplier[:] = rng.integers(1 << 14, 1 << 16, table.spec.cols)
    table.shift[:] = min(47, scale.bit_length() + 7)
    return table


def sparse_windows(spec, positions, rng):
    """Windows in which planes, inputs and a whole position are zero."""
    once, everywhere = (random_windows(spec, count, rng) for count in (positions, 1))
    windows = random_windows(spec, positions, rng) & once & everywhere
    windows[rng.random(windows.shape) < 0.3] = 0
    windows[positions // 2] = 0
    return windows


def beats_of(windows, geometry):
    """Windows of shape (P, R) as beats of activation codes; lanes without a row carry rubbish."""
    positions, rows = windows.shape
    blocks = -(-rows // geometry.ou_rows)
    padded = np.full((positions, blocks * geometry.ou_rows), (1 << geometry.act_bits) - 1)
    padded[:, :rows] = windows & ((1 << geometry.act_bits) - 1)
    return padded.reshape(-1, geometry.ou_rows).tolist()


class Bench:
    """An engine, its tables and what one run must give."""

    def __init__(self, *tables, geometry, skip=False):
        self.geometry = geometry
        self.tables = tables
        self.program = build_program(
            MappingTables(name="t", geometry=geometry, layers=tables), skip_zero_planes=skip
        )
        self.dut = LayerEngine(self.program)
        self.outputs = Watch(self.dut.o)

    async def command(self, ctx, layer, positions):
        """Hand over a command as soon as it is taken."""
        ctx.set(self.dut.command.payload, {"layer": layer, "positions": positions})
        ctx.set(self.dut.command.valid, 1)
        while not await sample(ctx, self.dut.command.ready):
            pass
        ctx.set(self.dut.command.valid, 0)

    def layer(self, number, windows):
        """A testbench that runs a layer and checks its counters when it has ended."""
        model = work_of_layer(self.tables[number], self.program.shape, windows)

        async def testbench(ctx):
            await self.command(ctx, number, len(windows))
            while ctx.get(self.dut.busy):
                await tick(ctx)
            assert ctx.get(self.dut.planes) == model.planes
            return ctx.get(self.dut.cycles), model.total

        return testbench

    def expected(self, number, windows):
        table = self.tables[number]
        return [
            {"value": value, "last": int(channel == table.spec.cols - 1)}
            for row in GoldenLayer(table, self.geometry).outputs(windows).tolist()
            for channel, value in enumerate(row)
        ]

    def check(self, windows, vcd, *, number=0, seed=None):
        """Run one layer and compare its outputs, its planes and, without stalls, its cycles."""
        expected = self.expected(number, windows)

        async def testbench(ctx):
            cycles, model = await self.layer(number, windows)(ctx)
            assert seed is not None or cycles == model

        run(
            self.dut,
            testbench,
            feed(self.dut.i, beats_of(windows, self.geometry), seed=seed),
            take(self.dut.o, len(expected), seed=seed and seed + 1),
            watches=[self.outputs],
            vcd=vcd,
        )
        assert self.outputs.payloads == expected


CASES = {
    "default": (geometry_of(), 20, 7, {}),
    "signed": (geometry_of(act_bits=5), 20, 7, {"signed": True}),
    "differential": (geometry_of(encoding="differential", act_bits=4), 20, 5, {"signed": True}),
    "lossy": (geometry_of(adc_bits=3, act_bits=4), 20, 5, {}),
    "one_row": (geometry_of(act_bits=3), 1, 5, {"ratio": 0.0}),
    "one_column": (geometry_of(act_bits=3), 20, 1, {"ratio": 0.0}),
    "one_weight": (geometry_of(ou_rows=1, ou_cols=4, act_bits=1), 1, 1, {"ratio": 0.0}),
    "one_plane": (geometry_of(act_bits=1, ou_rows=3), 10, 9, {}),
    "odd": (geometry_of(ou_rows=5, ou_cols=7, cell_bits=3, weight_bits=5, act_bits=3), 17, 6, {}),
    "empty": (geometry_of(act_bits=4), 20, 5, {"ratio": 1.0, "signed": True}),
    "draining": (geometry_of(ou_rows=9, act_bits=2, ou_cols=16), 9, 23, {"ratio": 0.6}),
    "loading": (geometry_of(ou_rows=1, act_bits=1), 31, 2, {"ratio": 0.7}),
}


@pytest.mark.parametrize("seed", [None, 5], ids="seed={}".format)
@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("skip", [False, True], ids="skip={}".format)
def test_matches_golden(case, scheme, seed, skip, tmp_path):
    """Outputs equal the golden model; without stalls the cycles equal those of the model."""
    geometry, rows, cols, fields = CASES[case]
    table = mapped(rows, cols, scheme, geometry, **fields)
    windows = (sparse_windows if skip else random_windows)(table.spec, 4, np.random.default_rng(2))
    Bench(table, geometry=geometry, skip=skip).check(windows, tmp_path / "engine.vcd", seed=seed)


TILED = [
    (2, "column_vector", "default", False, None),
    (2, "row_vector", "signed", True, 5),
    (2, "row_vector", "draining", True, None),
    (4, "row_vector", "default", False, 5),
    (4, "column_vector", "differential", True, None),
    (4, "column_vector", "empty", True, None),
    (4, "row_vector", "one_weight", False, None),  # three tiles without an OU
    (4, "column_vector", "loading", False, None),
    (8, "row_vector", "one_plane", True, None),
    (8, "column_vector", "lossy", False, 5),
]


@pytest.mark.parametrize(("tiles", "scheme", "case", "skip", "seed"), TILED)
def test_tiles(tiles, scheme, case, skip, seed, tmp_path):
    """The same outputs on any number of tiles; planes and cycles are those of the model."""
    geometry, rows, cols, fields = CASES[case]
    geometry = dataclasses.replace(geometry, tiles=tiles)
    table = mapped(rows, cols, scheme, geometry, **fields)
    windows = (sparse_windows if skip else random_windows)(table.spec, 4, np.random.default_rng(2))
    Bench(table, geometry=geometry, skip=skip).check(windows, tmp_path / "engine.vcd", seed=seed)


@pytest.mark.parametrize("skip", [False, True], ids="skip={}".format)
@pytest.mark.parametrize("encoding", ["offset", "differential"])
@pytest.mark.parametrize("seed", [None, 1], ids="seed={}".format)
def test_any_records(encoding, seed, skip, tmp_path):
    """Records that no pruner made: any inputs and outputs, doubled and missing ones."""
    geometry = geometry_of(ou_rows=4, act_bits=3, adc_bits=4, encoding=encoding)
    rng = np.random.default_rng(3)
    spec = linear_spec(11, 5, activation=ActFormat(bits=3, signed=True))
    spec = dataclasses.replace(spec, output=SIGNED)
    table = visible(random_table(spec, geometry, 12, rng), geometry, rng)
    windows = sparse_windows(spec, 4, rng) if skip else random_windows(spec, 4, rng)
    Bench(table, geometry=geometry, skip=skip).check(windows, tmp_path / "engine.vcd", seed=seed)


@settings(max_examples=12, deadline=None)
@given(
    geometry=st.builds(
        geometry_of,
        ou_rows=st.integers(2, 9),
        ou_cols=st.sampled_from((4, 8)),
        act_bits=st.integers(1, 8),
        adc_bits=st.integers(2, 6),
        encoding=st.sampled_from(("offset", "differential")),
    ),
    tiles=st.sampled_from((1, 1, 2, 4)),
    scheme=st.sampled_from(("column_vector", "row_vector")),
    rows=st.integers(1, 24),
    cols=st.integers(1, 6),
    ratio=st.sampled_from((0.0, 0.3, 0.8)),
    signed=st.booleans(),
    masks=st.lists(st.integers(-128, 127), min_size=1, max_size=4),
    share=st.sampled_from((0.0, 0.2, 0.7)),
)
def test_model_of_skipping(geometry, tiles, scheme, rows, cols, ratio, signed, masks, share):
    """The model predicts the cycles of any layer from its activations; the outputs are exact."""
    geometry = dataclasses.replace(geometry, tiles=tiles)
    table = mapped(rows, cols, scheme, geometry, ratio=ratio, signed=signed)
    rng = np.random.default_rng(rows)
    form = table.spec.activation
    windows = rng.integers(form.minimum, form.maximum + 1, (len(masks), rows))
    windows &= np.array([mask & 255 for mask in masks])[:, None]
    windows &= (1 << form.bits) - 1
    if form.signed:
        windows -= windows >> (form.bits - 1) << form.bits
    blocks = rng.random((len(masks), -(-rows // geometry.ou_rows))) < share
    windows[np.repeat(blocks, geometry.ou_rows, axis=1)[:, :rows]] = 0
    Bench(table, geometry=geometry, skip=True).check(windows, None)


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_full_queue_and_long_gaps(scheme, tmp_path):
    """Long OUs fill the queue; then come many without ones; a position without any is the last."""
    geometry = geometry_of(ou_rows=2, ou_cols=4, act_bits=8)
    table = mapped(24, 24, scheme, geometry, ratio=0.0)
    windows = np.full((5, 24), 255)
    # By row blocks: 48 OUs of 8 planes, then 240 without any, more than the queue has planes.
    windows[:3, 4:] = 0
    windows[1, ::2] = 1
    windows[4] = 0
    Bench(table, geometry=geometry, skip=True).check(windows, tmp_path / "engine.vcd")


@pytest.mark.parametrize("positions", [1, 2, 3, 8])
@pytest.mark.parametrize(("rows", "cols"), [(4, 2), (4, 12), (24, 2), (12, 6)])
def test_cycles(positions, rows, cols, tmp_path):
    """The closed form holds for any number of positions, whatever sets the pace."""
    geometry = geometry_of(ou_rows=2, act_bits=2)
    table = mapped(rows, cols, "column_vector", geometry, ratio=0.5)
    windows = random_windows(table.spec, positions, np.random.default_rng(2))
    Bench(table, geometry=geometry).check(windows, tmp_path / "engine.vcd")


@pytest.mark.parametrize("skip", [False, True], ids="skip={}".format)
@pytest.mark.parametrize("seed", [None, 4], ids="seed={}".format)
def test_several_layers(seed, skip, tmp_path):
    """Layers of different structures one after the other, also the same one again."""
    geometry = geometry_of(ou_rows=4, act_bits=4)
    tables = (
        mapped(14, 5, "column_vector", geometry, name="a"),
        mapped(9, 8, "row_vector", geometry, name="b", signed=True),
        mapped(5, 3, "column_vector", geometry, name="c", ratio=1.0),
    )
    bench = Bench(*tables, geometry=geometry, skip=skip)
    rng = np.random.default_rng(6)
    windows_of = sparse_windows if skip else random_windows
    runs = [(n, windows_of(tables[n].spec, 3, rng)) for n in (1, 0, 2, 2, 1)]

    async def layers(ctx):
        for number, windows in runs:
            cycles, model = await bench.layer(number, windows)(ctx)
            assert seed is not None or cycles == model, f"layer {number}"

    run(
        bench.dut,
        layers,
        feed(bench.dut.i, [b for _, w in runs for b in beats_of(w, geometry)], seed=seed),
        take(bench.dut.o, sum(len(bench.expected(*r)) for r in runs), seed=seed and seed + 1),
        watches=[bench.outputs],
        vcd=tmp_path / "engine.vcd",
    )
    assert bench.outputs.payloads == [value for r in runs for value in bench.expected(*r)]


@pytest.mark.parametrize("skip", [False, True], ids="skip={}".format)
@pytest.mark.parametrize("moment", [1, 30, 61, 90])
def test_reset_in_mid_work(moment, skip, tmp_path):
    """After a reset at any moment a layer runs as if it were the first."""
    geometry = geometry_of(ou_rows=4, act_bits=4)
    table = mapped(14, 5, "column_vector", geometry)
    windows_of = sparse_windows if skip else random_windows
    windows = windows_of(table.spec, 4, np.random.default_rng(7))
    bench = Bench(table, geometry=geometry, skip=skip)
    beats = beats_of(windows, geometry)
    top, reset = Module(), Signal()
    top.submodules.engine = ResetInserter(reset)(bench.dut)
    seen = []

    async def testbench(ctx):
        seen.clear()
        ctx.set(bench.dut.o.ready, 1)
        ctx.set(bench.dut.i.valid, 1)
        ctx.set(bench.dut.i.payload, [15] * 4)  # Leaves sums behind in both banks.
        await bench.command(ctx, 0, 4)
        await tick(ctx, moment)
        assert ctx.get(bench.dut.busy)
        ctx.set(reset, 1)
        ctx.set(bench.dut.i.valid, 0)
        await tick(ctx)
        ctx.set(reset, 0)
        assert not ctx.get(bench.dut.busy)
        assert not ctx.get(bench.dut.o.valid)
        await tick(ctx)  # what left in the cycle of the reset is recorded by now
        before = len(bench.outputs.payloads)
        await bench.command(ctx, 0, 4)
        await feed(bench.dut.i, beats)(ctx)
        while ctx.get(bench.dut.busy):
            await tick(ctx)
        await tick(ctx)
        seen.extend(bench.outputs.payloads[before:])
        model = work_of_layer(table, bench.program.shape, windows)
        assert ctx.get(bench.dut.cycles) == model.total

    run(top, testbench, watches=[bench.outputs], vcd=tmp_path / "engine.vcd")
    assert seen == bench.expected(0, windows)


def test_holds_two_positions(tmp_path):
    """While ``o`` is stalled two positions are finished and two more wait, no more.

    Behind the accumulators there is place for fewer outputs than a position has.
    """
    geometry = geometry_of(ou_rows=4, act_bits=2)
    table = mapped(16, 15, "column_vector", geometry)
    windows = random_windows(table.spec, 7, np.random.default_rng(8))
    bench = Bench(table, geometry=geometry)
    beats = Watch(bench.dut.i)

    async def testbench(ctx):
        await bench.command(ctx, 0, 7)
        await tick(ctx, 400)
        # Two in the accumulators, two in the input buffer.
        assert len(beats.payloads) == (2 + 2) * 4
        await take(bench.dut.o, 7 * 15)(ctx)

    run(
        bench.dut,
        testbench,
        feed(bench.dut.i, beats_of(windows, geometry)),
        watches=[beats, bench.outputs],
        vcd=tmp_path / "engine.vcd",
    )
    assert bench.outputs.payloads == bench.expected(0, windows)


@pytest.mark.parametrize("skip", [False, True], ids="skip={}".format)
@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_monitor_shows_the_trace(scheme, skip, tmp_path):
    """Codes of every plane and results of every OU, in issue order, equal the golden trace."""
    geometry = geometry_of(adc_bits=3, act_bits=4, encoding="differential")
    table = mapped(20, 5, scheme, geometry)
    windows_of = sparse_windows if skip else random_windows
    windows = windows_of(table.spec, 3, np.random.default_rng(9))
    bench = Bench(table, geometry=geometry, skip=skip)
    codes, values = [], []

    async def look(ctx):
        codes.clear()
        values.clear()
        while ctx.get(bench.dut.busy) or not codes:
            monitor = await sample(ctx, bench.dut.monitor.tiles[0])
            if monitor.plane:
                codes.append(list(monitor.codes))
            if monitor.result:
                values.append(list(monitor["values"]))

    async def layer(ctx):
        await bench.layer(0, windows)(ctx)

    run(
        bench.dut,
        layer,
        look,
        feed(bench.dut.i, beats_of(windows, geometry)),
        take(bench.dut.o, 15),
        vcd=tmp_path / "engine.vcd",
    )
    traces = [GoldenLayer(table, geometry).trace(window) for window in windows]
    both = [np.concatenate([t.codes, t.codes_negative], axis=-1) for t in traces]
    issued = [issued_order(trace, geometry, skip_zero_planes=skip) for trace in traces]
    assert codes == [
        t[place].tolist() for t, places in zip(both, issued, strict=True) for place in places
    ]
    assert values == [
        trace.partials[ou].tolist()
        for trace, places in zip(traces, issued, strict=True)
        for ou in dict(places)
    ]


def test_wrong_program():
    with pytest.raises(TypeError, match=r"^program must be a Program, not 'program'$"):
        LayerEngine("program")
