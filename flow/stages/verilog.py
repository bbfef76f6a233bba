"""Verilog: from mapping tables to Verilog and memory images."""

from arch.program import build_program
from arch.table_files import load
from flow.json_file import write_json
from flow.stage import Context
from flow.stages.map import TABLES
from hw.emit import write_verilog

__all__ = ["HASH", "run"]

HASH = "hash.json"
"""``sha256`` of all generated files together."""


def run(context: Context) -> None:
    """Write the generated files and :data:`HASH`."""
    program = build_program(load(context.inputs["map"] / TABLES))
    context.output.mkdir()
    files = write_verilog(program, context.output)
    write_json(context.output / HASH, {"sha256": files.sha256})
