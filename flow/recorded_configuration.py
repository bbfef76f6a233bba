"""The configuration of a run, by what its records say."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from flow.configuration import Configuration

__all__ = ["given_values"]


def given_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with which :class:`flow.configuration.Configuration` is that of a run.

    Sections are in the order of the documentation; null means that a field was not given.

    Parameters
    ----------
    values : mapping of str to object
        What :func:`flow.recorded_values.recorded_values` gives.
    """
    given = {name: _without_null(values[name]) for name in Configuration.model_fields
             if name in values}  # fmt: skip
    try:
        Configuration.model_validate(given)
    except ValidationError:
        # Defaults of one kind of model or data may not be given beside another.
        defaults = Configuration().model_dump()
        for section in ("model", "data"):
            given[section] = {
                name: value
                for name, value in given.get(section, {}).items()
                if name == "kind" or value != defaults[section].get(name)
            }
    return given


def _without_null(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: _without_null(entry) for name, entry in value.items() if entry is not None}
