"""A host operation as plain data and back, as manifests and integer networks hold it."""

from dataclasses import asdict, fields
from typing import Any

from arch.fixed import ActFormat, OutFormat
from arch.host import HostSpec

__all__ = ["host_from_record", "host_to_record"]

_TYPES: dict[str, type] = {"name": str, "kind": str, "channels_before": int, "shift": int}
_LISTS: dict[str, tuple[type, int | None]] = {
    "sources": (str, None),
    "in_shape": (int, 3),
    "out_shape": (int, 3),
    "stride": (int, 2),
    "kernel": (int, 2),
    "padding": (int, 2),
    "multipliers": (int, None),
}
_LATER = {"kernel": None, "padding": [0, 0]}
"""Fields that are not written while they say nothing: files from before have none of them."""
_SIZE_MAX = 1 << 24


def host_to_record(operation: HostSpec) -> dict[str, Any]:
    """Every field by name; what JSON can hold."""
    record = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(operation).items()
    }
    return {
        key: value for key, value in record.items() if key not in _LATER or value != _LATER[key]
    }


def host_from_record(record: Any) -> HostSpec:
    """The operation of a record from any source.

    Raises
    ------
    :exc:`ValueError`
        If a field is missing, unknown, or of a wrong type or value.
    """
    values = _fields_of(_LATER | record if isinstance(record, dict) else record, HostSpec)
    for name, kind in _TYPES.items():
        if type(values[name]) is not kind or _is_large(values[name]):
            raise ValueError(f"{name} must be of type {kind.__name__}, not {values[name]!r:.80}")
    for name, (kind, length) in _LISTS.items():
        items = values[name]
        if items is None and name == "kernel":
            continue
        if (
            not isinstance(items, list)
            or (length is not None and len(items) != length)
            or not all(type(item) is kind and not _is_large(item) for item in items)
        ):
            raise ValueError(f"{name} must be a list of type {kind.__name__}, not {items!r:.80}")
        values[name] = tuple(items)
    if not isinstance(values["activations"], list):
        raise ValueError(f"activations must be a list, not {values['activations']!r:.80}")
    values["activations"] = tuple(
        ActFormat(**_format_of(form, ActFormat)) for form in values["activations"]
    )
    values["output"] = OutFormat(**_format_of(values["output"], OutFormat))
    return HostSpec(**values)


def _is_large(value: Any) -> bool:
    return isinstance(value, int) and not 0 <= value <= _SIZE_MAX


def _fields_of(record: Any, kind: type) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    if not isinstance(record, dict) or set(record) != names:
        raise ValueError(f"{kind.__name__} must have exactly the fields {', '.join(sorted(names))}")
    return dict(record)


def _format_of(record: Any, kind: type) -> dict[str, Any]:
    values = _fields_of(record, kind)
    for name, value in values.items():
        expected = bool if name == "signed" else int
        if type(value) is not expected:
            raise ValueError(f"{name} must be of type {expected.__name__}, not {value!r:.80}")
    return values
