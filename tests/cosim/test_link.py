"""The host link through the bits of its wires: the driver at one end, the RTL at the other."""

from pathlib import Path

import numpy as np
import pytest

from arch.capacity import Capacity
from arch.geometry import Geometry
from arch.link_shape import LinkShape
from arch.network_program import build_network_program
from arch.table_files import save
from cosim.link import cosimulate_link
from hw.link.emit_link import write_link
from sw.mapping import map_network
from tests.sw.integer_layers import residual_network

pytestmark = pytest.mark.cosim

BUILDS = Path(__file__).parents[2] / "sim_build"
CAPACITY = Capacity(ous=30, layers=3, elements=300, channels=9, steps=7, rows=40, acc_bits=24)
LINK = LinkShape(
    clock_hz=1_000_000,
    baud=250_000,
    payload_max=256,
    image_bytes=256,
    results=64,
    idle_bits=200,
    trace_events=64,
    probe=True,
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """Two sets of tables, the Verilog of an engine with a link that holds either, and images."""
    directory = tmp_path_factory.mktemp("link")
    geometry = Geometry(tiles=2)
    first, _ = (
        save(map_network(residual_network(geometry, seed=seed), geometry), directory / name)
        for seed, name in enumerate(("first", "second"))
    )
    (directory / "verilog").mkdir()
    program = build_network_program(first, capacity=CAPACITY)
    write_link(program, LINK, directory / "verilog")
    images = np.random.default_rng(1).integers(-128, 128, (3, 2, 9, 7))
    return directory, images


def test_ladder_images_and_other_tables(engine, tmp_path):
    """Everything that `cosim/tb_link.py` does."""
    directory, images = engine
    done = cosimulate_link(
        directory / "first",
        directory / "verilog",
        images,
        tmp_path / "simulation",
        build_root=BUILDS,
        other=directory / "second",
        frames=6,
    )
    assert done.problems == ()
    names = [run.name for run in done.runs]
    assert names[:8] == [
        "registers", "link", "tables", "ou", "layer", "image", "frames", "throughput",
    ]  # fmt: skip
    assert names[8:] == ["images", "refused", "refused", "other tables", "the first tables again"]
    assert sum(run.mismatches for run in done.runs) == 0
