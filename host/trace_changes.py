"""Events of a trace as changes of variables over time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from arch.engine_error import Error
from arch.trace_event import CAUSES, PLANE_BITS, EventKind, TraceEvent
from host.trace_names import TraceNames

__all__ = ["NOTHING", "TILE_VARIABLES", "UNKNOWN", "VARIABLES", "Change", "trace_changes"]

UNKNOWN, NOTHING = "?", ""
"""Value of a variable that nobody knows; of one that has none, such as the OU while none works."""
VARIABLES = {"step": str, "image": int, "error": str, "tables": str, "lost": int}
"""Variables of the whole engine, and what they are."""
TILE_VARIABLES = {"ou": int, "position": int, "result": int, "plane": int, "cause": str}
"""Variables of each tile."""
_TABLES = {0: "none", 1: "loading", 2: "loaded", 3: "loading"}
_SIGN = 1 << 31
_LOST_MOST = 0xFFFF


@dataclass(frozen=True, kw_only=True)
class Change:
    """A variable changes.

    Parameters
    ----------
    cycle : int
        From this one on it has the value.
    name : str
        One of :data:`VARIABLES`, or ``tileN.`` and one of :data:`TILE_VARIABLES`.
    value : int or str
        :data:`UNKNOWN` and :data:`NOTHING` are values of any variable.
    """

    cycle: int
    name: str
    value: int | str


def trace_changes(events: Sequence[TraceEvent], names: TraceNames) -> list[Change]:
    """The changes that events tell of, by cycle; at most one of a variable in a cycle.

    An OU is told of when it ends, with the planes that were issued of it: where it began, and which
    plane was issued in which cycle, follows. Positions are counted from the begin of a step.

    Parameters
    ----------
    events : sequence of TraceEvent
        From :func:`host.trace.read_trace`.
    names : TraceNames
        Names of the tables in the device; events of other tiles are left out.
    """
    changes: dict[tuple[int, str], int | str] = {}
    for change in _Reader(names).read(events):
        changes[change.cycle, change.name] = change.value  # the later one counts
    ordered = sorted(changes.items(), key=lambda item: item[0][0])
    return [Change(cycle=cycle, name=name, value=value) for (cycle, name), value in ordered]


class _Reader:
    """What is known while the events are gone through."""

    def __init__(self, names: TraceNames) -> None:
        self._names = names
        self._tiles = range(len(names.ous))
        self._positions: list[int | None] = [None for _ in self._tiles]
        self._images = self._lost = 0

    def read(self, events: Sequence[TraceEvent]) -> Iterator[Change]:
        before = events[0].cycle if events else 0
        yield from self._nothing_works(before)
        for event in events:
            if event.tile in self._tiles:
                yield from self._read_one(event, before)
            before = event.cycle

    def _read_one(self, event: TraceEvent, before: int) -> Iterator[Change]:
        cycle, data = event.cycle, event.data
        match event.kind:
            case EventKind.IMAGE:
                self._images += data == 1
                yield Change(
                    cycle=cycle, name="image", value=self._images if data == 1 else NOTHING
                )
            case EventKind.STEP:
                yield from self._step(cycle, data)
            case EventKind.CAUSE:
                cause = CAUSES[data] if data < len(CAUSES) else UNKNOWN
                yield Change(cycle=cycle, name=f"tile{event.tile}.cause", value=cause)
            case EventKind.OU:
                yield from self._ou(event)
            case EventKind.RESULT:
                value = (data ^ _SIGN) - _SIGN
                yield Change(cycle=cycle, name=f"tile{event.tile}.result", value=value)
            case EventKind.ERROR:
                code = data & 0xFF
                name = Error(code).name if code in list(Error) else f"error {code}"
                yield Change(cycle=cycle, name="error", value=name)
            case EventKind.LOAD:
                yield Change(cycle=cycle, name="tables", value=_TABLES[data & 3])
            case EventKind.LOST:
                yield from self._gap(cycle, data, before)

    def _step(self, cycle: int, data: int) -> Iterator[Change]:
        begins, ends = data >> 16 & 1, data >> 17 & 1
        if begins:
            self._positions = [0 for _ in self._tiles]
        yield Change(cycle=cycle, name="step", value=self._names.step(data & 0xFFFF))
        if ends:
            yield Change(cycle=cycle + 1, name="step", value=NOTHING)

    def _ou(self, event: TraceEvent) -> Iterator[Change]:
        tile, data = event.tile, event.data
        planes = [p for p in reversed(range(PLANE_BITS)) if data >> p & 1]
        begin = event.cycle - len(planes) + 1
        number = self._names.ou(tile, data >> (PLANE_BITS + 1))
        position = self._positions[tile]
        at = max(0, begin)
        if planes:
            value = UNKNOWN if number is None else number
            yield Change(cycle=at, name=f"tile{tile}.ou", value=value)
            value = UNKNOWN if position is None else position
            yield Change(cycle=at, name=f"tile{tile}.position", value=value)
        for cycle, plane in enumerate(planes, start=begin):
            if cycle >= 0:
                yield Change(cycle=cycle, name=f"tile{tile}.plane", value=plane)
        for name in ("ou", "plane"):
            yield Change(cycle=event.cycle + 1, name=f"tile{tile}.{name}", value=NOTHING)
        if position is not None:
            self._positions[tile] = position + (data >> PLANE_BITS & 1)

    def _gap(self, cycle: int, count: int, before: int) -> Iterator[Change]:
        """Between the last event and this one nothing is known."""
        self._lost += min(count, _LOST_MOST)
        self._positions = [None for _ in self._tiles]
        for name in ("step", "image"):
            yield Change(cycle=before + 1, name=name, value=UNKNOWN)
        for tile in self._tiles:
            for name in TILE_VARIABLES:
                yield Change(cycle=before + 1, name=f"tile{tile}.{name}", value=UNKNOWN)
        yield from self._nothing_works(cycle)
        yield Change(cycle=cycle, name="lost", value=self._lost)

    def _nothing_works(self, cycle: int) -> Iterator[Change]:
        """No OU is known to work from here on; events tell of those that did."""
        for tile in self._tiles:
            for name in ("ou", "plane"):
                yield Change(cycle=cycle, name=f"tile{tile}.{name}", value=NOTHING)
