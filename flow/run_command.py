"""The command ``ohmforge run``."""

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from flow.complete import STAGE_NAMES, stages, stages_or_all
from flow.console import Interrupted, err
from flow.options import Config, Output, Override, Quiet
from flow.report_command import print_report

__all__ = ["EXAMPLES", "RunCommand", "run"]

EXAMPLES = """\
Examples:

\b
ohmforge run examples/digits.yaml -o runs/digits
ohmforge run examples/digits.yaml -o runs/digits --until map
ohmforge run examples/digits.yaml -o runs/digits --force prune
ohmforge run examples/digits.yaml -o runs/half --set prune.ratio=0.5 --quiet
"""
"""What ``--help`` closes with."""


class RunCommand(TyperCommand):
    """``run``, whose ``--force`` may stand alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        spelt = []
        for index, word in enumerate(args):
            spelt.append(word)
            following = args[index + 1] if index + 1 < len(args) else ""
            if word == "--force" and following not in (*STAGE_NAMES, "all"):
                spelt.append("all")
        return super().parse_args(ctx, spelt)


def run(
    config: Config,
    output: Output,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="STAGE",
            help=f"The last stage to run: {', '.join(STAGE_NAMES)}.",
            autocompletion=stages,
        ),
    ] = None,
    force: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[STAGE]",
            help="Run this stage, or all if none is named, even if nothing changed.",
            autocompletion=stages_or_all,
        ),
    ] = None,
    override: Override = None,
    quiet: Quiet = False,
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
    with Terminal(err(), quiet=quiet) as terminal:
        job = Job(configuration, RunDirectory.create(output), stages=STAGES, listener=terminal)
        try:
            job.run(until=until, force=force or ())
        except KeyboardInterrupt:
            where = f" in stage {terminal.stage}" if terminal.stage else ""
            raise Interrupted(f"interrupted{where}; the same command goes on from there") from None
    if until in (None, STAGES[-1].name):
        print_report(output)
    job.judge(until=until)
