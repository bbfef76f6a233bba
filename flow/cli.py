"""The command ``ohmforge``.

The commands print, and turn our own errors into one line and an exit status; the work is elsewhere.
What takes long to import is imported by the command that needs it, so that ``--help`` is quick.
"""

import errno
import os
import sys
import warnings
from importlib import metadata
from typing import Annotated

import typer

from arch.errors import OhmforgeError
from flow import (
    check_command,
    compare_command,
    device_command,
    diff_command,
    doctor_command,
    explain_command,
    export_command,
    fpga_command,
    host_command,
    load_image_command,
    report_command,
    run_command,
    sweep_command,
    validate_command,
)
from flow.console import Interrupted, err, out, visible, write_anything
from flow.options import Quiet

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
_TELLING = ("run", "sweep", "compare", "device", "host")
"""Commands that tell of the work that goes on, and so have ``--quiet``."""

app = typer.Typer(
    name="ohmforge",
    help="From a trained neural network to proven Verilog for ReRAM crossbars.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        out().print(f"ohmforge {metadata.version('ohmforge')}", highlight=False)
        raise typer.Exit


@app.callback(
    epilog="Exit status: 0 all well; 1 a check of the product failed; 2 bad input or a missing "
    "tool; 130 interrupted. Every command has --help, with examples."
)
def root(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version."),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """From a trained neural network to proven Verilog for ReRAM crossbars."""
    if quiet:
        ctx.default_map = {name: {"quiet": True} for name in _TELLING}


app.command(epilog=check_command.EXAMPLES)(check_command.check)
app.command(cls=run_command.RunCommand, epilog=run_command.EXAMPLES)(run_command.run)
app.command(epilog=report_command.EXAMPLES)(report_command.report)
app.command(epilog=diff_command.EXAMPLES)(diff_command.diff)
app.command(epilog=explain_command.EXAMPLES)(explain_command.explain)
app.command(epilog=validate_command.EXAMPLES)(validate_command.validate)
app.command(epilog=doctor_command.EXAMPLES)(doctor_command.doctor)
app.command(epilog=fpga_command.EXAMPLES)(fpga_command.fpga)
app.command("load-image", epilog=load_image_command.EXAMPLES)(load_image_command.load_image)
app.command(epilog=device_command.EXAMPLES)(device_command.device)
app.add_typer(host_command.app, name="host")
app.command(epilog=export_command.EXAMPLES)(export_command.export)
app.command(epilog=sweep_command.EXAMPLES)(sweep_command.sweep)
app.command(epilog=compare_command.EXAMPLES)(compare_command.compare)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    write_anything()
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
    err().print(f"ohmforge: {visible(line)}", markup=False, highlight=False, soft_wrap=True)
    return status
