"""The values of the configuration that decided a run, as one nested mapping."""

from collections.abc import Mapping
from typing import Any

__all__ = ["recorded_values"]


def recorded_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nest values that are given by dotted path.

    A section that is given whole and field by field is put together. A section whose fields are all
    null was not in the configuration, and is left out.

    Parameters
    ----------
    values : mapping of str to object
        As in :attr:`flow.run_directory.Record.configuration`.
    """
    nested: dict[str, Any] = {}
    # Whole sections before their fields, in the order of the paths: the same for every run.
    for path, value in sorted(values.items()):
        *parents, name = path.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        if isinstance(value, Mapping):
            place[name] = place.get(name, {}) | value
        else:
            place[name] = value
    return {
        name: value
        for name, value in nested.items()
        if not isinstance(value, dict) or any(field is not None for field in value.values())
    }
