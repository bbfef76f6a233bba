"""A trace as a waveform: VCD, and a save file for GTKWave."""

from collections.abc import Sequence
from math import log2
from pathlib import Path
from typing import TextIO

from vcd.gtkw import GTKWSave
from vcd.writer import VCDWriter

from host.trace_changes import NOTHING, TILE_VARIABLES, UNKNOWN, VARIABLES, Change

__all__ = ["write_save_file", "write_vcd"]

_PICOSECONDS = 10**12
_NUMBER_BITS = 32
_ENGINE = "engine"
_PIXELS = 1200
_NONE = "-"
_GROUPS = {
    "layer": ("step", "image"),
    "OU": ("ou", "position", "result"),
    "plane": ("plane",),
    "cause": ("cause",),
    "events": ("error", "tables", "lost"),
}
"""Which variables stand in which group, those of all tiles one below the other."""


def write_vcd(file: TextIO, changes: Sequence[Change], *, tiles: int, clock_hz: int) -> None:
    """Write changes as VCD, in picoseconds.

    Variables that are words are of the type ``string``, which GTKWave and Surfer show as they are.
    Of a number ``x`` is what nobody knows, ``z`` what there is not.

    Parameters
    ----------
    changes : sequence of Change
        From :func:`host.trace_changes.trace_changes`.
    tiles : int
        Of the engine.
    clock_hz : int
        Its clock.
    """
    with VCDWriter(file, timescale="1 ps", date="", comment="trace of a device") as writer:
        handles, kinds = {}, _variables(tiles)
        for name, kind in kinds.items():
            scope, _, own = _path(name).rpartition(".")
            if kind is str:
                handles[name] = writer.register_var(scope, own, "string", init=UNKNOWN)
            else:
                handles[name] = writer.register_var(scope, own, "wire", _NUMBER_BITS, init="x")
        time = 0
        for change in changes:
            time = _time(change.cycle, clock_hz)
            value = change.value
            if kinds[change.name] is int and not isinstance(value, int):
                value = "x" if value == UNKNOWN else "z"
            writer.change(handles[change.name], time, value if value != NOTHING else _NONE)
        writer.close(time + _time(1, clock_hz))


def write_save_file(
    file: TextIO, dump: Path, changes: Sequence[Change], *, tiles: int, clock_hz: int
) -> None:
    """Write what GTKWave is to show of a VCD file, in groups, from the first step of an image on.

    Parameters
    ----------
    dump : Path
        The VCD file; GTKWave finds it beside the save file.
    changes, tiles, clock_hz
        As of :func:`write_vcd`.
    """
    save = GTKWSave(file)
    save.dumpfile(dump.name, abspath=False)
    first = max(_first(changes, "image"), _first(changes, "step"))
    last = changes[-1].cycle if changes else 0
    begin, end = _time(first, clock_hz), _time(last + 1, clock_hz)
    save.timestart(begin)
    save.zoom_markers(-log2(max(1, (end - begin) / _PIXELS)), begin)
    kinds = _variables(tiles)
    for group, names in _GROUPS.items():
        with save.group(group):
            for name in names:
                shown = [name] if name in VARIABLES else [f"tile{n}.{name}" for n in range(tiles)]
                for own in shown:
                    if kinds[own] is str:
                        save.trace(_path(own), datafmt="ascii")
                    else:
                        fmt = "signed" if name == "result" else "dec"
                        save.trace(f"{_path(own)}[{_NUMBER_BITS - 1}:0]", datafmt=fmt)


def _first(changes: Sequence[Change], name: str) -> int:
    """Cycle in which a variable changes first."""
    return next((change.cycle for change in changes if change.name == name), 0)


def _variables(tiles: int) -> dict[str, type]:
    own = {f"tile{n}.{name}": kind for n in range(tiles) for name, kind in TILE_VARIABLES.items()}
    return VARIABLES | own


def _path(name: str) -> str:
    return f"{_ENGINE}.{name}"


def _time(cycle: int, clock_hz: int) -> int:
    return cycle * _PICOSECONDS // clock_hz
