"""Mapping tables and load images, through the command line."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from arch.capacity import Capacity
from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.shape_record import shape_record
from arch.table_files import load, save
from sw.mapping import map_network
from tests.arch.altered_tables import hash_of_tables
from tests.fuzz.odd import Odd
from tests.fuzz.sandbox import command
from tests.fuzz.subject import Files, Subject, files_of
from tests.sw.integer_layers import pooling_network, residual_network, small_network

__all__ = ["SUBJECTS"]

_NETWORKS = (small_network, residual_network, pooling_network)


def _tables(directory: Path) -> Sequence[Files]:
    """Tables of three networks, in two encodings and with one and two tiles."""
    for network in _NETWORKS:
        for encoding, tiles in (("offset", 1), ("differential", 2)):
            geometry = Geometry(encoding=encoding, tiles=tiles)
            place = directory / f"{network.__name__}-{tiles}" / "tables"
            save(map_network(network(geometry), geometry), place)
    return [files_of(place) for place in sorted(directory.iterdir())]


def _engines(directory: Path) -> Sequence[Files]:
    """Tables, and ``names.json`` of an engine that takes them."""
    _tables(directory)
    made = []
    for place in sorted(directory.iterdir()):
        program = build_network_program(load(place / "tables"), capacity=Capacity())
        names = {"top": "engine", "memories": {}, "shape": shape_record(program.shape)}
        made.append({**files_of(place), "names.json": json.dumps(names).encode()})
    return made


def _repair(files: dict[str, bytes | Odd]) -> None:
    """Make the hashes right, where the manifest is still one."""
    try:
        manifest = json.loads(files["tables/manifest.json"])
        for layer in manifest["layers"]:
            content = files.get(f"tables/{layer['file']}", b"")
            if isinstance(content, Odd):
                continue
            layer["file_sha256"] = hashlib.sha256(content).hexdigest()
        manifest["sha256"] = hash_of_tables(manifest)
    except (AttributeError, ValueError, LookupError, TypeError, RecursionError):
        return
    files["tables/manifest.json"] = json.dumps(manifest).encode()


def _validate() -> None:
    command("validate", "tables")


def _explain() -> None:
    command("explain", "tables", "--layer", "conv", "--row", "3", "--col", "2")


def _load_image() -> None:
    command("load-image", "tables", "--for", "names.json", "-o", "out.bin")


SUBJECTS = (
    Subject(name="tables", originals=_tables, read=_validate, repair=_repair, share=3),
    Subject(name="tables, explained", originals=_tables, read=_explain, repair=_repair, share=2),
    Subject(
        name="tables for an engine",
        originals=_engines,
        read=_load_image,
        repair=_repair,
        results=("out.bin", ".ohmforge.out.bin"),
        share=2,
    ),
)
