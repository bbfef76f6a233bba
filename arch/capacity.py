"""Capacities: how much larger an engine is than the tables at hand need, and what fits it.

The shape of an engine says what it can hold; with tables that are loaded at run time it is built
larger, so that other tables fit, too. ``docs/network-engine.md`` has the list.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from arch.errors import InputError
from arch.index_fields import INPUT_MODES, OUTPUT_MODES

__all__ = ["Capacity", "check_fits", "enlarge"]

_MODES = {"input_mode": INPUT_MODES, "output_mode": OUTPUT_MODES}
_KEYS = {"blocks": "rows", "depth": "elements"}
"""Capacities that have another name than the field of a shape."""
_UNMEASURED = ("loadable", "layer_logic")
"""Fields of a shape that say nothing about what fits."""


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What an engine can hold at least; None is what the tables at hand need.

    Parameters
    ----------
    steps, layers : int, optional
        Steps of a program, and layers among them.
    ous : int, optional
        OUs of all layers in a tile; a layer without any counts as one.
    channels : int, optional
        Output channels of all layers.
    rows, outputs : int, optional
        Rows of a layer, rounded up to row blocks; outputs of a position.
    elements : int, optional
        Elements of the feature memory.
    crossbars : int, optional
        Crossbars of a macro.
    input_mode, output_mode : str, optional
        What an index can say, see :class:`arch.engine_shape.EngineShape`; ``list`` fits all tables.
    acc_bits, out_bits, code_bits, sum_bits, count_bits, place_bits : int, optional
        Widths, see :class:`arch.engine_shape.EngineShape` and
        :class:`arch.network_shape.NetworkShape`.

    Raises
    ------
    :exc:`ValueError`
        If a capacity is not positive, or a mode is unknown.
    """

    steps: int | None = None
    layers: int | None = None
    ous: int | None = None
    channels: int | None = None
    rows: int | None = None
    outputs: int | None = None
    elements: int | None = None
    crossbars: int | None = None
    input_mode: str | None = None
    output_mode: str | None = None
    acc_bits: int | None = None
    out_bits: int | None = None
    code_bits: int | None = None
    sum_bits: int | None = None
    count_bits: int | None = None
    place_bits: int | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            modes = _MODES.get(name)
            if value is None:
                continue
            if modes is not None and value not in modes:
                raise ValueError(f"capacity {name} must be {' or '.join(modes)}, not {value!r}")
            if modes is None and (not isinstance(value, int) or value < 1):
                raise ValueError(f"capacity {name} must be a positive integer, not {value!r}")


def enlarge(needed: Any, capacity: Capacity) -> Any:
    """A shape that has every given capacity.

    Parameters
    ----------
    needed : EngineShape or NetworkShape
        What the tables at hand need.
    capacity : Capacity
        What is wanted.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If less is wanted than needed; it names the capacity, and both numbers.
    """
    raised: dict[str, Any] = {}
    for name, value in vars(needed).items():
        if is_dataclass(value) and name in ("engine", "macro"):
            raised[name] = enlarge(value, capacity)
            continue
        key = _KEYS.get(name, name)
        wanted = getattr(capacity, key, None)
        if wanted is None:
            continue
        unit = _unit(needed, name)
        raised[name] = wanted if name in _MODES else -(-wanted // unit)
        if _rank(name, raised[name]) < _rank(name, value):
            raise InputError(
                f"hardware.capacity.{key} is {wanted}, but the tables need {_said(value, unit)}"
            )
    return replace(needed, **raised)


def check_fits(needed: Any, shape: Any) -> None:
    """Refuse tables that do not fit an engine.

    Parameters
    ----------
    needed, shape : EngineShape or NetworkShape
        What the tables need, and what there is.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If anything is short, with its name and both numbers, or if the engine is another one.
    """
    for name, value, there in _pairs(needed, shape):
        key, unit = _KEYS.get(name, name), _unit(shape, name)
        if value == there or name in _UNMEASURED:
            continue
        if name in ("engine", "macro") and None not in (value, there):
            check_fits(value, there)
        elif not hasattr(Capacity, key):
            difference = _difference(name, value, there)
            raise InputError(f"the tables are for another engine: {difference}")
        elif _rank(name, value) > _rank(name, there):
            raise InputError(
                f"the tables do not fit the engine: {key} {_said(value, unit)} needed, "
                f"{_said(there, unit)} there (hardware.capacity.{key})"
            )


def _pairs(needed: Any, shape: Any) -> Iterator[tuple[str, Any, Any]]:
    for field in fields(shape):
        yield field.name, getattr(needed, field.name), getattr(shape, field.name)


def _rank(name: str, value: Any) -> int:
    """Values of one capacity in their order."""
    return _MODES[name].index(value) if name in _MODES else int(value)


def _unit(shape: Any, name: str) -> int:
    """Of what a capacity counts, how much one of the shape is: a block is several rows."""
    return int(shape.geometry.ou_rows) if name == "blocks" else 1


def _said(value: Any, unit: int) -> str:
    return value if isinstance(value, str) else str(value * unit)


def _difference(name: str, needed: Any, there: Any) -> str:
    if is_dataclass(needed) and is_dataclass(there):
        for inner, value, other in _pairs(needed, there):
            if value != other:
                return f"{name}.{inner} is {other} there, not {value}"
    if name == "macro":
        return f"its crossbar is {'emulated' if there is None else 'a macro'}"
    return f"{name} is {there} there, not {needed}"
