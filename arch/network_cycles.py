"""Cycles that a network engine takes, and what they are used for; exact when neither stream stalls.

The cycles are a closed form; why a layer idles follows from its positions, one after the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from arch.cycles import layer_cycles
from arch.idle_cycles import layer_idle
from arch.network_program import NetworkProgram
from arch.network_step import Step
from arch.tables import MappingTables

__all__ = ["NetworkCycles", "StepCycles", "network_cycles"]

_BETWEEN = 2
"""Cycles from the end of a step to the start of the next, beside one a word: reading the first
word, and the start."""
_STORE = 1
"""Cycles from the last result to the end of its step."""
_WINDOW = 1
"""Cycles that the beats of a window come later than beats from outside, beside those that take
longer to read than one beat a cycle."""
_OPERATION = 7
"""Cycles from the last element of an operation to its result: read, operate."""


@dataclass(frozen=True, kw_only=True)
class StepCycles:
    """Work of one step, in cycles.

    Parameters
    ----------
    name : str
        What it computes, see :class:`arch.network_program.Step`.
    cycles : int
        Cycles from the end of the step before to its own.
    planes : int
        Planes issued: the cycles in which an OU works.
    idle : mapping of str to int
        The other cycles by cause, those of :data:`arch.registers.IDLE_CAUSES`; a cause that is left
        out has none.
    """

    name: str
    cycles: int
    planes: int
    idle: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class NetworkCycles:
    """Work of one image."""

    steps: tuple[StepCycles, ...]

    @property
    def total(self) -> int:
        """Cycles from the end of an image to the end of the next."""
        return sum(step.cycles for step in self.steps)

    @property
    def planes(self) -> int:
        """Planes of all layers."""
        return sum(step.planes for step in self.steps)

    def idle(self, cause: str) -> int:
        """Cycles without a plane for one of :data:`arch.registers.IDLE_CAUSES`."""
        return sum(step.idle.get(cause, 0) for step in self.steps)

    @property
    def utilisation(self) -> float:
        """Share of the cycles in which an OU works."""
        return self.planes / self.total


def network_cycles(tables: MappingTables, program: NetworkProgram) -> NetworkCycles:
    """Cycles of one image on the engine that runs ``program``.

    The first image after a reset takes longer if the accumulators are not cleared by then.

    Parameters
    ----------
    tables : MappingTables
        The tables that the program was made from.
    """
    return NetworkCycles(steps=tuple(_step(step, tables, program) for step in program.steps))


def _step(step: Step, tables: MappingTables, program: NetworkProgram) -> StepCycles:
    shape = program.shape
    between = shape.step_words + _BETWEEN
    planes = 0
    if step.walk is None:
        work = step.result.size
        idle = {"load": work + _STORE}
    else:
        beat = shape.engine.geometry.ou_rows
        window = step.walk.window_runs(lanes=shape.lanes, beat=beat)
        if step.kind == "layer":
            layer = layer_cycles(tables.layer(step.name), shape.engine, positions=step.walk.windows)
            layer = replace(layer, load=window)
            work, planes = layer.total + _WINDOW, layer.planes
            idle = layer_idle(layer, late=_WINDOW)
            idle["output"] += _STORE
        else:
            work = window * step.walk.windows + _OPERATION
            idle = {"operation": work + _STORE}
    return StepCycles(
        name=step.name,
        cycles=between + work + _STORE,
        planes=planes,
        idle={"steps": between} | idle,
    )
