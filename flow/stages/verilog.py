"""Verilog: from mapping tables to Verilog and memory images."""

from arch.network_program import build_network_program
from arch.program import build_program
from arch.table_files import load
from flow.json_file import write_json
from flow.stage import Context
from flow.stages.map import TABLES
from hw.emit import EmittedFiles, write_verilog

__all__ = ["HASH", "NETWORK", "run"]

HASH = "hash.json"
"""``sha256`` of all generated files together."""
NETWORK = "network"
"""Directory of the files of the network engine, in that of the layer engine's."""


def run(context: Context) -> None:
    """Write the generated files and :data:`HASH`."""
    tables = load(context.inputs["map"] / TABLES)
    hardware = context.configuration.hardware
    program = build_network_program(tables, **hardware.network_built_as)
    context.output.mkdir()
    files = write_verilog(build_program(tables, **hardware.built_as), context.output)
    (context.output / NETWORK).mkdir()
    network = write_verilog(program, context.output / NETWORK)
    every = EmittedFiles(files | {f"{NETWORK}/{name}": text for name, text in network.items()})
    write_json(context.output / HASH, {"sha256": every.sha256})
