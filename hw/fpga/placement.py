"""Placement: a netlist is placed and routed on a part, at a clock that must hold."""

import json
from dataclasses import dataclass
from pathlib import Path

from arch.errors import CheckFailed
from hw.fpga.family import ECP5, ICE40, Family
from hw.fpga.synthesis import NETLIST
from hw.fpga.tool import run_tool

__all__ = ["PARTS", "Hop", "Part", "Placement", "place", "read_report"]

_SEED = 1
_REPORT = "report.json"
_ASYNC = "<async>"
_NS = 1000
_PACKED = ("_DFFLC", "_LC")
"""What nextpnr adds to the name of a cell that it has packed with others."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part as nextpnr has it.

    Parameters
    ----------
    title : str
        What it is called.
    family : Family
        Its family.
    options : tuple of str
        Options of nextpnr: device, speed grade, package.
    """

    title: str
    family: Family
    options: tuple[str, ...]


def _ecp5(size, name):
    options = (f"--{size}", "--speed", "6", "--package", "CABGA381")
    return Part(title=f"LFE5U-{name}-6CABGA381", family=ECP5, options=options)


PARTS = {
    "up5k": Part(title="iCE40UP5K-SG48", family=ICE40, options=("--up5k", "--package", "sg48")),
    "12k": _ecp5("12k", "12F"),
    "25k": _ecp5("25k", "25F"),
    "45k": _ecp5("45k", "45F"),
    "85k": _ecp5("85k", "85F"),
}
"""Parts by size, without a board."""


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
    used, available : dict of str to int
        Cells of the part that are used, and that there are, by nextpnr's names.
    path : tuple of Hop
        The longest path from flip-flop to flip-flop.
    """

    part: str
    clock_mhz: float
    fmax_mhz: float
    used: dict
    available: dict
    path: tuple[Hop, ...]

    @property
    def holds(self):
        """Whether the clock that was asked for holds."""
        return self.fmax_mhz >= self.clock_mhz

    def hold(self):
        """Raise :exc:`arch.errors.CheckFailed` unless the clock that was asked for holds."""
        if not self.holds:
            ends = [f"{hop.component or 'the top'} ({hop.signal})" for hop in self.path]
            raise CheckFailed(
                f"{self.clock_mhz:g} MHz do not hold, {self.fmax_mhz:.1f} MHz do: "
                f"from {ends[0]} to {ends[-1]}"
            )


def place(synthesis, work, *, part=PARTS["85k"], clock_mhz=80.0, pins="", routed="", seed=_SEED):
    """Place and route the netlist that :mod:`hw.fpga.synthesis` left in ``work``.

    The same netlist and seed give the same result.

    Parameters
    ----------
    synthesis : hw.fpga.synthesis.Synthesis
        The netlist.
    work : Path
        Where it is, and where report and log go.
    part : Part
        What to place it on; of the family of the netlist.
    clock_mhz : float
        The clock that must hold, and that the placer works for.
    pins : str
        File of constraints in ``work``; without one every pin is placed anywhere.
    routed : str
        File in ``work`` that gets the routed design; none is written if empty.
    seed : int
        Decides where the placer begins.

    Raises
    ------
    :exc:`ValueError`
        If the clock is not positive, or the part of another family.
    :exc:`arch.errors.ToolError`
        If nextpnr is missing, or the netlist does not fit.
    """
    family = part.family
    if not clock_mhz > 0:  # nor what is no number
        raise ValueError(f"clock_mhz must be positive, not {clock_mhz}")
    if synthesis.family is not family:
        raise ValueError(f"the netlist is for {synthesis.family.name}, not for {part.title}")
    options = {"--freq": clock_mhz, "--seed": seed, "--json": NETLIST, "--report": _REPORT}
    if pins:
        options[family.pin_option] = pins
    if routed:
        options[family.route_option] = routed
    arguments = [*part.options, "-q", "--timing-allow-fail"]
    if not pins:
        arguments += family.free_pins
    for option, value in options.items():
        arguments += [option, str(value)]
    run_tool(f"yowasp-{family.nextpnr}", arguments, work)
    text = (Path(work) / _REPORT).read_text()
    return read_report(text, synthesis.netlist, part=part, clock_mhz=clock_mhz)


def read_report(text, netlist, *, part, clock_mhz):
    """Make a :class:`Placement` of nextpnr's report, with the components of ``netlist``.

    Raises
    ------
    :exc:`arch.errors.CheckFailed`
        If nextpnr has not looked at the clock: no flip-flop is between two others.
    """
    report = json.loads(text)
    if not report["fmax"]:
        raise CheckFailed("there is no path from flip-flop to flip-flop")
    clock = min(report["fmax"], key=lambda name: report["fmax"][name]["achieved"])
    fmax, path = report["fmax"][clock]["achieved"], _between(report, clock, clock)
    through = _through_multipliers(report, clock)
    if through and (split := _NS / (_delay(through) + part.family.multiplier_ns)) < fmax:
        fmax, path = split, through
    cells = {name: report["utilization"][name] for name in part.family.used}
    return Placement(
        part=part.title,
        clock_mhz=clock_mhz,
        fmax_mhz=fmax,
        used={name: cell["used"] for name, cell in cells.items()},
        available={name: cell["available"] for name, cell in cells.items()},
        path=tuple(_hops(path, netlist)),
    )


def _between(report, first, last):
    """The pieces of the longest path from one clock to another; none if there is none."""
    for path in report["critical_paths"]:
        if path["from"] == f"posedge {first}" and path["to"] == f"posedge {last}":
            return path["path"]
    return []


def _through_multipliers(report, clock):
    """The longest path into multipliers, and out of them again, that nextpnr has split there.

    A multiplier without registers has a constant for a clock, so that its inputs end paths and its
    outputs begin others. Both halves are the longest, so no path is longer than the two of them.
    """
    begins = [f"posedge {clock}", _ASYNC]
    others = {
        path["to"].removeprefix("posedge ")
        for path in report["critical_paths"]
        if path["to"] not in begins and path["to"].removeprefix("posedge ") not in report["fmax"]
    }
    joined = [_between(report, clock, other) + _between(report, other, clock) for other in others]
    return max(joined, key=_delay, default=[])


def _delay(path):
    return sum(piece["delay"] for piece in path)


def _hops(path, netlist):
    """Join what follows each other in one component."""
    hops = []
    for piece in path:
        cell = piece["to"]["cell"]
        for suffix in _PACKED:
            cell = cell.removesuffix(suffix)
        component = netlist.component(cell)
        if not hops or hops[-1]["component"] != component:
            signal = netlist.signal(cell)
            hops.append({"component": component, "signal": signal, "cells": 0})
            hops[-1] |= {"logic": 0.0, "routing": 0.0}
        kind = "routing" if piece["type"] == "routing" else "logic"
        hops[-1][kind] += piece["delay"]
        hops[-1]["cells"] += piece["type"] in ("logic", "clk-to-q")
    return [Hop(**hop) for hop in hops]
