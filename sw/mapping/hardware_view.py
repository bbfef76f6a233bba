"""What an explanation needs to know of the hardware: its memories and its cycles."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from arch.layer_timeline import LayerTimeline, OuTimes
from arch.network_program import NetworkProgram, build_network_program
from arch.network_shape import BUILD_OPTIONS
from arch.network_timeline import NetworkTimeline
from arch.program import Program, build_program
from arch.skipping_timeline import SkippingTimeline
from arch.tables import LayerTable, MappingTables
from arch.tiles import ous_by_tile
from sw.mapping.index_entry import IndexEntry, index_entry
from sw.mapping.network_place import place_of_position

__all__ = ["HardwareView", "OuSchedule", "PositionTimes"]


@dataclass(frozen=True, kw_only=True)
class PositionTimes:
    """When an OU is worked on at one output position.

    Parameters
    ----------
    position, row, col : int
        The output position: its number, and where it is in the output map.
    layer : OuTimes
        Cycles of the layer on the layer engine, after the one that takes the command.
    step : OuTimes or None
        Cycles of the step on the network engine; None if there is none.
    image : OuTimes or None
        The same as cycles of an image.
    """

    position: int
    row: int
    col: int
    layer: OuTimes
    step: OuTimes | None
    image: OuTimes | None


@dataclass(frozen=True, kw_only=True)
class OuSchedule:
    """When an OU is worked on, if no plane is skipped and nothing stalls.

    Parameters
    ----------
    positions : int
        Output positions of the layer in an image.
    total : int
        Cycles of the layer on the layer engine.
    step, step_first, step_last : int or None
        Number of the step on the network engine, and its cycles in an image; None if there is none.
    times : tuple of PositionTimes
        Of some output positions.
    may_skip : bool
        The engine skips planes without a one: an image may make all of it earlier.
    """

    positions: int
    total: int
    step: int | None
    step_first: int | None
    step_last: int | None
    times: tuple[PositionTimes, ...]
    may_skip: bool


class HardwareView:
    """The memories and the cycles of the engines that run some tables.

    Parameters
    ----------
    tables : MappingTables
        The tables.
    program : Program
        Memories of the layer engine.
    network : NetworkProgram, optional
        The program of the network engine, if the layers follow from each other.
    windows : mapping of str to int array, shape (P, R), optional
        Inputs of all output positions of each layer for one image, whose cycles are those to be
        explained; they matter for an engine that skips planes.
    """

    def __init__(
        self,
        tables: MappingTables,
        program: Program,
        network: NetworkProgram | None = None,
        windows: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.tables = tables
        self.program = program
        self._network = network
        self._windows = windows if program.shape.skip_zero_planes else None

    @classmethod
    def of(cls, tables: MappingTables, **built_as: Any) -> "HardwareView":
        """The engines that run ``tables``, each as small as it can be.

        There is no network engine if the layers do not follow from each other.

        Parameters
        ----------
        built_as
            As in :func:`arch.network_program.build_network_program`.
        """
        only_network = ("capacity", *BUILD_OPTIONS)
        of_layers = {name: value for name, value in built_as.items() if name not in only_network}
        try:
            network = build_network_program(tables, **built_as)
        except ValueError:
            network = None
        if network is not None and not network.shape.engine.loadable:
            return cls(tables, network.layers, network)
        return cls(tables, build_program(tables, **of_layers), network)

    def for_image(self, windows: Mapping[str, np.ndarray]) -> "HardwareView":
        """The same hardware, and the image that it computes."""
        return HardwareView(self.tables, self.program, self._network, windows)

    @property
    def may_skip(self) -> bool:
        """Whether an image may take fewer cycles than are shown, as planes are skipped."""
        return self.program.shape.skip_zero_planes and self._windows is None

    @cached_property
    def network(self) -> NetworkTimeline | None:
        """The cycles of an image on the network engine."""
        if self._network is None:
            return None
        return NetworkTimeline(self.tables, self._network, self._windows)

    def layer(self, name: str) -> LayerTimeline | SkippingTimeline:
        """The cycles of a layer on the layer engine: the output positions of one image."""
        table = self.tables.layer(name)
        if self._windows is not None:
            return SkippingTimeline(table, self.program.shape, self._windows[name])
        return self._every_plane(table)

    def _every_plane(self, table: LayerTable) -> LayerTimeline:
        return LayerTimeline(table, self.program.shape, positions=table.spec.positions)

    def index_entry(self, layer: str, ou: int) -> IndexEntry:
        """The index record of an OU in the network engine, or without it in the layer engine.

        The two are alike unless the network engine loads its tables.
        """
        program = self.program if self._network is None else self._network.layers
        return index_entry(self.tables, program, layer, ou)

    def schedule(self, layer: str, ou: int, position: int | None = None) -> OuSchedule:
        """When an OU is worked on: at one output position, or at the first two and the last.

        If the engine skips planes, it is as if every plane had a one, whatever the image.
        """
        table, tiles = self.tables.layer(layer), self.program.shape.tiles
        tile = int(table.crossbar[ou]) % tiles
        place = int(ous_by_tile(table, tiles)[tile].searchsorted(ou))
        alone = self._every_plane(table)
        step = within = None
        if self._network is not None:
            network = NetworkTimeline(self.tables, self._network)
            step, within = network.step(layer), network.every_plane(layer)
        last = table.spec.positions - 1
        chosen = sorted({0, min(1, last), last}) if position is None else [position]
        rows = []
        for number in chosen:
            row, col = place_of_position(table.spec, number)
            in_step = None
            if step is not None and within is not None:
                in_step = _later(within.times(tile, place, number), step.command)
            rows.append(
                PositionTimes(
                    position=number,
                    row=row,
                    col=col,
                    layer=alone.times(tile, place, number),
                    step=in_step,
                    image=_later(in_step, step.first - 1) if step and in_step else None,
                )
            )
        return OuSchedule(
            positions=table.spec.positions,
            total=alone.total,
            step=step.number if step else None,
            step_first=step.first if step else None,
            step_last=step.last if step else None,
            times=tuple(rows),
            may_skip=self.program.shape.skip_zero_planes,
        )


def _later(times: OuTimes, cycles: int) -> OuTimes:
    return OuTimes(**{name: cycle + cycles for name, cycle in vars(times).items()})
