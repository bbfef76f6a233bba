"""The command ``ohmforge export``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flow.console import say, tell
from flow.options import TablesPath

__all__ = ["EXAMPLES", "Kind", "Polarity", "Top", "export"]

EXAMPLES = """\
Examples:

\b
ohmforge export runs/digits -o digits_axi
ohmforge export runs/digits -o digits --top native --reset-polarity low --reset-kind async
ohmforge export runs/digits -o digits_axi --name digits --stream-bytes 4 --clock 100
"""
"""What ``--help`` closes with."""


class Top(StrEnum):
    """What the top module shows."""

    AXI = "axi"
    NATIVE = "native"


class Polarity(StrEnum):
    """Level at which the reset is active."""

    LOW = "low"
    HIGH = "high"


class Kind(StrEnum):
    """Whether the reset changes with the clock."""

    SYNC = "sync"
    ASYNC = "async"


def export(
    directory: TablesPath,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="OUT", help="Where to; an older export there is replaced."
        ),
    ],
    top: Annotated[
        Top,
        typer.Option("--top", help="AXI4-Lite and AXI4-Stream, or the engine's own ports."),
    ] = Top.AXI,
    polarity: Annotated[
        Polarity | None,
        typer.Option("--reset-polarity", help="Low for axi, high for native, unless stated."),
    ] = None,
    kind: Annotated[
        Kind,
        typer.Option("--reset-kind", help="Whether the reset changes with the clock, or any time."),
    ] = Kind.SYNC,
    name: Annotated[
        str, typer.Option("--name", help="Name of the top module and of the files.")
    ] = "ohmforge",
    stream_bytes: Annotated[
        int, typer.Option("--stream-bytes", help="Bytes of a transfer of images, of axi: 1 or 4.")
    ] = 1,
    clock: Annotated[
        float, typer.Option("--clock", metavar="MHZ", help="The clock in the constraints.")
    ] = 50.0,
) -> None:
    """Write the network engine of a run for other flows.

    Verilog with the reset and the ports that you want, a FuseSoC core file, constraints, and the
    registers as HTML, C, Python, CMSIS-SVD and IP-XACT; docs/integration.md says how to use them.
    """
    from flow.export import Choice, export_run
    from flow.run_hardware import has_hardware

    native = top is Top.NATIVE
    choice = Choice(
        top=top.value,
        polarity=(polarity or (Polarity.HIGH if native else Polarity.LOW)).value,
        kind=kind.value,
        name=name,
        stream_bytes=stream_bytes,
        clock_mhz=clock,
    )
    tables = export_run(directory, output, choice)
    if not has_hardware(directory):
        tell(f"{directory} has no Verilog yet: the hardware is as by default")
    say(f"{output}: module {name} ({top.value}), tables {tables}")
