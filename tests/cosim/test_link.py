"""The host link through the bits of its wires: the driver at one end, the RTL at the other."""

from pathlib import Path

import numpy as np
import pytest

from cosim.link import cosimulate_link
from tests.cosim.linked_engine import save_tables, write_engine

pytestmark = pytest.mark.cosim

BUILDS = Path(__file__).parents[2] / "sim_build"
RUNGS = ["registers", "link", "tables", "ou", "layer", "image", "frames", "throughput"]


def test_ladder_images_and_other_tables(tmp_path):
    """Everything that `cosim/tb_link.py` does."""
    first = save_tables(tmp_path / "first")
    save_tables(tmp_path / "second", seed=1, ratio=0.3)
    (tmp_path / "verilog").mkdir()
    write_engine(first, tmp_path / "verilog")
    images = np.random.default_rng(1).integers(0, 256, (20, 3, 7, 7))
    done = cosimulate_link(
        tmp_path / "first",
        tmp_path / "verilog",
        images,
        tmp_path / "simulation",
        build_root=BUILDS,
        other=tmp_path / "second",
        frames=20,
    )
    assert done.problems == ()
    others = ["images", "refused", "refused", "other tables", "the first tables again"]
    assert [run.name for run in done.runs] == [*RUNGS, *others]
    assert sum(run.mismatches for run in done.runs) == 0
