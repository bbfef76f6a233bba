"""The command ``ohmforge``.

The commands print, and turn our own errors into one line and an exit status; the work is elsewhere.
What takes long to import is imported by the command that needs it, so that ``--help`` is quick.
"""

import errno
import os
import sys
import warnings
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from arch.errors import OhmforgeError, ToolError
from flow.compare_command import compare
from flow.console import Interrupted, err, out, print_wide, say
from flow.explain_command import EXAMPLES as EXPLAIN_EXAMPLES
from flow.explain_command import explain
from flow.load_image_command import load_image
from flow.options import Config, Override
from flow.sweep_command import sweep

__all__ = ["app", "main"]

INTERRUPTED = 130
"""Exit status after Ctrl-C."""
_NO_FILE = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EISDIR,
    errno.ENOENT,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}
_STAGES = ("train", "search", "prune", "quantise", "map", "verilog", "cosim", "report")

app = typer.Typer(
    name="ohmforge",
    help="From a trained neural network to proven Verilog for ReRAM crossbars.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class _RunCommand(TyperCommand):
    """``run``, whose ``--force`` may stand alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        spelt = []
        for index, word in enumerate(args):
            spelt.append(word)
            following = args[index + 1] if index + 1 < len(args) else ""
            if word == "--force" and following not in (*_STAGES, "all"):
                spelt.append("all")
        return super().parse_args(ctx, spelt)


def _print_version(wanted: bool) -> None:
    if wanted:
        out().print(f"ohmforge {metadata.version('ohmforge')}", highlight=False)
        raise typer.Exit


@app.callback(
    epilog="Exit status: 0 all well; 1 a check of the product failed; 2 bad input or a missing "
    "tool; 130 interrupted."
)
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """From a trained neural network to proven Verilog for ReRAM crossbars."""


@app.command()
def doctor() -> None:
    """Look for every tool that a run needs, and say how to get what is missing."""
    from rich.table import Table

    from flow.doctor import examine

    findings = examine()
    table = Table("tool", "", "", box=None, show_header=False, pad_edge=False)
    for finding in findings:
        table.add_row("ok" if finding.found else "MISSING", finding.tool, finding.text)
    out().print(table, soft_wrap=True)
    missing = [finding.tool for finding in findings if not finding.found]
    if missing:
        raise ToolError(f"missing: {', '.join(missing)}")


@app.command(cls=_RunCommand)
def run(
    config: Config,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIR", help="The run directory; made if it is not there."
        ),
    ],
    until: Annotated[
        str | None,
        typer.Option(metavar="STAGE", help=f"The last stage to run: {', '.join(_STAGES)}."),
    ] = None,
    force: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[STAGE]",
            help="Run this stage, or all if none is named, even if nothing changed.",
        ),
    ] = None,
    override: Override = None,
) -> None:
    """Carry out the job in CONFIG: train, prune, map, write the Verilog, prove it, report.

    A stage whose inputs did not change is not run again, so an interrupted run goes on where it
    stopped. policy.yaml in DIR may be edited by hand; the edit is kept and used.
    """
    from flow.job import Job, check_names
    from flow.read_configuration import read_configuration
    from flow.run_directory import RunDirectory
    from flow.stages import STAGES
    from flow.terminal import Terminal

    configuration = read_configuration(config, override or ())
    check_names(STAGES, until=until, force=force or ())
    with Terminal(err()) as terminal:
        job = Job(configuration, RunDirectory.create(output), stages=STAGES, listener=terminal)
        try:
            job.run(until=until, force=force or ())
        except KeyboardInterrupt:
            where = f" in stage {terminal.stage}" if terminal.stage else ""
            raise Interrupted(f"interrupted{where}; the same command goes on from there") from None
    if until in (None, STAGES[-1].name):
        _print_report(output)
    job.judge(until=until)


@app.command()
def validate(
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Mapping tables, or a run directory that has them."),
    ],
) -> None:
    """Check mapping tables, without the code that made them."""
    from arch.validate import validate as validate_tables
    from flow.tables_path import tables_of

    for line in validate_tables(tables_of(directory)).lines():
        say(line)


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A run directory.")],
) -> None:
    """Print the tables that a run closes with, and write the page report.html.

    Of a run that is not finished the page has what is there.
    """
    from flow.page import PAGE, write_page
    from flow.page.open_run import open_run
    from flow.report_file import REPORT
    from flow.run_directory import RunDirectory

    opened = RunDirectory.open(directory)
    run = open_run(opened)
    write_page(directory / PAGE, run)
    if run.missing:
        say(f"no {REPORT}, or an old one: {', '.join(run.missing)} not done, or not up to date")
        say(_page_line(directory))
    else:
        _print_report(directory)


app.command(epilog=EXPLAIN_EXAMPLES)(explain)
app.command("load-image")(load_image)
app.command()(sweep)
app.command()(compare)


def _print_report(directory: Path) -> None:
    from flow.report_file import REPORT, read_report
    from flow.report_table import report_tables

    tables = report_tables(read_report(directory / REPORT))
    print_wide(tables)
    say(_page_line(directory))


def _page_line(directory: Path) -> str:
    from flow.page import PAGE

    return f"page          {directory / PAGE}"


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        # Typer returns the status of what ended early, 130 after Ctrl-C, and None otherwise.
        status = app(args=words or ["--help"], prog_name="ohmforge", standalone_mode=False) or 0
        if status == INTERRUPTED:
            _fail("interrupted", status)
    except OhmforgeError as error:
        status = _fail(str(error), error.exit_status)
    except typer.TyperException as error:
        status = _fail(f"{error.format_message()} (see --help)", 2)
    except Interrupted as error:
        status = _fail(str(error), INTERRUPTED)
    except (typer.Abort, KeyboardInterrupt):
        status = _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has gone; nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except OSError as error:
        if error.errno not in _NO_FILE or error.filename is None:
            raise
        status = _fail(f"{error.filename}: {error.strerror}", 2)
    sys.exit(status)


def _fail(message: str, status: int) -> int:
    # Hardware that was being built when it stopped would warn as the process ends.
    warnings.simplefilter("ignore")
    line = " ".join(message.split())
    err().print(f"ohmforge: {line}", markup=False, highlight=False, soft_wrap=True)
    return status
