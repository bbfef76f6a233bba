"""A chart of two axes: points, lines and rules, as the texts of SVG paths."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from flow.page.scale import Scale

__all__ = ["Chart", "Series", "dots", "line", "steps"]

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 448, 10, 262

Points = Iterable[tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Series:
    """What is drawn alike.

    Parameters
    ----------
    style : str
        Class of the style sheet: ``dots``, ``front``, ``best``, ``rule``, ``limit`` or ``chosen``.
    label : str
        For the legend.
    path : str
        Data of an SVG path.
    """

    style: str
    label: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart.

    Parameters
    ----------
    title, description : str
        For those who cannot see it.
    x, y : Scale
        Axes, between the edges of this module.
    x_label, y_label : str
    series : sequence of Series
        The last is drawn on top.
    """

    title: str
    description: str
    x: Scale
    y: Scale
    x_label: str
    y_label: str
    series: Sequence[Series] = field(default_factory=tuple)
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    bottom: int = BOTTOM


def dots(points: Points, x: Scale, y: Scale) -> str:
    """A path of strokes without length: round ends make them dots. Equal dots are drawn once."""
    places = dict.fromkeys((round(x.at(a), 1), round(y.at(b), 1)) for a, b in points)
    return "".join(f"M{a:g} {b:g}h0" for a, b in places)


def line(points: Points, x: Scale, y: Scale) -> str:
    """A path through the points."""
    return "M" + "L".join(f"{x.at(a):g} {y.at(b):g}" for a, b in points)


def steps(points: Points, x: Scale, y: Scale) -> str:
    """A path that keeps the value of a point until the next; points of equal value are left out."""
    path, last = "", None
    for a, b in points:
        if last is None:
            path = f"M{x.at(a):g} {y.at(b):g}"
        elif b != last:
            path += f"H{x.at(a):g}V{y.at(b):g}"
        last, end = b, x.at(a)
    return f"{path}H{end:g}" if path else ""
