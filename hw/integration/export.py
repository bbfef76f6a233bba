"""Export: a network engine as a directory that fits into other flows."""

import json
import re
from dataclasses import dataclass, field
from importlib import metadata

from arch.load_image import load_image
from hw.axi.axi_top import AxiTop
from hw.core import Core
from hw.emit import HEADER, LOAD_IMAGE, emit
from hw.engine_names import port_names, register_names
from hw.integration.constraints import constraint_files
from hw.integration.fusesoc_core import fusesoc_core
from hw.integration.readme import readme
from hw.integration.reset_input import ResetInput
from hw.integration.wrapper import TOPS, Wrapper
from hw.network_top import NetworkTop
from hw.register_export import DEVICES
from hw.register_export import export as export_registers
from hw.waivers import waiver_file

__all__ = ["ExportOptions", "export"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RESERVED = """
    always and assign automatic begin bit bool buf byte case cell class config cover crossbar_macro
    design do edge else end endmodule enum event final for force function generate genvar if import
    initial inout input instance int integer interface join library local logic module nand new nor
    not null or output package parameter posedge negedge primitive program property pulldown pullup
    rand real reg release repeat scalared signed soft specify static string struct super table task
    this time tran tri type union unsigned use var vectored void wait wand weak while wire with wor
    xnor xor
"""
"""Words of Verilog and SystemVerilog that fit :data:`_NAME`, and the module that is not ours."""


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What an export is to be.

    Parameters
    ----------
    top : str
        One of :data:`hw.integration.wrapper.TOPS`.
    name : str
        Name of the top module and of the files; every module's name begins with it.
    reset : ResetInput
        The reset that it takes.
    stream_bytes : int
        Bytes of a transfer of images, of an AXI top: 1 or 4.
    clock_mhz : float
        The clock in the constraints.

    Raises
    ------
    ValueError
        If one of them cannot be.
    """

    top: str = "axi"
    name: str = "ohmforge"
    reset: ResetInput = field(default_factory=ResetInput)
    stream_bytes: int = 1
    clock_mhz: float = 50.0

    def __post_init__(self):
        if self.top not in TOPS:
            raise ValueError(f"the top must be one of {', '.join(TOPS)}, not {self.top!r}")
        if not _NAME.fullmatch(self.name) or self.name in _RESERVED.split():
            raise ValueError(
                f"{self.name!r} cannot name a module: take small letters, digits and _, a letter "
                "first, and no word of Verilog"
            )
        if self.stream_bytes not in (1, 4):
            raise ValueError(f"a transfer of images has 1 or 4 bytes, not {self.stream_bytes}")
        if self.top == "native" and self.stream_bytes != 1:
            raise ValueError("the native top takes images byte by byte: only axi has wider ones")
        if not 0 < self.clock_mhz <= 1000:
            raise ValueError(f"a clock of {self.clock_mhz:g} MHz is none: give 1 to 1000")


def export(program, directory, options):
    """Write an export into a directory that exists and is empty; the same bytes every time.

    Parameters
    ----------
    program : :class:`arch.network_program.NetworkProgram`
        Sizes and memory contents.
    directory : Path
        Where to.
    options : ExportOptions
        What.

    Returns
    -------
    Wrapper
        The top.

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If Yosys, which writes the Verilog, is missing.
    """
    core = f"{options.name}_core"
    if options.top == "axi":
        engine, inside = AxiTop(program, stream_bytes=options.stream_bytes), "network."
    else:
        engine, inside = NetworkTop(program), ""
    files = emit(program, core=Core(top=core, engine=engine, inside=inside))
    wrapper = Wrapper(
        name=options.name, top=options.top, ports=port_names(engine), reset=options.reset
    )
    rtl = _rtl(files, wrapper, options)
    if program.shape.engine.loadable:
        rtl[LOAD_IMAGE] = load_image(program)
    constraints = constraint_files(wrapper, clock_mhz=options.clock_mhz)
    written = {f"rtl/{name}": text for name, text in rtl.items()}
    written |= {f"constraints/{name}": text for name, text in constraints.items()}
    description = next(iter(files[f"{core}.v"].splitlines())).removeprefix("// ")
    vlnv = f"ohmforge:generated:{options.name}:{metadata.version('ohmforge')}"
    filesets = _filesets(rtl, constraints, options.name)
    written[f"{options.name}.core"] = fusesoc_core(
        wrapper, vlnv=vlnv, description=description, files=filesets
    )
    written["README.md"] = readme(wrapper, names=json.loads(rtl["names.json"]), vlnv=vlnv)
    for name, text in written.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    export_registers(directory / "registers", DEVICES[options.top])
    return wrapper


def _rtl(files, wrapper, options):
    """What :func:`hw.emit.emit` gives, with the wrapper before the core, and its names."""
    core = wrapper.core
    head, modules = re.match(r"((?://.*\n)*)(.*)", files[f"{core}.v"], re.S).groups()
    names = json.loads(files["names.json"])
    names |= {
        "top": wrapper.name,
        "clock": wrapper.clock,
        "reset": {
            "name": wrapper.reset_name,
            "kind": f"{options.reset.kind}hronous",
            "active": options.reset.polarity,
        },
        "ports": {port.name: names["ports"][port.inner] for port in wrapper.ports if port.inner},
    }
    if options.top == "axi":
        for base, registers in list(DEVICES["axi"].items())[1:]:
            names[registers.name] = {
                "base": base,
                "registers": {each.name: register_names(each) for each in registers.registers},
            }
    left = {
        name: text
        for name, text in files.items()
        if name not in (f"{core}.v", f"{core}.vlt", "names.json", "registers.rdl", HEADER.name)
    }
    return {
        f"{wrapper.name}.v": f"{head}\n{wrapper.verilog()}\n{modules}",
        f"{wrapper.name}.vlt": waiver_file(f"{wrapper.name}.v"),
        "names.json": json.dumps(names, indent=2) + "\n",
        **left,
    }


def _filesets(rtl, constraints, name):
    """Paths for the core file."""
    cells = [file for file in rtl if file.startswith("crossbars") and file.endswith(".mem")]
    return {
        "rtl": [f"rtl/{name}.v"],
        "waivers": [f"rtl/{name}.vlt"],
        "model": [f"rtl/{file}" for file in rtl if file == "crossbar_macro.v"],
        "cells": [f"rtl/{file}" for file in cells],
        **{file.rpartition(".")[2]: [f"constraints/{file}"] for file in constraints},
    }
