"""Throughput of the golden model beside a plain NumPy model and a float32 matrix product.

One layer of 1152 x 256 8-bit weights, batch 64, operation units of 9 x 8 with 2-bit cells, one
thread. All contenders of a line are timed in turn, round after round, in one process, so that
their ratios are free of what else the machine does. Every result is compared before it is timed.

Run ``python -m bench.golden --help`` from the repository's root.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_info, threadpool_limits

from arch.fixed import encode_weights
from arch.geometry import Geometry
from arch.layer import SCHEMES
from bench.random_layer import random_layer
from cosim.golden import GoldenLayer
from sw.mapping import map_layer

ROWS, COLS = 1152, 256
ADC = {"exact": 16, "lossless": 5, "lossy": 4}
"""Widths of the ADC: one that no OU of any layer can saturate, the narrowest such, one less."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Seconds of every round of one contender, and of its first call with all preparation."""

    structure: str
    pruned: float
    adc: str
    contender: str
    macs: int
    stored_macs: int
    seconds: list[float]
    first: float | None

    @property
    def rate(self) -> float:
        """Million multiply-accumulates per second of the dense layer, fastest round.

        Other work on the machine only ever slows a round down, and not all contenders alike.
        """
        return self.macs / min(self.seconds) / 1e6


class PlainBitPlanes:
    """The reference: bit planes, row blocks, slices and ADC of the dense matrix, in plain NumPy.

    What a careful reader of the number formats writes first: one float32 product for each row
    block, all bit planes and all slices in it, then the converter, then the slices. Cells are
    arranged beforehand and that is not timed. Offset encoding.
    """

    def __init__(self, weights: np.ndarray, geometry: Geometry) -> None:
        self._geometry = geometry
        cells = encode_weights(weights, geometry)[0].reshape(len(weights), -1)
        self._blocks = [
            (slice(start, start + geometry.ou_rows), block.astype(np.float32))
            for start in range(0, len(weights), geometry.ou_rows)
            for block in [cells[start : start + geometry.ou_rows]]
        ]
        self._slices = np.float32(2.0) ** (np.arange(geometry.slices) * geometry.cell_bits)

    def accumulate(self, windows: np.ndarray) -> np.ndarray:
        """Accumulators (P, C) of unsigned 8-bit windows (P, R)."""
        planes = 8
        positions, rows = windows.shape
        bits = (windows[None] >> np.arange(planes, dtype=np.uint8)[:, None, None]) & 1
        bits = bits.reshape(planes * positions, rows).astype(np.float32)
        highest = np.float32(2**self._geometry.adc_bits - 1)
        acc = np.zeros((planes * positions, COLS), dtype=np.float32)
        for lines, cells in self._blocks:
            codes = np.minimum(bits[:, lines] @ cells, highest)
            acc += codes.reshape(len(codes), COLS, -1) @ self._slices
        weights = 2 ** np.arange(planes, dtype=np.int64)
        total = np.tensordot(weights, acc.reshape(planes, positions, COLS).astype(np.int64), 1)
        return total - 128 * windows.sum(axis=1, dtype=np.int64)[:, None]


def measure(
    structure: str, pruned: float, adc: str, *, batch: int, rounds: int, seed: int
) -> list[Line]:
    """Lines of one structure, share of pruned segments and ADC.

    Raises
    ------
    :exc:`RuntimeError`
        If a contender computes something else than the golden model's trace, or than the integer
        matrix product where the ADC is lossless.
    """
    rng = np.random.default_rng(seed)
    geometry = Geometry(adc_bits=ADC[adc])
    layer = random_layer((ROWS, COLS), structure, pruned, geometry, rng)
    table = map_layer(layer, geometry)
    windows = rng.integers(0, 256, (batch, ROWS)).astype(np.uint8)
    start = time.perf_counter()
    golden = GoldenLayer(table, geometry)
    expected = golden.accumulate(windows)
    first = time.perf_counter() - start
    for position in (0, batch - 1):
        _same(golden.trace(windows[position]).accumulators, expected[position], "trace")
    runs: dict[str, Callable[[], np.ndarray]] = {"golden": lambda: golden.accumulate(windows)}
    if not pruned:  # the plain model knows neither records nor packing
        plain = PlainBitPlanes(layer.weights, geometry)
        _same(plain.accumulate(windows), expected, "plain NumPy")
        runs["plain NumPy"] = lambda: plain.accumulate(windows)
    if adc != "lossy":
        _same(windows.astype(np.int64) @ layer.weights.astype(np.int64), expected, "product")
    left, right = windows.astype(np.float32), layer.weights.astype(np.float32)
    runs["float32 product"] = lambda: left @ right
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    stored = int(np.count_nonzero(table.inputs >= 0, axis=1) @ (table.outputs >= 0).sum(axis=1))
    return [
        Line(
            structure=structure,
            pruned=pruned,
            adc=f"{ADC[adc]}-bit, {adc}",
            contender=name,
            macs=batch * ROWS * COLS,
            stored_macs=batch * stored,
            seconds=times,
            first=first if name == "golden" else None,
        )
        for name, times in seconds.items()
    ]


