"""Layers of random weights with their tables and Verilog, for cosimulation."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.program import build_program
from arch.table_files import save
from arch.tables import MappingTables
from cosim.layers import cosimulate_layers
from hw.emit import write_verilog
from sw.mapping import map_layer
from tests.sw.integer_layers import linear_spec, random_layer

BUILDS = Path(__file__).parents[2] / "sim_build"
"""Where simulators are built; those of before are taken again."""
WIDE = OutFormat(bits=16, signed=True, minimum=-32768, maximum=32767)
SMALL = {"rows": 20, "cols": 27, "ou_rows": 9, "ou_cols": 8, "act_bits": 4}
"""Slots of 2 x 3 in a crossbar: layers have several crossbars, and every slot matters."""


class SimulatedLayers:
    """Linear layers in several crossbars, their Verilog, and inputs for them.

    Parameters
    ----------
    directory : Path
        Where tables and Verilog go.
    sizes : sequence of (str, int, int, float)
        Name, rows, columns and pruned share of each layer.
    scheme : str
        Sparsity structure.
    built_as : dict
        What the program is built with, see :func:`arch.program.build_program`.
    positions : int
        Inputs of each layer.
    ones : float
        Share of the inputs that are not zero.
    geometry
        What is not as in :data:`SMALL`.
    """

    def __init__(self, directory, sizes, *, scheme, built_as, positions=4, ones=1.0, **geometry):
        rng = np.random.default_rng(0)
        geometry = Geometry(**(SMALL | geometry))
        layers = []
        for name, rows, cols, ratio in sizes:
            spec = linear_spec(
                rows, cols, name=name, output=WIDE, scheme=scheme, activation=ActFormat(bits=4)
            )
            layer = random_layer(spec, geometry, rng, ratio=ratio)
            # Outputs far from the clamp, so that a wrong code is a wrong output.
            scale = {"multiplier": np.full(cols, 1 << 15), "shift": np.full(cols, 15)}
            bias = rng.integers(-1000, 1000, cols)
            layers.append(map_layer(replace(layer, **scale, bias=bias), geometry))
        self.directory = directory
        self.tables = save(
            MappingTables(name="layers", geometry=geometry, layers=tuple(layers)),
            directory / "tables",
        )
        self.program = build_program(self.tables, **built_as)
        (directory / "verilog").mkdir()
        write_verilog(self.program, directory / "verilog")
        self.windows = {
            table.spec.name: rng.integers(0, 16, (positions, table.spec.rows))
            * (rng.random((positions, table.spec.rows)) < ones)
            for table in self.tables.layers
        }

    def simulate(self, verilog, directory, **options):
        return cosimulate_layers(
            self.directory / "tables",
            verilog,
            self.windows,
            directory,
            build_root=BUILDS,
            **options,
        )
