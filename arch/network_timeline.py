"""What a network engine does in every cycle of an image.

Exact when neither stream stalls, as :mod:`arch.network_cycles`, and for every image but the first
after a reset.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import numpy as np

from arch.layer_timeline import IdleCycle, IssuedPlane, LayerTimeline
from arch.network_cycles import BETWEEN, WINDOW, image_cycles, network_cycles
from arch.network_program import NetworkProgram
from arch.network_step import Step
from arch.skipping_timeline import SkippingTimeline
from arch.tables import MappingTables
from arch.walk import Walk

__all__ = ["Moment", "NetworkTimeline", "StepTimes"]


@dataclass(frozen=True, kw_only=True)
class StepTimes:
    """When a step runs.

    Parameters
    ----------
    number : int
        Its place in the program.
    step : Step
        The step.
    first, last : int
        Its cycles in an image, from 1; in the last one its last result is stored.
    command : int
        The cycle of the step that starts it: cycle 0 of a layer.
    """

    number: int
    step: Step
    first: int
    last: int
    command: int


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One cycle of an image.

    Parameters
    ----------
    cycle : int
        Which, from 1.
    times : StepTimes
        The step that it belongs to.
    in_step : int
        Cycle of the step, from 1: what the cycle counter of step control shows.
    tiles : tuple
        What each tile does.
    """

    cycle: int
    times: StepTimes
    in_step: int
    tiles: tuple[IssuedPlane | IdleCycle, ...]


class NetworkTimeline:
    """The cycles of an image, from the end of the image before to its own.

    Parameters
    ----------
    tables : MappingTables
        The tables that the program was made from.
    program : NetworkProgram
        The program.
    windows : mapping of str to int array, shape (P, R), optional
        Inputs of all output positions of each layer, for an engine that skips planes; without them
        it is shown as if every plane had a one.
    """

    def __init__(
        self,
        tables: MappingTables,
        program: NetworkProgram,
        windows: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self._tables = tables
        self._shape = program.shape
        self._windows = windows if program.shape.engine.skip_zero_planes else None
        if self._windows is None:
            cycles = network_cycles(tables, program)
        else:
            cycles = image_cycles(tables, program, self._windows)
        ends = list(accumulate(step.cycles for step in cycles.steps))
        self.steps = tuple(
            StepTimes(
                number=number,
                step=step,
                first=begin + 1,
                last=end,
                command=program.shape.step_words + BETWEEN,
            )
            for number, (step, begin, end) in enumerate(
                zip(program.steps, [0, *ends[:-1]], ends, strict=True)
            )
        )
        self.total = ends[-1]
        self.layer = cache(self._layer)

    def step(self, name: str) -> StepTimes:
        """The step that computes the layer or operation called ``name``."""
        return next(times for times in self.steps if times.step.name == name)

    def at(self, cycle: int) -> Moment:
        """What happens in a cycle of an image, from 1 to ``total``.

        Raises
        ------
        :exc:`IndexError`
            If an image has no such cycle.
        """
        if not 1 <= cycle <= self.total:
            raise IndexError(f"no cycle {cycle} of {self.total}")
        times = self.steps[bisect_left([times.last for times in self.steps], cycle)]
        in_step = cycle - times.first + 1
        return Moment(
            cycle=cycle,
            times=times,
            in_step=in_step,
            tiles=tuple(
                self._tile_at(tile, times, in_step) for tile in range(self._shape.engine.tiles)
            ),
        )

    def _tile_at(self, tile: int, times: StepTimes, in_step: int) -> IssuedPlane | IdleCycle:
        step = times.step
        if in_step <= times.command:
            return IdleCycle(cause="steps", position=None)
        if step.kind != "layer":
            cause = "load" if step.kind == "input" else "operation"
            return IdleCycle(cause=cause, position=None)
        layer = self.layer(step.name)
        cycle = in_step - times.command
        if cycle > layer.total:  # the last result is stored
            return IdleCycle(cause="output", position=None)
        return layer.at(tile, cycle)

    def every_plane(self, name: str) -> LayerTimeline:
        """The layer called ``name`` if no plane of it is skipped."""
        return LayerTimeline(
            self._tables.layer(name),
            self._shape.engine,
            positions=self._walk(name).windows,
            **self._pace(name),
        )

    def _layer(self, name: str) -> LayerTimeline | SkippingTimeline:
        """The layer called ``name``; its windows are read from the feature memory."""
        if self._windows is None:
            return self.every_plane(name)
        return SkippingTimeline(
            self._tables.layer(name), self._shape.engine, self._windows[name], **self._pace(name)
        )

    def _walk(self, name: str) -> Walk:
        walk = self.step(name).step.walk
        if walk is None:
            raise ValueError(f"step {name} reads no windows")
        return walk

    def _pace(self, name: str) -> dict[str, int]:
        walk = self._walk(name)
        runs = {"lanes": self._shape.lanes, "beat": self._shape.engine.geometry.ou_rows}
        return {
            "load": walk.window_runs(**runs),
            "first_beat": walk.first_beat_runs(**runs),
            "late": WINDOW,
        }
