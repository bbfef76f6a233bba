"""Walks: in which order the elements of windows are read from feature maps.

Six nested loops say where every element of every window of a step is, for convolutions with any
kernel, stride, padding and dilation, and for operations between layers. ``docs/network-engine.md``
shows which loop is what.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, product
from math import prod

from arch.host import HostSpec
from arch.layer import LayerSpec

__all__ = ["LEVELS", "WINDOW_LEVELS", "Level", "Run", "Walk", "layer_walk", "operation_walk"]

LEVELS = 6
"""Nested loops of a walk, the innermost first."""
WINDOW_LEVELS = 3
"""Loops of them that make one window; the others go from window to window."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """One loop: how often it runs, and how far one iteration moves.

    Parameters
    ----------
    count : int
        Iterations, at least 1.
    at, y, x : int
        What one iteration adds to the address and to the two coordinates.
    """

    count: int = 1
    at: int = 0
    y: int = 0
    x: int = 0


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one read of the feature memory brings.

    Parameters
    ----------
    at : int
        Address of the first element; may be negative when that is outside.
    inside : tuple of bool
        One entry an element: whether it lies in the map.
    lane : int
        Place of the first element in its beat.
    beat_last, last : bool
        The run completes a beat; it completes a window.
    """

    at: int
    inside: tuple[bool, ...]
    lane: int
    beat_last: bool
    last: bool


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The elements of all windows of a step.

    Parameters
    ----------
    at, y, x : int
        Address and coordinates of the first element.
    height, width : int
        An element is inside if ``0 <= y < height`` and ``0 <= x < width``.
    levels : tuple of Level
        The loops, the innermost first.
    wide : bool
        Elements of the innermost loop are neighbours, so that one read may bring several.
    """

    at: int
    y: int = 0
    x: int = 0
    height: int = 1
    width: int = 1
    levels: tuple[Level, ...]
    wide: bool = False

    def __post_init__(self) -> None:
        if len(self.levels) != LEVELS or any(level.count < 1 for level in self.levels):
            raise ValueError(f"a walk has {LEVELS} levels of at least 1, not {self.levels}")
        inner = self.levels[0]
        if self.wide and (inner.at, inner.y, inner.x) != (1, 0, 1):
            raise ValueError(f"the innermost level of a wide walk moves at and x by 1, not {inner}")

    @property
    def windows(self) -> int:
        """Windows of the walk."""
        return prod(level.count for level in self.levels[WINDOW_LEVELS:])

    def window_runs(self, *, lanes: int, beat: int) -> int:
        """Runs of one window: cycles in which it is read."""
        inner, *outer = self.levels[:WINDOW_LEVELS]
        rows = prod(level.count for level in outer)
        if not self.wide:
            return inner.count * rows
        return sum(1 for _ in _cuts(inner.count, rows, lanes=lanes, beat=beat))

    def first_beat_runs(self, *, lanes: int, beat: int) -> int:
        """Runs of the first beat of a window."""
        inner, *outer = self.levels[:WINDOW_LEVELS]
        rows = prod(level.count for level in outer)
        lanes = lanes if self.wide else 1
        cuts = _cuts(inner.count, rows, lanes=lanes, beat=beat)
        counts = accumulate(count for _, _, count, _ in cuts)
        most = min(beat, inner.count * rows)
        return next(number for number, elements in enumerate(counts, 1) if elements == most)

    def runs(self, *, lanes: int, beat: int) -> Iterator[Run]:
        """Every run in order; beats of ``beat`` elements start anew with each window.

        A run has at most ``lanes`` elements, one if the walk is not wide, and ends with its beat.
        """
        inner, *outer = self.levels[:WINDOW_LEVELS]
        rows = list(_places(tuple(outer)))
        lanes = lanes if self.wide else 1
        for window in _places(self.levels[WINDOW_LEVELS:]):
            for row, column, count, lane in _cuts(inner.count, len(rows), lanes=lanes, beat=beat):
                y = self.y + window[1] + rows[row][1] + column * inner.y
                x = self.x + window[2] + rows[row][2] + column * inner.x
                last = row == len(rows) - 1 and column + count == inner.count
                yield Run(
                    at=self.at + window[0] + rows[row][0] + column * inner.at,
                    inside=tuple(
                        0 <= y < self.height and 0 <= x + n < self.width for n in range(count)
                    ),
                    lane=lane,
                    beat_last=last or lane + count == beat,
                    last=last,
                )


def _places(levels: tuple[Level, ...]) -> Iterator[tuple[int, int, int]]:
    """How far each iteration of nested loops has moved: address and coordinates."""
    for turns in product(*(range(level.count) for level in reversed(levels))):
        moved = [0, 0, 0]
        for level, turn in zip(reversed(levels), turns, strict=True):
            for axis, step in enumerate((level.at, level.y, level.x)):
                moved[axis] += turn * step
        yield moved[0], moved[1], moved[2]


def _cuts(width: int, rows: int, *, lanes: int, beat: int) -> Iterator[tuple[int, int, int, int]]:
    """Cut ``rows`` rows of ``width`` elements into runs: row, first column, count, lane."""
    lane = 0
    for row in range(rows):
        column = 0
        while column < width:
            count = min(lanes, width - column, beat - lane)
            yield row, column, count, lane
            column += count
            lane = (lane + count) % beat


def layer_walk(spec: LayerSpec, at: int) -> Walk:
    """The windows of a layer whose input map begins at address ``at``."""
    channels, height, width = spec.in_shape
    if spec.kind == "linear":
        inner = Level(count=spec.rows, at=1, x=1)
        return Walk(at=at, width=spec.rows, levels=_padded(inner), wide=True)
    (down, across), (row_step, col_step) = spec.stride, spec.dilation
    return Walk(
        at=at - spec.padding[0] * width - spec.padding[1],
        y=-spec.padding[0],
        x=-spec.padding[1],
        height=height,
        width=width,
        levels=_padded(
            Level(count=spec.kernel[1], at=col_step, x=col_step),
            Level(count=spec.kernel[0], at=row_step * width, y=row_step),
            Level(count=channels, at=height * width),
            Level(count=spec.out_shape[2], at=across, x=across),
            Level(count=spec.out_shape[1], at=down * width, y=down),
        ),
        wide=col_step == 1,
    )


def operation_walk(operation: HostSpec, sources: tuple[int, ...]) -> Walk:
    """What an operation reads when its source maps begin at the addresses ``sources``."""
    channels, height, width = operation.in_shape
    first = sources[0]
    if operation.kernel is not None:
        return _kernel_walk(operation, first)
    if operation.pools:
        window = (Level(count=width, at=1), Level(count=height, at=width), Level())
        move = (Level(), Level(), Level(count=channels, at=height * width))
        return Walk(at=first, levels=window + move)
    if operation.kind == "add":
        window = (Level(count=2, at=sources[1] - first), Level(), Level())
        move = (
            Level(count=width, at=1),
            Level(count=height, at=width),
            Level(count=channels, at=height * width),
        )
        return Walk(at=first, levels=window + move)
    if operation.kind != "shortcut":
        raise ValueError(f"operation {operation.name}: no walk is known for {operation.kind}")
    before = operation.channels_before
    move = (
        Level(count=operation.out_shape[2], at=operation.stride[1]),
        Level(count=operation.out_shape[1], at=operation.stride[0] * width),
        Level(count=operation.out_shape[0], at=height * width, y=1),
    )
    return Walk(
        at=first - before * height * width,
        y=-before,
        height=channels,
        levels=(Level(), Level(), Level(), *move),
    )


def _kernel_walk(operation: HostSpec, first: int) -> Walk:
    """The windows of a pool with a kernel."""
    channels, height, width = operation.in_shape
    (rows, columns), (down, across) = operation.window, operation.stride
    return Walk(
        at=first - operation.padding[0] * width - operation.padding[1],
        y=-operation.padding[0],
        x=-operation.padding[1],
        height=height,
        width=width,
        levels=(
            Level(count=columns, at=1, x=1),
            Level(count=rows, at=width, y=1),
            Level(),
            Level(count=operation.out_shape[2], at=across, x=across),
            Level(count=operation.out_shape[1], at=down * width, y=down),
            Level(count=channels, at=height * width),
        ),
    )


def _padded(*levels: Level) -> tuple[Level, ...]:
    return levels + (Level(),) * (LEVELS - len(levels))
