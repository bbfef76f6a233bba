"""What ``names.json`` beside the Verilog says of an engine, for those who pack tables for it."""

from pathlib import Path

from arch.errors import InputError
from arch.network_shape import NetworkShape
from arch.shape_record import shape_from_record
from flow.json_file import read_json

__all__ = ["read_shape"]


def read_shape(path: Path) -> NetworkShape:
    """The shape of the network engine.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If it cannot be read, or is not of an engine that loads its tables.
    """
    names = read_json(path)
    if not isinstance(names, dict) or "memories" not in names:
        raise InputError(f"{path}: is not names.json of an engine")
    if "shape" not in names:
        raise InputError(
            f"{path}: is of an engine that loads no tables; generate it with "
            "hardware.tables: loadable"
        )
    return shape_from_record(names["shape"], origin=str(path))
