"""Netlist: the cells that synthesis made, by component, and what must not be among them."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from hw.fpga.family import ECP5
from hw.fpga.pin_wrapper import ENGINE, WRAPPER

__all__ = ["BlockSize", "Netlist"]

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
    family : hw.fpga.family.Family
        What the netlist is for.
    wrapper, engine : str
        Name of the module around the engine, and of the engine in it.
    """

    def __init__(self, text, *, inputs=(), top="", family=ECP5, wrapper=WRAPPER, engine=ENGINE):
        self._module = json.loads(text)["modules"][wrapper]
        self._family = family
        self._engine = engine
        self._inputs = {
            engine + line.removeprefix(top).replace("/", ".")
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
        return [self._size(name, found[name]) for name in sorted(found)]

    def total(self):
        """:class:`BlockSize` of the whole engine, without the wrapper."""
        kinds = Counter(
            cell["type"] for name, cell in self._cells.items() if self.component(name) != OUTSIDE
        )
        return self._size("", kinds)

    def logic_cells(self):
        """Places for look-up tables that are taken, the wrapper included, at least.

        In a family whose flip-flops have no inputs of their own, one that is not fed by a look-up
        table of its own takes a whole place.
        """
        kinds = Counter(cell["type"] for cell in self._cells.values())
        luts = self._size("", kinds).luts
        if not self._family.shared:
            return luts
        loads = Counter(bit for cell in self._cells.values() for bit in self._bits(cell, "input"))
        fed = {
            bit
            for cell in self._cells.values()
            if cell["type"] in self._family.luts
            for bit in self._bits(cell, "output")
        }
        alone = sum(
            cell["type"] in self._family.flip_flops
            and not (cell["connections"]["D"][0] in fed and loads[cell["connections"]["D"][0]] == 1)
            for cell in self._cells.values()
        )
        return luts + alone

    def component(self, name):
        """Path of the component of a cell or a net; :data:`OUTSIDE` if it is not in the engine."""
        return self._components.get(name) or self._path(self._scope(name))

    def signal(self, name):
        """Name of the nearest net of a cell, without its component."""
        return self._family.cell.split(name.removeprefix(f"{self._scope(name)}."))[0]

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
            if cell["type"] in self._family.combinational
            for bit in self._bits(cell, "output")
        }
        sorter = TopologicalSorter(
            {
                name: {drivers[bit] for bit in self._bits(cell, "input") if bit in drivers}
                for name, cell in self._cells.items()
                if cell["type"] in self._family.combinational
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
            if cell["type"] in self._family.flip_flops
        }
        for name in self._cells:
            fed = self._family.fed.match(name)
            if fed is not None and fed[0] in components:
                components[name] = components[fed[0]]
        return components

    def _scope(self, name):
        """The component in whose scope a name is."""
        while name and name not in self._scopes:
            name = name.rpartition(".")[0]
        return name

    def _path(self, scope):
        if scope != self._engine and not scope.startswith(f"{self._engine}."):
            return OUTSIDE
        return scope.removeprefix(self._engine).removeprefix(".")

    def _size(self, name, kinds):
        family = self._family
        return BlockSize(
            name=name,
            luts=sum(count * kinds[kind] for kind, count in family.luts.items()),
            memory_luts=family.luts.get(family.memory, 0) * kinds[family.memory],
            flip_flops=sum(kinds[kind] for kind in family.flip_flops),
            block_rams=kinds[family.block_ram],
            multipliers=kinds[family.multiplier],
        )
