"""Write a network engine with its host link as Verilog."""

import json
from dataclasses import replace

from arch.link_build import link_build
from arch.link_record import link_record
from arch.link_registers import LINK_BASE, LINK_MAP, TRACE_BASE
from arch.link_shape import LinkShape
from arch.load_image import load_image
from arch.network_program import NetworkProgram
from hw.core import Core
from hw.design import LOAD_IMAGE, network_design
from hw.emit import emit_design
from hw.engine_names import register_names
from hw.link.link_top import LinkTop

__all__ = ["LINK_FILE", "LINK_TOP", "emit_link", "write_link"]

LINK_TOP = "link_engine"
"""Name of the top module of an engine with a link, and of its files."""
LINK_FILE = "link.json"
"""File of the sizes of a link, see :mod:`arch.link_record`."""


def emit_link(program, link, *, board=""):
    """Generate the files of the engine that runs ``program``, with a host link.

    The same arguments give the same bytes, wherever and whenever it is generated; with tables that
    are loaded, the Verilog depends on the shape alone.

    Parameters
    ----------
    program : :class:`arch.network_program.NetworkProgram`
        Of the network engine.
    link : :class:`arch.link_shape.LinkShape`
        Sizes of the link; ``build`` is set here.
    board : str
        What it is for.

    Returns
    -------
    :class:`hw.emit.EmittedFiles`
        What :func:`hw.emit.emit` gives, of :data:`LINK_TOP`, and :data:`LINK_FILE`. ``names.json``
        has the key ``link`` with the addresses of the bus and the registers of the link.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, see :class:`hw.link.link_top.LinkTop`.
    :exc:`arch.errors.ToolError`
        If Yosys, which writes the Verilog, is missing.
    """
    if isinstance(program, NetworkProgram) and isinstance(link, LinkShape):
        link = replace(link, build=link_build(program, link))
    core = Core(top=LINK_TOP, engine=LinkTop(program, link), inside="engine.")
    design = network_design(program, core)
    record = link_record(link, board=board)
    sizes = {f"link.{name}": value for name, value in record.items() if value != ""}
    return emit_design(
        replace(
            design,
            title="Network engine with a host link",
            sizes=dict(design.sizes) | sizes,
            names=dict(design.names) | {"link": _names()},
            others=dict(design.others) | {LINK_FILE: json.dumps(record, indent=2) + "\n"},
        ),
        program,
    )


def write_link(program, link, directory, *, board=""):
    """Write what :func:`emit_link` gives into ``directory``, which must exist, and return it.

    Beside it lies :data:`hw.emit.LOAD_IMAGE` if the engine loads its tables.
    """
    files = emit_link(program, link, board=board)
    for name, text in files.items():
        (directory / name).write_text(text)
    if program.shape.engine.loadable:
        (directory / LOAD_IMAGE).write_bytes(load_image(program))
    return files


def _names():
    """What ``names.json`` says of the link."""
    return {
        "addresses": {"engine": 0, "link": LINK_BASE, "trace": TRACE_BASE},
        "registers": {each.name: register_names(each) for each in LINK_MAP.registers},
    }
