"""The command ``ohmforge host``: speak to a device."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from flow.console import print_json, say
from flow.host_trace_command import trace
from flow.options import Json, Quiet, TablesPath

if TYPE_CHECKING:
    from flow.host_session import Connection

__all__ = ["EXAMPLES", "app"]

EXAMPLES = """\
Examples:

\b
ohmforge host runs/digits --port golden info
ohmforge host runs/digits --port golden selftest
ohmforge host runs/digits --port simulation selftest
ohmforge host runs/digits --port golden infer --images 20
"""
"""What ``--help`` closes with."""
_FAILED = 1
_OPTIONS = ("--port", "--baud", "--names", "--timeout")
_FLAGS = ("--quiet", "-q")


class _HostGroup(TyperGroup):
    """Commands whose common options may stand anywhere."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        first: list[str] = []
        others: list[str] = []
        words = iter(args)
        for word in words:
            if word in _FLAGS or word.startswith(tuple(f"{option}=" for option in _OPTIONS)):
                first.append(word)
            elif word in _OPTIONS:
                first += [word, *[value for value in [next(words, None)] if value is not None]]
            else:
                others.append(word)
        return super().parse_args(ctx, first + others)


app = typer.Typer(cls=_HostGroup, rich_markup_mode=None, no_args_is_help=True)


@app.callback(epilog=EXAMPLES)
def host(
    ctx: typer.Context,
    directory: TablesPath,
    port: Annotated[
        str | None,
        typer.Option(
            metavar="PORT",
            help="The serial port of the device; or simulation: the RTL, simulated for as long as "
            "the command needs it; or golden: a model of the device in Python.",
        ),
    ] = None,
    baud: Annotated[
        int | None, typer.Option(metavar="BITS", help="Bits a second, if link.json is missing.")
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="names.json of the engine in the device, if another run made it."
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="How long an answer, and any progress, may take."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Speak to a device that runs the network: a board, a simulation, or a model."""
    from arch.errors import InputError
    from flow.host_session import Connection

    if timeout is not None and not 0 < timeout < float("inf"):
        raise InputError(f"--timeout must be more than 0 seconds, not {timeout}")
    ctx.obj = Connection(
        directory=directory, port=port, baud=baud, names=names, timeout=timeout, quiet=quiet
    )


@app.command()
def info(ctx: typer.Context, json: Json = False) -> None:
    """Say what the device is, and whether it is one for DIR."""
    from flow.host_info import describe, info_lines
    from flow.host_session import session

    connection: Connection = ctx.obj
    with session(connection) as there:
        found = describe(there)
    if json:
        print_json(found)
    else:
        for line in info_lines(found):
            say(line)
    if found["problem"]:
        raise typer.Exit(_FAILED)


@app.command()
def load(ctx: typer.Context, json: Json = False) -> None:
    """Load the tables of DIR into a device that takes them."""
    from flow.host_bar import bar
    from flow.host_session import session

    connection: Connection = ctx.obj
    with session(connection) as there:
        target = there.target
        there.device.check(target, tables=False)
        with bar("load", "words", quiet=connection.quiet) as progress:
            there.device.load(target, progress)
    words = len(target.load_image) // 4
    if json:
        print_json({"words": words, "tables_sha256": target.tables.sha256})
    else:
        say(f"loaded {words} words, tables {target.tables.sha256}")


@app.command()
def infer(
    ctx: typer.Context,
    images: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="The first so many; all unless given.")
    ] = None,
    json: Json = False,
) -> None:
    """Run the images of DIR through the device, and count the classes that are right."""
    from flow.host_bar import bar
    from flow.host_infer import infer_lines, run_images
    from flow.host_session import session

    connection: Connection = ctx.obj
    with session(connection) as there, bar("infer", "images", quiet=connection.quiet) as progress:
        found = run_images(there, images, progress)
    if json:
        print_json(found)
        return
    for line in infer_lines(found):
        say(line)


@app.command()
def counters(ctx: typer.Context, json: Json = False) -> None:
    """Say what the counters of engine and link stand at."""
    from flow.host_session import session

    connection: Connection = ctx.obj
    with session(connection) as there:
        found = {"engine": there.device.counters(), "link": there.device.link_counters()}
    if json:
        print_json(found)
        return
    for part, values in found.items():
        for name, value in values.items():
            say(f"{part:<7} {name:<15} {value}")


@app.command()
def status(ctx: typer.Context, json: Json = False) -> None:
    """Say what the device does, and the first error since the last time."""
    from flow.host_session import session

    connection: Connection = ctx.obj
    with session(connection) as there:
        found: dict[str, Any] = {
            "engine": there.device.engine.fields("status"),
            "link": there.device.link_registers.fields("status"),
            "error": there.device.error(),
        }
    if json:
        print_json(found)
        return
    for part in ("engine", "link"):
        say(f"{part:<7} {', '.join(f'{name} {value}' for name, value in found[part].items())}")
    say(f"error   {found['error'] or 'none'}")


@app.command()
def selftest(
    ctx: typer.Context,
    until: Annotated[
        str | None, typer.Option(metavar="RUNG", help="The last rung to climb, by name or number.")
    ] = None,
    images: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Images back to back; 100, or fewer of a large network."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Climb the ladder: each rung tests one thing more, up to the throughput of the network."""
    from flow.host_bar import bar
    from flow.host_selftest import ladder, outcome_lines, summary
    from flow.host_session import session

    connection: Connection = ctx.obj
    outcomes = []
    with session(connection) as there, bar("climb", "", quiet=connection.quiet) as progress:
        for outcome in ladder(there, until=until, frames=images, progress=progress):
            outcomes.append(outcome)
            if not json:
                for line in outcome_lines(outcome):
                    say(line)
    found = summary(outcomes)
    if json:
        print_json(found)
    else:
        say(found["line"])
    if found["failed"]:
        raise typer.Exit(_FAILED)


app.command()(trace)
