"""The command ``ohmforge load-image``."""

from pathlib import Path
from typing import Annotated

import typer

from flow.console import say
from flow.options import TablesPath

__all__ = ["EXAMPLES", "load_image"]

EXAMPLES = """\
Examples:

\b
ohmforge load-image runs/digits --for runs/other/verilog/network/names.json -o digits.img
"""
"""What ``--help`` closes with."""


def load_image(
    directory: TablesPath,
    names: Annotated[
        Path,
        typer.Option(
            "--for",
            metavar="NAMES_JSON",
            help="names.json beside the Verilog of the network engine that is to load them.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The load image.")],
) -> None:
    """Pack mapping tables for a network engine that exists, if they fit it."""
    from arch.load_image import load_image as pack
    from arch.network_program import build_network_program
    from arch.table_files import load
    from arch.validate import validate
    from flow.json_file import write_bytes
    from flow.names_file import read_shape
    from flow.tables_path import tables_of

    shape = read_shape(names)
    tables = tables_of(directory)
    validate(tables)  # a value that fits no field is found here, with layer and OU
    program = build_network_program(load(tables), shape=shape)
    image = pack(program)
    write_bytes(output, image)
    say(f"{output}: {len(image) // 4} words, tables {program.tables_sha256}")
