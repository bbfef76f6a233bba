"""Netlist: the cells that synthesis made, by component, and what must not be among them."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from hw.fpga.pin_wrapper import ENGINE, WRAPPER

__all__ = ["BlockSize", "Netlist"]

_LUTS = {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4}
"""Look-up tables that a cell takes: as logic, as two bits of a carry chain, as memory."""
_COMBINATIONAL = ("LUT4", "PFUMX", "L6MUX21", "CCU2C", "MULT18X18D")
_FED = re.compile(r".*?_TRELLIS_FF_Q(?:_\d+)?")  # a cell is named after the flip-flop it feeds
_CELL = re.compile(r"_(?:TRELLIS_FF|LUT4|PFUMX|L6MUX21|CCU2C|DP16KD|MULT18X18D|DO|DI)")
OUTSIDE = "(wrapper)"
"""Component of what is outside the engine."""


@dataclass(frozen=True, kw_only=True)
class BlockSize:
    """What a component takes.

    Parameters
    ----------
    name : str
        Path of the component in the engine; empty for the engine itself.
    luts : int
        Look-up tables of four inputs; of them ``memory_luts`` are memory.
    flip_flops, block_rams, multipliers : int
        Cells of these kinds.
    """

    name: str
    luts: int
    memory_luts: int
    flip_flops: int
    block_rams: int
    multipliers: int


class Netlist:
    """A flat netlist as Yosys writes it.

    Names of cells come from the nets next to them, so a cell belongs to the component that drives
    the nearest net with a name of its own. Logic between two components can be counted for either.

    Parameters
    ----------
    text : str
        The netlist: JSON of Yosys.
    inputs : iterable of str
        Input ports of all modules before they were made flat, ``MODULE/PORT``.
    top : str
        Name of the module of the engine.
    """

    def __init__(self, text, *, inputs=(), top=""):
        self._module = json.loads(text)["modules"][WRAPPER]
        self._inputs = {
            ENGINE + line.removeprefix(top).replace("/", ".")
            for line in inputs
            if line.startswith((f"{top}.", f"{top}/"))
        }
        self._cells = {
            name: cell
            for name, cell in self._module["cells"].items()
            if cell["type"] != "$scopeinfo"
        }
        self._scopes = {
            name for name, cell in self._module["cells"].items() if cell["type"] == "$scopeinfo"
        }

    def count(self, kind):
        """Cells of a kind."""
        return sum(cell["type"] == kind for cell in self._cells.values())

    def blocks(self):
        """:class:`BlockSize` of every component that has cells, by name."""
        found = {}
        for name, cell in self._cells.items():
            found.setdefault(self.component(name), Counter())[cell["type"]] += 1
        return [_size(name, found[name]) for name in sorted(found)]

    def total(self):
        """:class:`BlockSize` of the whole engine, without the wrapper."""
        kinds = Counter(
            cell["type"] for name, cell in self._cells.items() if self.component(name) != OUTSIDE
        )
        return _size("", kinds)

    def component(self, name):
        """Path of the component of a cell or a net; :data:`OUTSIDE` if it is not in the engine."""
        return self._components.get(name) or self._path(self._scope(name))

    def signal(self, name):
        """Name of the nearest net of a cell, without its component."""
        return _CELL.split(name.removeprefix(f"{self._scope(name)}."))[0]

    def memory_cells(self, memory):
        """Kinds of the cells that a memory, given with its path, became, and how many."""
        return Counter(
            cell["type"] for name, cell in self._cells.items() if name.startswith(f"{memory}.")
        )

    def loops(self):
        """Cells of a combinational loop; empty if there is none."""
        drivers = {
            bit: name
            for name, cell in self._cells.items()
            if cell["type"] in _COMBINATIONAL
            for bit in self._bits(cell, "output")
        }
        sorter = TopologicalSorter(
            {
                name: {drivers[bit] for bit in self._bits(cell, "input") if bit in drivers}
                for name, cell in self._cells.items()
                if cell["type"] in _COMBINATIONAL
            }
        )
        try:
            sorter.prepare()
        except CycleError as error:
            return error.args[1]
        return []

    @staticmethod
    def _bits(cell, direction):
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == direction:
                yield from (bit for bit in bits if isinstance(bit, int))

    @cached_property
    def _components(self):
        """Component of each cell whose output has a name, and of each name."""
        scopes = {}  # of each bit: the innermost component that may drive it
        for name, net in self._module["netnames"].items():
            scope = self._scope(name)
            port = re.match(r"[^.[]*", name.removeprefix(f"{scope}."))[0]  # or a part of it
            if net.get("hide_name") or f"{scope}.{port}" in self._inputs:
                continue
            for bit in net["bits"]:
                if isinstance(bit, int) and scope.count(".") >= scopes.get(bit, "").count("."):
                    scopes[bit] = scope
        components = {
            name: self._path(scopes.get(cell["connections"]["Q"][0], self._scope(name)))
            for name, cell in self._cells.items()
            if cell["type"] == "TRELLIS_FF"
        }
        for name in self._cells:
            fed = _FED.match(name)
            if fed is not None and fed[0] in components:
                components[name] = components[fed[0]]
        return components

    def _scope(self, name):
        """The component in whose scope a name is."""
        while name and name not in self._scopes:
            name = name.rpartition(".")[0]
        return name

    @staticmethod
    def _path(scope):
        if not scope.startswith(ENGINE):
            return OUTSIDE
        return scope.removeprefix(ENGINE).removeprefix(".")


def _size(name, kinds):
    return BlockSize(
        name=name,
        luts=sum(count * kinds[kind] for kind, count in _LUTS.items()),
        memory_luts=_LUTS["TRELLIS_DPR16X4"] * kinds["TRELLIS_DPR16X4"],
        flip_flops=kinds["TRELLIS_FF"],
        block_rams=kinds["DP16KD"],
        multipliers=kinds["MULT18X18D"],
    )
