"""Cycles that a network engine takes, and what they are used for; exact when neither stream stalls.

The cycles are a closed form unless planes are skipped; then, and why a layer idles, follows from
its positions, one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from arch.cycles import LayerCycles, counted_cycles, layer_cycles
from arch.idle_cycles import layer_idle
from arch.layer import LayerSpec
from arch.network_program import NetworkProgram
from arch.network_shape import NetworkShape
from arch.network_step import Step
from arch.skipping_cycles import work_of_layer
from arch.tables import MappingTables

__all__ = [
    "BETWEEN",
    "WINDOW",
    "NetworkCycles",
    "StepCycles",
    "counted_network_cycles",
    "image_cycles",
    "network_cycles",
]

BETWEEN = 3
"""Cycles from the end of a step to the start of the next, beside one a word: reading the first
word, the check, and the start."""
_STORE = 1
"""Cycles from the last result to the end of its step."""
WINDOW = 3
"""Cycles that the beats of a window come later than beats from outside, beside those that take
longer to read than one beat a cycle."""
_OPERATION = 10
"""Cycles from the last element of an operation to its result: walk, queue, read, operate."""


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
        Planes issued, of all tiles: the cycles in which an OU works.
    skipped : int
        Planes without a one that are not issued.
    idle : mapping of str to int
        The other cycles of all tiles by cause, those of :data:`arch.registers.IDLE_CAUSES`; a cause
        that is left out has none.
    """

    name: str
    cycles: int
    planes: int
    skipped: int = 0
    idle: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class NetworkCycles:
    """Work of one image, on so many tiles."""

    steps: tuple[StepCycles, ...]
    tiles: int = 1

    @property
    def total(self) -> int:
        """Cycles from the end of an image to the end of the next."""
        return sum(step.cycles for step in self.steps)

    @property
    def planes(self) -> int:
        """Planes of all layers."""
        return sum(step.planes for step in self.steps)

    @property
    def skipped(self) -> int:
        """Planes of all layers that are not issued, as they have no one."""
        return sum(step.skipped for step in self.steps)

    def idle(self, cause: str) -> int:
        """Cycles of all tiles without a plane for one of :data:`arch.registers.IDLE_CAUSES`."""
        return sum(step.idle.get(cause, 0) for step in self.steps)

    @property
    def utilisation(self) -> float:
        """Share of the cycles of all tiles in which an OU works."""
        return self.planes / (self.total * self.tiles)

    def to_dict(self) -> dict[str, Any]:
        """Every field by name, as the report has them; causes without cycles are left out."""
        return {
            "tiles": self.tiles,
            "steps": [
                asdict(step) | {"idle": {cause: n for cause, n in step.idle.items() if n}}
                for step in self.steps
            ],
        }


def network_cycles(tables: MappingTables, program: NetworkProgram) -> NetworkCycles:
    """Cycles of one image on the engine that runs ``program``, if it issues every plane.

    Closed form. The first image after a reset takes longer if the accumulators are not cleared by
    then. An engine that skips planes takes fewer cycles, see :func:`image_cycles`.

    Parameters
    ----------
    tables : MappingTables
        The tables that the program was made from.
    """
    return NetworkCycles(
        steps=tuple(_step(step, tables, program) for step in program.steps),
        tiles=program.shape.engine.tiles,
    )


def counted_network_cycles(
    steps: Sequence[Step], shape: NetworkShape, ous: Mapping[str, int]
) -> NetworkCycles:
    """As :func:`network_cycles`, of a network of which only numbers of OUs are known.

    Parameters
    ----------
    steps : sequence of Step
        Its steps, see :func:`arch.network_program.plan_steps`.
    shape : NetworkShape
        The engine.
    ous : mapping of str to int
        OUs of each layer.
    """
    engine = shape.engine
    layers = {
        step.name: replace(
            counted_cycles(
                rows=step.spec.rows,
                cols=step.spec.cols,
                ous=ous[step.name],
                positions=step.spec.positions,
                geometry=engine.geometry,
                fetch_steps=engine.fetch_steps,
                conversion=engine.conversion,
            ),
            queue=int(engine.skip_zero_planes),
        )
        for step in steps
        if isinstance(step.spec, LayerSpec)
    }
    return NetworkCycles(
        steps=tuple(_every_plane(step, shape, layers.get(step.name)) for step in steps),
        tiles=engine.tiles,
    )


def image_cycles(
    tables: MappingTables, program: NetworkProgram, windows: Mapping[str, np.ndarray]
) -> NetworkCycles:
    """Cycles of a certain image on the engine that runs ``program``.

    Parameters
    ----------
    tables : MappingTables
        The tables that the program was made from.
    windows : mapping of str to int array, shape (P, R)
        Inputs of all output positions of each layer.
    """
    if not program.shape.engine.skip_zero_planes:
        return network_cycles(tables, program)
    return NetworkCycles(
        steps=tuple(_step(step, tables, program, windows.get(step.name)) for step in program.steps),
        tiles=program.shape.engine.tiles,
    )


def _step(
    step: Step, tables: MappingTables, program: NetworkProgram, windows: np.ndarray | None = None
) -> StepCycles:
    shape = program.shape
    if step.walk is None or step.kind != "layer":
        return _every_plane(step, shape, None)
    table = tables.layer(step.name)
    every = layer_cycles(table, shape.engine, positions=step.walk.windows)
    if windows is None:
        return _every_plane(step, shape, every)
    beat = shape.engine.geometry.ou_rows
    done = work_of_layer(
        table,
        shape.engine,
        windows,
        load=step.walk.window_runs(lanes=shape.lanes, beat=beat),
        first_beat=step.walk.first_beat_runs(lanes=shape.lanes, beat=beat),
        late=WINDOW,
    )
    idle = dict(done.idle)
    idle["output"] += shape.engine.tiles * _STORE
    skipped = every.planes - done.planes
    return _cycles_of(step, shape, done.total, idle, planes=done.planes, skipped=skipped)


def _every_plane(step: Step, shape: NetworkShape, layer: LayerCycles | None) -> StepCycles:
    """A step if every plane is issued; ``layer`` is the work of a layer, None of another step."""
    tiles = shape.engine.tiles
    if step.walk is None:
        work = step.result.size
        return _cycles_of(step, shape, work, {"load": tiles * (work + _STORE)})
    window = step.walk.window_runs(lanes=shape.lanes, beat=shape.engine.geometry.ou_rows)
    if layer is None:
        work = window * step.walk.windows + _OPERATION
        return _cycles_of(step, shape, work, {"operation": tiles * (work + _STORE)})
    layer = replace(layer, load=window)
    idle = dict(layer_idle(layer, late=WINDOW))
    idle["output"] += tiles * _STORE
    return _cycles_of(step, shape, layer.total + WINDOW, idle, planes=layer.planes)


def _cycles_of(
    step: Step,
    shape: NetworkShape,
    work: int,
    idle: Mapping[str, int],
    *,
    planes: int = 0,
    skipped: int = 0,
) -> StepCycles:
    """The cycles of a step that works for ``work`` of them."""
    between = shape.step_words + BETWEEN
    return StepCycles(
        name=step.name,
        cycles=between + work + _STORE,
        planes=planes,
        skipped=skipped,
        idle={"steps": shape.engine.tiles * between, **idle},
    )
