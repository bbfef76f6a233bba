# amaranth: UnusedElaboratable=no
"""What is said before there are tables is what tables, programs and Verilog then are."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from arch.geometry import Geometry
from arch.layer import LayerSpec
from arch.network_cycles import network_cycles
from arch.network_program import build_network_program
from arch.work_memories import memories_of
from flow.check_network import check_network
from hw.emit import emit
from sw.examine import examine
from sw.mapping import map_network
from sw.networks import build
from sw.planned_specs import planned_specs
from sw.quantise import quantise

GEOMETRIES = {
    "plain": Geometry(),
    "differential tiles": Geometry(encoding="differential", tiles=2, weight_bits=6),
    "odd sizes": Geometry(rows=60, cols=70, ou_rows=5, ou_cols=14, cell_bits=3, tiles=4),
}


def grouped():
    """Groups and a depthwise layer, whose matrices are block-diagonal, and an addition."""

    class Grouped(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(1, 12, 3, padding=1)
            self.depthwise = nn.Conv2d(12, 12, 3, padding=1, groups=12)
            self.grouped = nn.Conv2d(12, 12, 1, groups=3)
            self.fc = nn.Linear(12 * 16, 10)

        def forward(self, x):
            x = torch.relu(self.stem(x))
            x = x + torch.relu(self.grouped(torch.relu(self.depthwise(x))))
            return self.fc(torch.flatten(nn.functional.max_pool2d(x, 2), 1))

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Grouped()


NETWORKS = {
    "grouped": grouped,
    **{
        name: lambda name=name: build(name, in_shape=(1, 8, 8), classes=10, seed=0)
        for name in ("digits_cnn", "lenet5", "resnet_tiny")
    },
}


def planned(network, geometry, scheme):
    with torch.device("meta"):
        shapes = NETWORKS[network]().eval()
    traced = examine(shapes, (1, 8, 8)).traced
    return planned_specs(traced, geometry, scheme=scheme, value_range=(0.0, 1.0))


def tables_of(network, geometry, scheme, kept=None):
    images = np.random.default_rng(0).random((4, 1, 8, 8), dtype=np.float32)
    integers = quantise(NETWORKS[network]().eval(), kept, images, geometry, scheme=scheme)
    return map_network(integers, geometry)


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
@pytest.mark.parametrize("network", NETWORKS)
def test_dense_is_exact(network, geometry, scheme):
    specs = planned(network, geometry, scheme)
    checked = check_network(specs, geometry, {spec.name: 0.0 for spec in specs})
    tables = tables_of(network, geometry, scheme)
    program = build_network_program(tables)
    assert [layer.ous for layer in checked.layers] == [table.ous for table in tables.layers]
    assert [layer.segments for layer in checked.layers] == [t.segments for t in tables.layers]
    for layer, table in zip(checked.layers, tables.layers, strict=True):
        assert layer.crossbars == len(np.unique(table.crossbar)) * geometry.arrays
        assert replace(layer.spec, output=table.spec.output) == table.spec
    # Only how wide the sums of operations are depends on more than shapes.
    assert replace(checked.shape, sum_bits=program.shape.sum_bits) == program.shape
    assert checked.cycles == network_cycles(tables, program)


@pytest.mark.parametrize("built_as", [{}, {"skip_zero_planes": True}, {"macro_latency": 5}])
def test_as_built(built_as):
    geometry = Geometry()
    specs = planned("digits_cnn", geometry, "column_vector")
    ratios = {spec.name: 0.0 for spec in specs}
    checked = check_network(specs, geometry, ratios, **built_as)
    program = build_network_program(tables_of("digits_cnn", geometry, "column_vector"), **built_as)
    assert checked.shape == program.shape


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_pruned_is_near(scheme):
    """Random masks of a network have the expected OUs, all but a few."""
    geometry = Geometry()
    specs = planned("digits_cnn", geometry, scheme)
    checked = check_network(specs, geometry, {spec.name: 0.7 for spec in specs})
    rng = np.random.default_rng(0)
    kept = {}
    for layer in checked.layers:
        flat = np.zeros(layer.segments, dtype=bool)
        flat[rng.permutation(layer.segments)[: int(0.3 * layer.segments + 1e-9)]] = True
        spec = layer.spec
        rows = -(-spec.rows // geometry.ou_rows) if scheme == "column_vector" else spec.rows
        kept[spec.name] = flat.reshape(rows, -1)
    tables = tables_of("digits_cnn", geometry, scheme, kept)
    program = build_network_program(tables)
    total = sum(table.ous for table in tables.layers)
    assert checked.ous == pytest.approx(total, rel=0.04)
    assert checked.cycles.total == pytest.approx(network_cycles(tables, program).total, rel=0.06)
    engine = program.shape.engine
    assert checked.shape.engine.index_layout == engine.index_layout


def verilog_memories(text):
    """Memories that a Verilog file declares, but for queues: (words, bits), how often."""
    declared = re.findall(r"reg \[(\d+):0\] (\S+) \[(\d+):0\];", text)
    assert declared
    return Counter(
        (int(words) + 1, int(bits) + 1) for bits, name, words in declared if name != "payloads"
    )


@pytest.mark.parametrize("tiles", [1, 2])
def test_memories_are_those_of_the_verilog(tiles):
    geometry = Geometry(tiles=tiles)
    specs = planned("digits_cnn", geometry, "column_vector")
    checked = check_network(
        specs, geometry, {spec.name: 0.0 for spec in specs}, skip_zero_planes=True
    )
    tables = tables_of("digits_cnn", geometry, "column_vector")
    files = emit(build_network_program(tables, skip_zero_planes=True))
    found = Counter()
    for memory in memories_of(checked.shape).values():
        found[memory.words, memory.bits] += memory.count
    assert verilog_memories(files["network_engine.v"]) == found


def test_layers_alone_have_a_ratio():
    geometry = Geometry()
    specs = planned("resnet_tiny", geometry, "column_vector")
    layers = [spec.name for spec in specs if isinstance(spec, LayerSpec)]
    assert len(layers) < len(specs)
    checked = check_network(specs, geometry, dict.fromkeys(layers, 0.5))
    assert [layer.spec.name for layer in checked.layers] == layers
