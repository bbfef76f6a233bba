"""What a testbench reads before it begins: the tables, and the names in their Verilog."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cocotb

from arch.network_shape import BUILD_OPTIONS
from arch.shape_record import shape_from_record
from arch.table_files import load
from arch.tables import MappingTables
from cosim.case import Case

__all__ = ["built_as", "read_tables"]


def read_tables(case: Case, directory: str = "") -> tuple[MappingTables, dict[str, Any]]:
    """The tables of the case, and ``names.json`` of the Verilog that runs.

    Parameters
    ----------
    case : Case
        The case.
    directory : str
        Other tables than those of the case, for an engine that loads them.

    Raises
    ------
    :exc:`ValueError`
        If the Verilog is of other tables.
    """
    tables = load(Path(directory or case.tables))
    names = json.loads(Path("names.json").read_text())
    if "shape" not in names and names["tables_sha256"] != tables.sha256:
        raise ValueError(
            f"the Verilog is of tables {names['tables_sha256']}, "
            f"but {case.tables} is {tables.sha256}"
        )
    cocotb.log.info("golden model reads tables %s", tables.sha256)
    return tables, names


def built_as(names: Mapping[str, Any]) -> dict[str, Any]:
    """What the program must be built with, by ``names.json``: the engine, or how it was built."""
    if "shape" in names:
        return {"shape": shape_from_record(names["shape"], origin="names.json")}
    return {
        "macro_latency": names.get("macro", {}).get("latency"),
        "skip_zero_planes": names["skip_zero_planes"],
        **{name: names[name] for name in BUILD_OPTIONS if name in names},
    }
