"""Designs: what is written as Verilog, and what is said of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from arch.network_shape import BUILD_OPTIONS
from arch.program import Program, tile_name
from arch.registers import ENGINE_MAP, REGISTERS
from arch.shape_record import shape_record
from arch.systemrdl import systemrdl
from hw.engine_names import register_names
from hw.layer_engine import LayerEngine

__all__ = [
    "HEADER",
    "LOAD_IMAGE",
    "NETWORK_TOP",
    "TOP",
    "Design",
    "layer_design",
    "network_design",
]

TOP = "layer_engine"
"""Name of the top module of a layer engine, and of its files."""
NETWORK_TOP = "network_engine"
"""Name of the top module of a network engine, and of its files."""
LOAD_IMAGE = "tables.bin"
"""File of the tables that a network engine loads, see :mod:`arch.load_image`."""

HEADER = Path(__file__).with_name("registers.h")
"""The registers of a network engine for C, as :mod:`hw.register_export` wrote it."""

_HOMES = {"layer": ("control", "layers"), "channel": ("output", "channels")}
_TILE_HOMES = {
    "index": ("index_fetch", "index"),
    "cells": ("crossbar", "cells"),
    "slot": ("crossbar", "slots"),
}
_PARTS = ("geometry", "macro")
"""Fields of the sizes of an engine that have sizes of their own."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """An engine, what its files are called, and what the header and ``names.json`` say of it.

    Parameters
    ----------
    top, title : str
        Module and name of the engine.
    engine : Component
        What becomes Verilog.
    parts : tuple of str
        Lines of the header that say what it runs.
    sizes, names, others : mapping
        What the header and ``names.json`` say besides; other files by name.
    layers : tuple of str
        Names of the layers.
    homes : mapping
        Path of the module, below the top, and array of each memory by name.
    layer_program : :class:`arch.program.Program`
        What its layer engine runs.
    layer_engine : str
        Path of that.
    origin : str
        Where the tables come from.
    loadable : bool
        Whether they are loaded.
    """

    top: str
    title: str
    engine: object
    parts: tuple[str, ...]
    sizes: Mapping[str, object]
    layers: tuple[str, ...]
    homes: Mapping[str, tuple[str, str]]
    names: Mapping[str, object]
    layer_program: Program
    layer_engine: str
    others: Mapping[str, str]
    origin: str
    loadable: bool


def _homes(tiles):
    """Module and array of every memory of a layer engine of so many tiles."""
    return _HOMES | {
        tile_name(name, tile, tiles): (f"tile{tile}.{module}", array)
        for tile in range(tiles)
        for name, (module, array) in _TILE_HOMES.items()
    }


def layer_design(program):
    """The design of a layer engine."""
    return Design(
        top=TOP,
        title="Layer engine",
        engine=LayerEngine(program),
        parts=tuple(f"layer {number}: {name}" for number, name in enumerate(program.names)),
        sizes=_sizes(program.shape),
        layers=program.names,
        homes=_homes(program.shape.tiles),
        names={},
        layer_program=program,
        layer_engine=TOP,
        others={},
        **_origin(program),
    )


def network_design(program, core):
    """The design of a network engine in the place of ``core``."""
    steps = program.steps
    sizes = {name: value for name, value in vars(program.shape).items() if name != "engine"}
    inside = {
        name: (f"{core.inside}engine.layers.{module}", array)
        for name, (module, array) in _homes(program.shape.engine.tiles).items()
    }
    return Design(
        top=core.top,
        title="Network engine",
        engine=core.engine,
        parts=tuple(f"step {n}: {step.kind} {step.name}" for n, step in enumerate(steps)),
        sizes=_sizes(program.shape.engine) | sizes,
        layers=program.layers.names,
        homes={"step": (f"{core.inside}engine.control", "steps")} | inside,
        names={name: getattr(program.shape, name) for name in BUILD_OPTIONS}
        | {
            "steps": [
                {"name": step.name, "kind": step.kind, "at": step.result.at}
                | {"shape": list(step.result.shape)}
                for step in steps
            ],
            "registers": {register.name: register_names(register) for register in REGISTERS},
            **_load_names(program.shape),
        },
        layer_program=program.layers,
        layer_engine=f"{core.top}.{core.inside}engine.layers",
        others={"registers.rdl": systemrdl(ENGINE_MAP), HEADER.name: HEADER.read_text()},
        **_origin(program.layers),
    )


def _origin(layers):
    """What an engine says of its tables: those it has, or that it takes any that fit."""
    if layers.shape.loadable:
        return {"origin": "for tables that are loaded at run time", "loadable": True}
    tables = layers.tables_sha256 or "without a hash"
    return {"origin": f"from mapping tables {tables}", "loadable": False}


def _load_names(shape):
    if not shape.engine.loadable:
        return {}
    return {"load_image": LOAD_IMAGE, "shape": shape_record(shape)}


def _sizes(shape):
    geometry = {f"geometry.{name}": value for name, value in shape.geometry.to_dict().items()}
    sizes = {name: value for name, value in vars(shape).items() if name not in _PARTS}
    if not sizes["loadable"]:  # it says all that there is to say
        del sizes["loadable"]
    if shape.macro is not None:
        sizes |= {f"macro.{name}": getattr(shape.macro, name) for name in ("crossbars", "latency")}
    return geometry | sizes
