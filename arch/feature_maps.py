"""Where feature maps lie in one memory: the lowest place that is free as long as a map lives."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Lifetime", "depth_of", "place_maps"]


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """A map and the steps in which its place is its own, both inclusive.

    Parameters
    ----------
    size : int
        Elements.
    first, last : int
        Step that writes it; last step that reads it, or ``first`` if none does.
    """

    size: int
    first: int
    last: int


def place_maps(maps: Sequence[Lifetime]) -> tuple[int, ...]:
    """The first address of each map; maps that live at a time never overlap.

    Each map in turn gets the lowest place that is free all its life (first fit).

    Raises
    ------
    :exc:`ValueError`
        If a map has no element, or ends before it begins.
    """
    places: list[int] = []
    for number, new in enumerate(maps):
        if new.size < 1 or new.last < new.first:
            raise ValueError(f"map {number} must have elements and end after its beginning: {new}")
        taken = sorted(
            (at, at + old.size)
            for old, at in zip(maps, places, strict=False)
            if old.first <= new.last and new.first <= old.last
        )
        at = 0
        for begin, end in taken:
            if at + new.size <= begin:
                break
            at = max(at, end)
        places.append(at)
    return tuple(places)


def depth_of(maps: Sequence[Lifetime], places: Sequence[int]) -> int:
    """Elements of the smallest memory that holds the maps at their places."""
    return max(at + entry.size for entry, at in zip(maps, places, strict=True))
