"""Cycles of an image on 1, 2, 4 and 8 tiles, and what the tiles wait for, by how OUs are dealt.

The model of ``arch``, which is exact, follows real images of a finished run. The network is dense,
or pruned with every plane issued, or pruned with planes skipped; OUs are dealt one after the other,
as the mapper does it, or in runs of neighbours, one run a tile.

Run ``python -m bench.tiles --help`` from the repository's root.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.table import Table

from arch.geometry import TILES, Geometry
from arch.network_cycles import NetworkCycles, image_cycles, network_cycles
from arch.network_program import NetworkProgram, build_network_program
from arch.registers import IDLE_CAUSES
from arch.tables import LayerTable, MappingTables
from arch.tiles import place_ous
from bench.finished_run import FinishedRun
from sw.mapping import map_network

Deal = Callable[[LayerTable, Geometry], np.ndarray]


def one_by_one(table: LayerTable, geometry: Geometry) -> np.ndarray:
    """Crossbar of each OU as the mapper places it."""
    return place_ous(table.ous, geometry)[0]


def by_runs(table: LayerTable, geometry: Geometry) -> np.ndarray:
    """Crossbar of each OU if a tile has OUs that follow each other."""
    runs = np.array_split(np.arange(table.ous), geometry.tiles)
    return np.concatenate(
        [np.arange(len(run)) // geometry.slots * geometry.tiles + n for n, run in enumerate(runs)]
    )


def on_tiles(
    tables: MappingTables, program: NetworkProgram, *, tiles: int, skip: bool, deal: Deal
) -> tuple[MappingTables, NetworkProgram]:
    """The tables and the sizes of the program as they are for so many tiles."""
    geometry = replace(tables.geometry, tiles=tiles)
    layers = tuple(replace(table, crossbar=deal(table, geometry)) for table in tables.layers)
    engine = replace(program.shape.engine, geometry=geometry, skip_zero_planes=skip)
    return (
        replace(tables, geometry=geometry, layers=layers),
        replace(program, shape=replace(program.shape, engine=engine)),
    )


def row_of(models: list[NetworkCycles]) -> list[str]:
    """Figures of some images, as columns of the table."""
    cycles = sum(model.total for model in models)
    tiles = models[0].tiles
    return [
        f"{cycles / len(models):,.0f}",
        f"{100 * sum(model.planes for model in models) / (cycles * tiles):.1f} %",
        *(
            f"{100 * sum(model.idle(cause) for model in models) / (cycles * tiles):.1f}"
            for cause in CAUSES
        ),
    ]


CAUSES = tuple(cause for cause in IDLE_CAUSES if cause not in ("stopped", "index"))
"""Causes that occur without stalls."""


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.tiles", description=__doc__)
    FinishedRun.add_arguments(parser)
    run = FinishedRun(parser.parse_args(arguments))
    tables, windows = run.tables, run.windows()
    program = build_network_program(tables)
    table = Table(title="a whole image; idle cycles of tiles by cause, in percent")
    for column in ("network, planes", "dealt", "tiles", "cycles", "OU issue", *CAUSES):
        left = column in ("network, planes", "dealt")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    dense = map_network(run.dense, tables.geometry)
    for tiles in TILES:
        full, program_of_it = on_tiles(
            dense, build_network_program(dense), tiles=tiles, skip=False, deal=one_by_one
        )
        table.add_row(
            "dense, all", "one by one", str(tiles), *row_of([network_cycles(full, program_of_it)])
        )
    for skip in (False, True):
        for name, deal in (("one by one", one_by_one), ("by runs", by_runs)):
            for tiles in TILES:
                if deal is by_runs and (tiles == 1 or not skip):
                    continue  # the same
                dealt, shape = on_tiles(tables, program, tiles=tiles, skip=skip, deal=deal)
                models = [image_cycles(dealt, shape, image) for image in windows]
                planes = "pruned, skipped" if skip else "pruned, all"
                table.add_row(planes, name, str(tiles), *row_of(models))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
