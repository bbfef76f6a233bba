"""What a testbench reads before it begins: the tables, and the names in their Verilog."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cocotb

from arch.table_files import load
from arch.tables import MappingTables
from cosim.case import Case

__all__ = ["built_as", "read_tables"]


def read_tables(case: Case) -> tuple[MappingTables, dict[str, Any]]:
    """The tables of the case, and ``names.json`` of the Verilog that runs.

    Raises
    ------
    :exc:`ValueError`
        If the Verilog is of other tables.
    """
    tables = load(Path(case.tables))
    names = json.loads(Path("names.json").read_text())
    if names["tables_sha256"] != tables.sha256:
        raise ValueError(
            f"the Verilog is of tables {names['tables_sha256']}, "
            f"but {case.tables} is {tables.sha256}"
        )
    cocotb.log.info("golden model reads tables %s", tables.sha256)
    return tables, names


def built_as(names: Mapping[str, Any]) -> dict[str, Any]:
    """What the program must be built with, by ``names.json``: the crossbar, and the planes."""
    return {
        "macro_latency": names.get("macro", {}).get("latency"),
        "skip_zero_planes": names["skip_zero_planes"],
    }
