"""Cycles of an image when planes without ones are skipped, by the size of what reads OUs ahead.

The model of ``arch`` follows real images of a finished run through every layer, with each number of
copies of the input buffer and each depth of the queue; the model is exact for those that the
generator builds. The last lines take one limit away at a time: what that saves is what it costs.

Run ``python -m bench.skipping --help`` from the repository's root.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from arch.network_program import build_network_program
from arch.plane_counts import issued_planes
from arch.skipping_cycles import LayerWork, Pace, follow_planes
from bench.finished_run import FinishedRun

QUEUES = (1, 2, 4, 8, 16, 64)
"""Depths of the queue that are compared."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerLoad:
    """What one image asks of a layer.

    Parameters
    ----------
    counts : uint8 array, shape (P, N)
        Planes of each OU at each position.
    load, first_beat, drain : int
        As in :class:`arch.skipping_cycles.Pace`.
    """

    counts: np.ndarray
    load: int
    first_beat: int
    drain: int

    def work(self, *, fetch: int, queue: int, **changes: int) -> LayerWork:
        """Cycles and planes, with some sizes changed."""
        sizes = {"load": self.load, "first_beat": self.first_beat, "drain": self.drain} | changes
        return follow_planes([self.counts], Pace(**sizes, fetch=fetch, queue=queue))


def layers_of(run: FinishedRun) -> tuple[list[LayerLoad], int]:
    """Every layer of every image, and the rows that an OU reads one by one; 1 for whole blocks."""
    tables = run.tables
    program = build_network_program(tables, skip_zero_planes=True)
    shape, geometry = program.shape, tables.geometry
    windows = run.windows()
    layers = []
    for step in program.steps:
        if step.kind != "layer" or step.walk is None:
            continue
        table = tables.layer(step.name)
        runs = {"lanes": shape.lanes, "beat": geometry.ou_rows}
        layers += [
            LayerLoad(
                counts=issued_planes(table, image[step.name], geometry.act_bits),
                load=step.walk.window_runs(**runs),
                first_beat=step.walk.first_beat_runs(**runs),
                drain=table.spec.cols,
            )
            for image in windows
        ]
    return layers, geometry.ou_rows if shape.engine.input_mode == "list" else 1


def measure(layers: list[LayerLoad], rows: int) -> Iterator[tuple[str, list[LayerWork]]]:
    """Each choice, and what every layer then takes."""
    copies = sorted({-(-rows // fetch) for fetch in (1, 2, 3, 5)} if rows > 1 else {1})
    for ports in copies:
        for queue in QUEUES:
            fetch = -(-rows // ports)
            yield (
                f"{ports} copies, an OU in {fetch} cycles, queue of {queue}",
                [layer.work(fetch=fetch, queue=queue) for layer in layers],
            )
    chosen = {"fetch": min(2, rows), "queue": 16}
    yield "as built", [layer.work(**chosen) for layer in layers]
    yield "a window in a cycle", [layer.work(**chosen, load=1, first_beat=1) for layer in layers]
    yield "outputs in a cycle", [layer.work(**chosen, drain=1) for layer in layers]
    every = {"fetch": 1, "queue": 1 << 16}
    yield "reads never wait", [layer.work(**every) for layer in layers]


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.skipping", description=__doc__)
    FinishedRun.add_arguments(parser)
    run = FinishedRun(parser.parse_args(arguments))
    layers, rows = layers_of(run)
    table = Table(title="layers only, without additions, input and reading of steps")
    for column in ("choice", "cycles an image", "planes", "OU issue"):
        table.add_column(column, justify="left" if column == "choice" else "right")
    for name, works in measure(layers, rows):
        cycles, planes = (sum(getattr(w, part) for w in works) for part in ("total", "planes"))
        table.add_row(
            name,
            f"{cycles / run.images:,.0f}",
            f"{planes / run.images:,.0f}",
            f"{100 * planes / cycles:.1f} %",
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
