"""The command ``ohmforge compare``."""

from typing import Annotated

import typer

from arch.errors import InputError
from flow.console import Interrupted, print_json, print_wide, tell
from flow.options import Config, Json, Output, Override, Quiet

__all__ = ["EXAMPLES", "compare"]

EXAMPLES = """\
Examples:

\b
ohmforge compare examples/digits_search.yaml -o runs/agents
ohmforge compare examples/digits_search.yaml -o runs/agents --agents ddpg,uniform --seeds 0
ohmforge compare examples/digits_search.yaml -o runs/agents --executor ray --jobs 2 --json
"""
"""What ``--help`` closes with."""

_SEED_DIGITS = 10


def compare(
    config: Config,
    output: Output,
    agents: Annotated[
        str, typer.Option(metavar="NAME,...", help="Agents, as search.agent names them.")
    ] = "ddpg,uniform,global_magnitude,random,tpe",
    seeds: Annotated[str, typer.Option(metavar="N,...", help="Seeds.")] = "0,1,2",
    schemes: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Sparsity structures; that of CONFIG if not given."),
    ] = None,
    override: Override = None,
    executor: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="local (one after the other) or ray (side by side); search.executor if not given.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="With ray on this machine: how many run side by side."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let agents search for the same networks, with the same recovery and number of policies.

    For every seed, structure and agent there is a run directory in DIR; what is finished there is
    not done again. Writes comparison.json, comparison.md and comparison.png.
    """
    from flow.compare import Compared, compare_agents, judge
    from flow.compare_table import comparison_table
    from flow.read_configuration import read_configuration
    from sw.search.executor import EXECUTORS, new_executor

    configuration = read_configuration(config, override or ())
    compared = Compared(
        agents=_words(agents),
        seeds=[_seed(word) for word in _words(seeds)],
        schemes=_words(schemes) if schemes is not None else [configuration.prune.scheme],
    )
    search = configuration.search
    name = executor or (search.executor if search else "local")
    if name not in EXECUTORS:
        raise InputError(f"--executor must be {' or '.join(EXECUTORS)}, not {name!r}")
    address = search.ray_address if search else None
    with new_executor(name, address=address, cpus=jobs) as place:
        try:
            rows = compare_agents(
                configuration, output, compared, executor=place, say=_nothing if quiet else tell
            )
        except KeyboardInterrupt:
            raise Interrupted("interrupted; the same command goes on from there") from None
    if json:
        print_json({"agents": rows})
    else:
        print_wide(comparison_table(rows, title=f"{configuration.name}: agents"))
    judge(rows)


def _nothing(line: str) -> None:
    """Takes a line that nobody wants."""


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def _seed(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) <= _SEED_DIGITS):
        raise InputError(
            f"--seeds must be whole numbers from 0, at most {_SEED_DIGITS} digits, not {word!r:.60}"
        )
    return int(word)
