"""The mapper at the sizes of ImageNet: processor time and memory of each step, beside plain NumPy.

Networks of :mod:`bench.imagenet` with random weights are pruned by magnitude, quantised, mapped,
saved, validated, and encoded in every index format. Each step is a process of its own, so that its
peak memory is its own. Beside mapping stands ``numpy.savez`` of the same arrays, beside validating
a read of the same files with their hash: what nobody can do without.

Run ``python -m bench.mapping --help`` from the repository's root.
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from arch.geometry import ENCODINGS, Geometry
from arch.index_format import FORMATS, entropy_bits
from arch.layer import SCHEMES
from arch.program import needed_shape
from arch.table_files import load, save
from arch.validate import validate
from sw.integer_network import load_integer_network, save_integer_network
from sw.mapping import count, dense_count, map_network

NETWORKS = ("mobilenet_v2", "resnet50", "vgg16")
"""Networks of :mod:`bench.imagenet`, by their size."""
_NETWORK = "network.safetensors"
_TABLES = "tables"
_UNITS_K = 1 << 10  # ru_maxrss is in KiB on Linux


def prepare(place: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Prune and quantise a network; what the other steps read.

    Torch is imported here alone: a process begins with the peak memory of the one that started it.
    """
    import torch

    from bench.imagenet import IN_SHAPE
    from bench.imagenet import NETWORKS as FACTORIES
    from sw.networks import mappable
    from sw.policy import policy_for
    from sw.prune import kept_segments
    from sw.quantise import quantise

    geometry, scheme = Geometry(**options["geometry"]), options["scheme"]
    torch.manual_seed(0)
    network = FACTORIES[options["network"]]().eval()
    names = [name for name, _ in mappable(network)]
    policy = policy_for(names, scheme=scheme, ratio=options["ratio"])
    image = np.random.default_rng(0).random((1, *IN_SHAPE), dtype=np.float32)
    kept = kept_segments(network, policy, geometry)
    integers = quantise(network, kept, image, geometry, scheme=scheme, name=options["network"])
    save_integer_network(integers, place / _NETWORK)
    weights = sum(layer.weights.size // layer.spec.groups for layer in integers.layers)
    return {"weights": weights, "layers": len(integers.layers)}


def map_and_save(place: Path, options: dict[str, Any]) -> dict[str, Any]:
    """From the integer network to mapping tables in files."""
    network = load_integer_network(place / _NETWORK)
    tables = save(map_network(network, Geometry(**options["geometry"])), place / _TABLES)
    return {"ous": sum(table.ous for table in tables.layers)}


def savez(place: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Named reference: ``numpy.savez`` of the arrays of the tables."""
    names = ("crossbar", "slot_row", "slot_col", "inputs", "outputs", "cells", "cells_negative")
    for table in load(place / _TABLES).layers:
        arrays = {name: getattr(table, name) for name in names}
        arrays = {name: array for name, array in arrays.items() if array is not None}
        np.savez(place / "reference.npz", **arrays)
    return {}


def check(place: Path, options: dict[str, Any]) -> dict[str, Any]:
    """``ohmforge validate``."""
    return {"sha256": validate(place / _TABLES).sha256}


def read(place: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Named reference: every file of the tables read and hashed, and nothing else."""
    size = 0
    for path in sorted((place / _TABLES).iterdir()):
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
        size += path.stat().st_size
    return {"bytes": size}


def formats(place: Path, options: dict[str, Any]) -> dict[str, Any]:
    """The index of every layer in every format, its bound, and the sizes of the engine."""
    tables = load(place / _TABLES)
    shape = needed_shape(tables, None, skip_zero_planes=False)
    bits = {
        name: sum(encoder.encode(table, tables.geometry).bits for table in tables.layers)
        for name, encoder in FORMATS.items()
    }
    bound = sum(entropy_bits(table.segments, table.segments_kept) for table in tables.layers)
    return {"bits": bits | {"entropy": bound}, "engine": shape.ous * shape.index_layout.width}


def counts(place: Path, options: dict[str, Any]) -> dict[str, Any]:
    """OUs and crossbars of every layer from its mask alone, as the search asks for them."""
    geometry = Geometry(**options["geometry"])
    crossbars = dense = 0
    for layer in load_integer_network(place / _NETWORK).layers:
        spec = layer.spec
        crossbars += count(
            layer.kept, rows=spec.rows, cols=spec.cols, scheme=spec.scheme, geometry=geometry
        ).crossbars
        size = (spec.rows, spec.cols)
        dense += dense_count(*size, geometry, scheme=spec.scheme, groups=spec.groups).crossbars
    return {"crossbars": crossbars, "dense": dense}


STEPS: dict[str, Callable[[Path, dict[str, Any]], dict[str, Any]]] = {
    step.__name__: step for step in (prepare, map_and_save, savez, check, read, formats, counts)
}
"""Steps in their order, each a process."""


def measured(step: str, place: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Run a step in a process of its own; its figures with seconds and MiB."""
    words = [sys.executable, "-m", "bench.mapping", "--step", step, str(place), json.dumps(options)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def run_step(step: str, place: Path, options: dict[str, Any]) -> None:
    """Run a step here, and print its figures as JSON."""
    start = time.process_time()  # what the machine does besides does not count
    figures = STEPS[step](place, options)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNITS_K
    json.dump({**figures, "seconds": seconds, "mebibytes": peak}, sys.stdout)


COLUMNS = (
    "network, structure, pruned",
    "M weights",
    "OUs",
    "crossbars (dense)",
    "quantise",
    "map and save",
    "x savez",
    "validate",
    "x read",
    "formats",
    "counts",
)


def row_of(options: dict[str, Any], figures: dict[str, dict[str, Any]]) -> list[str]:
    """Figures of a network as columns of the table."""

    def cost(step: str) -> str:
        return f"{figures[step]['seconds']:.1f} s, {figures[step]['mebibytes']:,.0f} MiB"

    def ratio(step: str, reference: str) -> str:
        return f"{figures[step]['seconds'] / figures[reference]['seconds']:.1f}"

    counted = figures["counts"]
    return [
        f"{options['network']}, {options['scheme']}, {options['ratio']:.0%}",
        f"{figures['prepare']['weights'] / 1e6:.1f}",
        f"{figures['map_and_save']['ous']:,}",
        f"{counted['crossbars']:,} ({counted['dense']:,})",
        cost("prepare"),
        cost("map_and_save"),
        ratio("map_and_save", "savez"),
        cost("check"),
        ratio("check", "read"),
        cost("formats"),
        cost("counts"),
    ]


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.mapping", description=__doc__)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
    parser.add_argument("--schemes", nargs="+", choices=SCHEMES, default=SCHEMES)
    parser.add_argument("--ratio", type=float, default=0.7, help="pruned share (0.7)")
    parser.add_argument("--encoding", choices=ENCODINGS, default="offset")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.step:
        step, place, options = chosen.step
        run_step(step, Path(place), json.loads(options))
        return
    table = Table(title="processor time and peak memory of each step, a process each")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column is COLUMNS[0] else "right")
    for network in chosen.networks:
        for scheme in chosen.schemes:
            options = {
                "network": network,
                "scheme": scheme,
                "ratio": chosen.ratio,
                "geometry": {"encoding": chosen.encoding},
            }
            with tempfile.TemporaryDirectory() as place:
                figures = {step: measured(step, Path(place), options) for step in STEPS}
            table.add_row(*row_of(options, figures))
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
