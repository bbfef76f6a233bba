"""The command ``ohmforge sweep``."""

from pathlib import Path
from typing import Annotated

import typer

from arch.errors import InputError
from flow.console import Interrupted, say
from flow.options import Output, Override

__all__ = ["sweep"]


def sweep(
    output: Output,
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG]", help="A network whose hardware is swept; see docs/configuration.md."
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
) -> None:
    """Prove the generator on random layers of many geometries, or on every hardware of CONFIG.

    With CONFIG, its whole job is carried out with both sparsity structures and sign encodings, and
    with every value of the fields of hardware; what is finished is not done again.
    """
    from flow.network_sweep import PARAMETERS as NETWORK_PARAMETERS
    from flow.network_sweep import sweep_network
    from flow.read_configuration import read_configuration
    from flow.sweep import PARAMETERS, sweep_all

    most = len(PARAMETERS if config is None else NETWORK_PARAMETERS)
    if strength > most:
        raise InputError(f"--strength must be at most {most}, not {strength}")
    if config is None and override:
        raise InputError("--set goes with CONFIG only")
    if config is not None and seed is not None:
        raise InputError("--seed goes without CONFIG only")
    try:
        if config is None:
            sweep_all(output, strength=strength, seed=1 if seed is None else seed, say=say)
        else:
            configuration = read_configuration(config, override or ())
            sweep_network(configuration, output, strength=strength, say=say)
    except KeyboardInterrupt:
        raise Interrupted("interrupted") from None
