"""The command ``ohmforge host DIR trace``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flow.console import print_json, say
from flow.options import Json

if TYPE_CHECKING:
    from flow.host_session import Connection
    from host.target import Target
    from host.trace import TraceSettings

__all__ = ["trace"]

_FAILED = 1


def trace(
    ctx: typer.Context,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The waveform; .gtkw goes beside it."),
    ],
    image: Annotated[int, typer.Option(min=0, metavar="N", help="Which image of DIR.")] = 0,
    step: Annotated[
        str | None, typer.Option(metavar="NAME", help="Record this layer or operation alone.")
    ] = None,
    kinds: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Of image,step,cause,ou,result,error,load; all but result unless given.",
        ),
    ] = None,
    passes: Annotated[
        int,
        typer.Option(
            "--pass", min=0, max=(1 << 32) - 1, metavar="N", help="Pass over N events first."
        ),
    ] = 0,
    ring: Annotated[
        bool, typer.Option("--ring", help="Keep the last events, not the first.")
    ] = False,
    json: Json = False,
) -> None:
    """Run an image, and write what the engine did cycle by cycle as a waveform."""
    from flow.host_session import session
    from flow.host_trace import kinds_of, save_path, steps_of, trace_image, trace_lines
    from host.trace import TraceSettings

    connection: Connection = ctx.obj
    chosen = kinds_of(kinds)
    save_path(output)

    def settings(target: "Target") -> "TraceSettings":
        first, last = steps_of(target, step)
        return TraceSettings(
            kinds=chosen, first_step=first, last_step=last, passes=passes, ring=ring
        )

    with session(connection) as there:
        found = trace_image(there, image, settings, output)
    if json:
        print_json(found)
    else:
        for line in trace_lines(found):
            say(line)
        if found["problem"]:
            say(f"the image did not end: {found['problem']}")
    if found["problem"]:
        raise typer.Exit(_FAILED)