def _same(seen: np.ndarray, expected: np.ndarray, what: str) -> None:
    if not np.array_equal(seen, expected):
        raise RuntimeError(f"{what} and golden model differ: nothing was timed")


def show(console: Console, lines: list[Line]) -> None:
    """The table: a row for each line, the golden model's with its ratios."""
    page = Table(title=f"million multiply-accumulates per second, {ROWS} x {COLS}, one thread")
    for heading in ("structure", "pruned", "ADC", "model"):
        page.add_column(heading)
    for heading in ("rate", "first call", "stored only", "x plain", "x float32"):
        page.add_column(heading, justify="right")
    for line in lines:
        case = {peer.contender: peer.rate for peer in lines if _case(peer) == _case(line)}
        plain = case.get("plain NumPy")
        page.add_row(
            line.structure,
            f"{line.pruned:.0%}",
            line.adc,
            line.contender,
            f"{line.rate:,.0f}",
            f"{line.macs / line.first / 1e6:,.0f}" if line.first else "",
            f"{line.rate * line.stored_macs / line.macs:,.0f}" if line.first else "",
            f"{line.rate / plain:.1f}" if plain else "",
            f"{line.rate / case['float32 product']:.3f}",
        )
    console.print(page)


def _case(line: Line) -> tuple[str, float, str]:
    return line.structure, line.pruned, line.adc


def record(lines: list[Line], *, batch: int, rounds: int, seed: int) -> dict[str, object]:
    """What was measured and on what, for a file."""
    return {
        "bench": "golden",
        "layer": [ROWS, COLS],
        "batch": batch,
        "rounds": rounds,
        "seed": seed,
        "numpy": np.__version__,
        "machine": platform.machine(),
        "blas": [
            {key: pool[key] for key in ("internal_api", "version", "architecture") if key in pool}
            | {"threads": pool["num_threads"]}
            for pool in threadpool_info()
        ],
        "lines": [
            {
                "structure": line.structure,
                "pruned": line.pruned,
                "adc": line.adc,
                "model": line.contender,
                "million_macs_per_second": round(line.rate, 1),
                "stored_share": round(line.stored_macs / line.macs, 4),
                "seconds_first": line.first,
                "seconds": line.seconds,
            }
            for line in lines
        ],
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the table, and write the record if asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.golden", description=__doc__)
    parser.add_argument("--batch", type=int, default=64, help="output positions (64)")
    parser.add_argument("--rounds", type=int, default=25, help="timed rounds; the fastest counts")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and inputs")
    parser.add_argument("--json", type=Path, help="write the measurements to this file")
    chosen = parser.parse_args(arguments)
    run = {"batch": chosen.batch, "rounds": chosen.rounds, "seed": chosen.seed}
    if min(chosen.batch, chosen.rounds) < 1:
        parser.error("--batch and --rounds must be at least 1")
    with threadpool_limits(limits=1):
        lines = [
            line
            for structure in SCHEMES
            for pruned, adcs in ((0.0, ADC), (0.7, ("lossless", "lossy")))
            for adc in adcs
            for line in measure(structure, pruned, adc, **run)
        ]
        details = record(lines, **run)
    show(Console(width=120), lines)
    if chosen.json:
        chosen.json.write_text(json.dumps(details, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
