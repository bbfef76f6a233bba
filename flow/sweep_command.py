"""The command ``ohmforge sweep``."""

from pathlib import Path
from typing import Annotated

import typer

from arch.errors import InputError
from flow.complete import configurations
from flow.console import Interrupted, print_json, say
from flow.options import Json, Output, Override, Quiet

__all__ = ["EXAMPLES", "sweep"]

EXAMPLES = """\
Examples:

\b
ohmforge sweep -o runs/sweep
ohmforge sweep -o runs/sweep --strength 3 --seed 2
ohmforge sweep examples/digits.yaml -o runs/hardware --set cosim.network_images=2
"""
"""What ``--help`` closes with."""


def sweep(
    output: Output,
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG]",
            help="A network whose hardware is swept; see docs/configuration.md.",
            autocompletion=configurations,
        ),
    ] = None,
    strength: Annotated[
        int,
        typer.Option(min=1, help="Every combination of so many parameters occurs."),
    ] = 2,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="Without CONFIG: seed of weights, inputs and stalls; 1 if not given."
        ),
    ] = None,
    override: Override = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Prove the generator on random layers of many geometries, or on every hardware of CONFIG.

    With CONFIG, its whole job is carried out with both sparsity structures and sign encodings, and
    with every value of the fields of hardware; what is finished is not done again.
    """
    from dataclasses import asdict

    from flow.network_sweep import PARAMETERS as NETWORK_PARAMETERS
    from flow.network_sweep import sweep_network
    from flow.read_configuration import read_configuration
    from flow.sweep import PARAMETERS, sweep_all
    from flow.swept_case import judge_cases

    most = len(PARAMETERS if config is None else NETWORK_PARAMETERS)
    if strength > most:
        raise InputError(f"--strength must be at most {most}, not {strength}")
    if config is None and override:
        raise InputError("--set goes with CONFIG only")
    if config is not None and seed is not None:
        raise InputError("--seed goes without CONFIG only")
    say_case = _nothing if json or quiet else say
    try:
        if config is None:
            cases = sweep_all(
                output, strength=strength, seed=1 if seed is None else seed, say=say_case
            )
        else:
            configuration = read_configuration(config, override or ())
            cases = sweep_network(configuration, output, strength=strength, say=say_case)
    except KeyboardInterrupt:
        raise Interrupted("interrupted") from None
    compared = sum(case.outputs_compared or 0 for case in cases)
    problems = sum(len(case.problems) for case in cases)
    if json:
        print_json(
            {
                "cases": [asdict(case) for case in cases],
                "outputs_compared": compared,
                "problems": problems,
            }
        )
    else:
        say(f"{len(cases)} cases, {compared} outputs compared, {problems} problems")
    judge_cases(cases)


def _nothing(line: str) -> None:
    """Takes a line that nobody wants."""
