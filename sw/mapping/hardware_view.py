"""What an explanation needs to know of the hardware: its memories and its cycles."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from arch.layer_timeline import LayerTimeline, OuTimes
from arch.network_program import NetworkProgram, build_network_program
from arch.network_timeline import NetworkTimeline
from arch.program import Program, build_program
from arch.tables import MappingTables
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
    """

    def __init__(
        self, tables: MappingTables, program: Program, network: NetworkProgram | None = None
    ) -> None:
        self.tables = tables
        self.program = program
        self._network = network

    @classmethod
    def of(cls, tables: MappingTables, **built_as: Any) -> "HardwareView":
        """The engines that run ``tables``, each as small as it can be.

        There is no network engine if the layers do not follow from each other.

        Parameters
        ----------
        built_as
            As in :func:`arch.network_program.build_network_program`.
        """
        only_network = ("argmax", "capacity", "lanes")
        of_layers = {name: value for name, value in built_as.items() if name not in only_network}
        try:
            network = build_network_program(tables, **built_as)
        except ValueError:
            network = None
        if network is not None and not network.shape.engine.loadable:
            return cls(tables, network.layers, network)
        return cls(tables, build_program(tables, **of_layers), network)

    @property
    def may_skip(self) -> bool:
        """Whether the engine skips planes without a one, so that cycles depend on the image."""
        return self.program.shape.skip_zero_planes

    @cached_property
    def network(self) -> NetworkTimeline | None:
        """The cycles of an image on the network engine."""
        return None if self._network is None else NetworkTimeline(self.tables, self._network)

    def layer(self, name: str) -> LayerTimeline:
        """The cycles of a layer on the layer engine: the output positions of one image."""
        table = self.tables.layer(name)
        return LayerTimeline(table, self.program.shape, positions=table.spec.positions)

    def index_entry(self, layer: str, ou: int) -> IndexEntry:
        """The index record of an OU in the network engine, or without it in the layer engine.

        The two are alike unless the network engine loads its tables.
        """
        program = self.program if self._network is None else self._network.layers
        return index_entry(self.tables, program, layer, ou)

    def schedule(self, layer: str, ou: int, position: int | None = None) -> OuSchedule:
        """When an OU is worked on: at one output position, or at the first two and the last."""
        table, tiles = self.tables.layer(layer), self.program.shape.tiles
        tile = int(table.crossbar[ou]) % tiles
        place = int(ous_by_tile(table, tiles)[tile].searchsorted(ou))
        alone = self.layer(layer)
        network = self.network
        step = within = None
        if network is not None:
            step, within = network.step(layer), network.layer(layer)
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
            may_skip=self.may_skip,
        )


def _later(times: OuTimes, cycles: int) -> OuTimes:
    return OuTimes(**{name: cycle + cycles for name, cycle in vars(times).items()})
