"""Explains what the hardware does in a cycle: from a waveform back to weights and outputs."""

from dataclasses import dataclass

from arch.errors import InputError
from arch.layer_timeline import IdleCycle, IssuedPlane
from arch.matrix import stored_weights
from sw.mapping.hardware_view import HardwareView
from sw.mapping.network_place import InputElement, element_of_row, place_of_position
from sw.mapping.ou_place import OuPlace, layer_of, ou_place

__all__ = ["CycleExplanation", "PlaneWork", "TileMoment", "explain_cycle"]

_REASONS = {
    "steps": "the next step of the program is read, checked and started",
    "load": "the input of the network is stored, byte by byte",
    "operation": "an operation between layers is computed",
    "balance": "this tile has ended an output position that another tile has not",
    "window": "the inputs of the next output position are not complete in the input buffer",
    "input": "the inputs of the next OU are on their way out of the input buffer",
    "output": "the next OU waits for a free bank of accumulators",
}
_LAST_OUTPUTS = "all planes have been issued: results, sums and outputs leave"


@dataclass(frozen=True, kw_only=True)
class PlaneWork:
    """A plane that a tile issues.

    Parameters
    ----------
    position, row, col : int
        The output position: its number, and where it is in the output map.
    plane : int
        The bit of the inputs that is driven; it weighs ``2**plane``.
    at : OuPlace or None
        The OU; None if the tile has none of the layer and issues one without inputs.
    address : int or None
        Its address in the memories of the tile, which the OU controller shows.
    inputs : tuple of int
        Matrix row of each word line, -1 for none.
    elements : tuple of InputElement or None
        What each word line reads.
    outputs : tuple of int
        Matrix column, the output channel, of each weight column, -1 for none.
    weights : tuple of tuple of int
        Value of every word line and weight column; 0 where there is none.
    """

    position: int
    row: int
    col: int
    plane: int
    at: OuPlace | None
    address: int | None = None
    inputs: tuple[int, ...] = ()
    elements: tuple[InputElement | None, ...] = ()
    outputs: tuple[int, ...] = ()
    weights: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class TileMoment:
    """What a tile does: ``work``, or nothing for ``cause``, which ``reason`` says in words.

    ``position`` is the output position of the plane that is issued, or of the next one; None if
    there is none.
    """

    tile: int
    position: int | None
    work: PlaneWork | None = None
    cause: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class CycleExplanation:
    """One cycle, if nothing stalls.

    Parameters
    ----------
    cycle, total : int
        Which of how many: of an image on the network engine, or of a layer on the layer engine.
    layer : str or None
        Name of the layer if it is a cycle of the layer engine.
    step : int or None
        Number of the step of the network engine.
    step_name, step_kind : str
        What the step computes; the layer itself on the layer engine.
    in_step : int or None
        Cycle of the step, as the cycle counter of step control shows it.
    step_first, step_last : int or None
        Cycles of the step in an image.
    tiles : tuple of TileMoment
        What each tile does.
    may_skip : bool
        The engine skips planes without a one, so that an image may take fewer cycles than this.
    """

    cycle: int
    total: int
    layer: str | None
    step: int | None
    step_name: str
    step_kind: str
    in_step: int | None
    step_first: int | None
    step_last: int | None
    tiles: tuple[TileMoment, ...]
    may_skip: bool


def explain_cycle(
    hardware: HardwareView, cycle: int, *, layer: str | None = None
) -> CycleExplanation:
    """What happens in a cycle.

    Parameters
    ----------
    hardware : HardwareView
        The tables, and the engines that run them.
    cycle : int
        From 1: of an image on the network engine, counted from the end of the image before; or of
        ``layer`` on the layer engine, counted from the cycle that takes its command.
    layer : str, optional
        The layer.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is no such layer or cycle, or the tables are of no network.
    """
    if layer is not None:
        return _cycle_of_layer(hardware, cycle, layer)
    network = hardware.network
    if network is None:
        raise InputError("the layers do not follow from each other: state --layer")
    _check_cycle(cycle, network.total, "an image")
    moment = network.at(cycle)
    step = moment.times.step
    return CycleExplanation(
        cycle=cycle,
        total=network.total,
        layer=None,
        step=moment.times.number,
        step_name=step.name,
        step_kind=step.kind,
        in_step=moment.in_step,
        step_first=moment.times.first,
        step_last=moment.times.last,
        tiles=tuple(
            _moment(hardware, tile, step.name, found) for tile, found in enumerate(moment.tiles)
        ),
        may_skip=hardware.may_skip,
    )


def _cycle_of_layer(hardware: HardwareView, cycle: int, layer: str) -> CycleExplanation:
    layer_of(hardware.tables, layer)
    timeline = hardware.layer(layer)
    _check_cycle(cycle, timeline.total, f"layer {layer}")
    return CycleExplanation(
        cycle=cycle,
        total=timeline.total,
        layer=layer,
        step=None,
        step_name=layer,
        step_kind="layer",
        in_step=None,
        step_first=None,
        step_last=None,
        tiles=tuple(
            _moment(hardware, tile, layer, timeline.at(tile, cycle))
            for tile in range(timeline.tiles)
        ),
        may_skip=hardware.may_skip,
    )


def _check_cycle(cycle: int, total: int, what: str) -> None:
    if not 1 <= cycle <= total:
        raise InputError(f"{what} has no cycle {cycle}; legal is 1 to {total}")


def _moment(
    hardware: HardwareView, tile: int, layer: str, found: IssuedPlane | IdleCycle
) -> TileMoment:
    if isinstance(found, IssuedPlane):
        work = _work(hardware, layer, found)
        return TileMoment(tile=tile, position=found.position, work=work)
    cause, position = found.cause, found.position
    last = cause == "output" and position is None
    return TileMoment(
        tile=tile,
        position=position,
        cause=cause,
        reason=_LAST_OUTPUTS if last else _REASONS[cause],
    )


def _work(hardware: HardwareView, layer: str, issued: IssuedPlane) -> PlaneWork:
    tables = hardware.tables
    table = tables.layer(layer)
    row, col = place_of_position(table.spec, issued.position)
    if issued.ou is None:
        return PlaneWork(position=issued.position, row=row, col=col, plane=issued.plane, at=None)
    inputs = table.inputs[issued.ou].tolist()
    outputs = table.outputs[issued.ou].tolist()
    weights = stored_weights(table, tables.geometry, slice(issued.ou, issued.ou + 1))[0].tolist()
    return PlaneWork(
        position=issued.position,
        row=row,
        col=col,
        plane=issued.plane,
        at=ou_place(table, tables.geometry, issued.ou),
        address=hardware.index_entry(layer, issued.ou).address,
        inputs=tuple(inputs),
        elements=tuple(
            element_of_row(table.spec, line, issued.position) if line >= 0 else None
            for line in inputs
        ),
        outputs=tuple(outputs),
        weights=tuple(
            tuple(
                weights[lane][column] if line >= 0 and output >= 0 else 0
                for column, output in enumerate(outputs)
            )
            for lane, line in enumerate(inputs)
        ),
    )
