"""What a bitstream takes of its part, as JSON and as tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from arch.link_build import link_build
from arch.link_shape import LinkShape
from arch.network_program import NetworkProgram
from hw.fpga.board_clock import BoardClock
from hw.fpga.boards import Board
from hw.fpga.device import Device

__all__ = ["fpga_lines", "fpga_report", "fpga_tables"]

_COLUMNS = {
    "luts": "LUT4",
    "memory_luts": "of them memory",
    "flip_flops": "flip-flops",
    "block_rams": "block RAM",
    "multipliers": "multipliers",
}


def fpga_report(
    program: NetworkProgram,
    link: LinkShape,
    board: Board,
    clock: BoardClock,
    device: Device,
    *,
    name: str,
    seed: int,
) -> dict[str, Any]:
    """Everything that is known of a bitstream; the same arguments give the same."""
    placement, netlist = device.placement, device.synthesis.netlist
    return {
        "board": name,
        "title": board.title,
        "part": placement.part,
        "tables_sha256": "" if program.shape.engine.loadable else program.tables_sha256,
        "tables": "loadable" if program.shape.engine.loadable else "baked",
        "build": link_build(program, link),
        "link": asdict(link),
        "clock": {
            "mhz": placement.clock_mhz,
            "input_mhz": float(board.input_mhz),
            "pll": None if clock.pll is None else _settings(clock.pll),
            "fmax_mhz": placement.fmax_mhz,
            "holds": placement.holds,
            "seed": seed,
        },
        "used": {
            cell: {"used": used, "available": placement.available[cell]}
            for cell, used in placement.used.items()
        },
        "blocks": [asdict(block) for block in netlist.blocks()],
        "total": asdict(netlist.total()),
        "memories": [asdict(memory) for memory in device.synthesis.memories],
        "critical_path": [asdict(hop) for hop in placement.path],
        "bitstream": None
        if device.bitstream is None
        else {
            "file": device.bitstream.name,
            "bytes": device.bitstream.stat().st_size,
            "sha256": device.sha256,
        },
    }


def _settings(pll: Any) -> dict[str, Any]:
    settings = {key: value for key, value in asdict(pll).items() if key != "input_mhz"}
    return settings | {"oscillator_mhz": float(pll.oscillator_mhz)}


def fpga_tables(report: Mapping[str, Any]) -> Iterator[Table]:
    """The tables of a report: components, and the critical path."""
    blocks = Table(title="by component", title_justify="left")
    blocks.add_column("component")
    for title in _COLUMNS.values():
        blocks.add_column(title, justify="right")
    for block in (*report["blocks"], report["total"]):
        name = block["name"] or ("all" if block is report["total"] else "(top)")
        blocks.add_row(name, *(f"{block[key]:,}" for key in _COLUMNS))
    yield blocks
    yield _path(report["critical_path"])


def _path(hops: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title="critical path", title_justify="left")
    for column in ("component", "signal", "cells", "logic ns", "routing ns"):
        table.add_column(column, justify="left" if column in ("component", "signal") else "right")
    for hop in hops:
        delays = (f"{hop['logic']:.2f}", f"{hop['routing']:.2f}")
        table.add_row(hop["component"] or "(top)", hop["signal"], str(hop["cells"]), *delays)
    return table


def fpga_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """What stands below the tables."""
    clock, link = report["clock"], report["link"]
    used = ", ".join(
        f"{cells['used']:,} of {cells['available']:,} {name}"
        for name, cells in report["used"].items()
    )
    yield f"{report['title']} ({report['part']}): {used}"
    yield (
        f"clock {clock['mhz']:g} MHz holds ({clock['fmax_mhz']:.1f} MHz reached), "
        f"{link['baud']:,} baud, tables {report['tables']}"
    )
    bitstream = report["bitstream"]
    yield f"{bitstream['file']}: {bitstream['bytes']:,} bytes, SHA-256 {bitstream['sha256']}"
