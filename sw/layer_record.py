"""A layer's specification as plain data and back, checked."""

from dataclasses import asdict, fields
from typing import Any

from arch.fixed import ActFormat, OutFormat
from arch.layer import LayerSpec

__all__ = ["spec_from_record", "spec_to_record"]

_LENGTHS = {
    "in_shape": 3,
    "out_shape": 3,
    "kernel": 2,
    "stride": 2,
    "padding": 2,
    "dilation": 2,
}
_LATER = {"groups": 1}
"""Fields that are not written while they say nothing: files from before have none of them."""
_TEXTS = ("name", "kind", "source", "scheme")
_SIZE_MAX = 1 << 24


def spec_to_record(spec: LayerSpec) -> dict[str, Any]:
    """Every field by name; what JSON can hold."""
    return {
        key: value
        for key, value in asdict(spec).items()
        if key not in _LATER or value != _LATER[key]
    }


def spec_from_record(record: Any) -> LayerSpec:
    """The specification of a record from any source.

    Raises
    ------
    :exc:`ValueError`
        If a field is missing, unknown, or of a wrong type or value.
    """
    values = _checked_fields(_LATER | record if isinstance(record, dict) else record, LayerSpec)
    for name in _TEXTS:
        if not isinstance(values[name], str):
            raise ValueError(f"{name} must be text, not {values[name]!r:.80}")
    (values["groups"],) = _sizes("groups", [values["groups"]], 1)
    for name, length in _LENGTHS.items():
        values[name] = _sizes(name, values[name], length)
    values["activation"] = ActFormat(**_format_fields(values["activation"], ActFormat))
    values["output"] = OutFormat(**_format_fields(values["output"], OutFormat))
    return LayerSpec(**values)


def _checked_fields(record: Any, kind: type) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    if not isinstance(record, dict) or set(record) != names:
        raise ValueError(f"{kind.__name__} must have exactly the fields {', '.join(sorted(names))}")
    return dict(record)


def _sizes(name: str, values: Any, length: int) -> tuple[int, ...]:
    if (
        not isinstance(values, list)
        or len(values) != length
        or not all(type(value) is int and 0 <= value <= _SIZE_MAX for value in values)
    ):
        raise ValueError(
            f"{name} must be {length} integers of 0 to {_SIZE_MAX}, not {values!r:.80}"
        )
    return tuple(values)


def _format_fields(record: Any, kind: type) -> dict[str, Any]:
    values = _checked_fields(record, kind)
    for name, value in values.items():
        expected = bool if name == "signed" else int
        if type(value) is not expected:
            raise ValueError(f"{name} must be of type {expected.__name__}, not {value!r:.80}")
    return values
