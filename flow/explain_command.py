"""The command ``ohmforge explain``."""

from typing import Annotated

import typer

from arch.errors import InputError
from flow.complete import layers
from flow.console import print_json, say
from flow.options import Json, TablesPath

__all__ = ["EXAMPLES", "explain"]

EXAMPLES = """\
Examples:

\b
ohmforge explain runs/digits --layer conv2 --row 3 --col 4
ohmforge explain runs/digits --layer conv2 --ou 7
ohmforge explain runs/digits --layer conv2 --ou 7 --plane 5 --position 10
ohmforge explain runs/digits --cycle 2000
ohmforge explain runs/digits --cycle 2000 --layer conv2
ohmforge explain runs/skipping --cycle 2000 --image 3
"""
"""What ``--help`` closes with."""


def explain(
    directory: TablesPath,
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="L",
            help="Name of the layer, as in the tables or, with dots, as in the network.",
            autocompletion=layers,
        ),
    ] = None,
    row: Annotated[
        int | None, typer.Option(metavar="R", help="Row of the weight matrix, from 0.")
    ] = None,
    col: Annotated[
        int | None, typer.Option(metavar="C", help="Column of the matrix, from 0.")
    ] = None,
    ou: Annotated[
        int | None, typer.Option(metavar="N", help="Number of an OU of the layer, from 0.")
    ] = None,
    plane: Annotated[
        int | None, typer.Option(metavar="B", help="A plane of the OU; 0 weighs 1.")
    ] = None,
    position: Annotated[
        int | None,
        typer.Option(
            metavar="P",
            help="The output position whose cycles are wanted, row by row from 0; the first two "
            "and the last if not given.",
        ),
    ] = None,
    cycle: Annotated[
        int | None,
        typer.Option(
            metavar="T",
            help="A cycle, from 1: of an image on the network engine, or with --layer of that "
            "layer on the layer engine.",
        ),
    ] = None,
    image: Annotated[
        int | None,
        typer.Option(
            metavar="I",
            help="With --cycle, on an engine that skips planes: an image of the test split, from "
            "0, whose planes are wanted; as if every plane had a one if not given.",
        ),
    ] = None,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust",
            help="With --image: run the Python function that the run directory names for its data.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Explain a weight, an OU or a cycle.

    Of a weight: why it is gone, or where it is stored, which index record feeds it, and when the
    hardware uses it. Of an OU: what it holds. Of a cycle: which plane of which OU is issued, with
    which weights and for which outputs, or why none is.
    """
    kind = _kind(layer, weight=(row, col), ou=ou, plane=plane, position=position, cycle=cycle)
    from flow.explanations import Explained, cycle_explained, ou_explained, weight_explained

    if kind != "cycle" and image is not None:
        raise InputError("--image goes with --cycle only")
    explained: Explained
    if cycle is not None:
        explained = cycle_explained(directory, layer, cycle, image=image, trust=trust)
    elif ou is not None:
        explained = ou_explained(directory, layer or "", ou, plane=plane, position=position)
    else:
        place = layer or "", row or 0, col or 0
        explained = weight_explained(directory, place, position=position)
    if json:
        print_json({"kind": kind, **explained.found})
        return
    for line in explained.lines:
        say(line)


def _kind(
    layer: str | None,
    *,
    weight: tuple[int | None, int | None],
    ou: int | None,
    plane: int | None,
    position: int | None,
    cycle: int | None,
) -> str:
    """What is to be explained; raises InputError if the options do not say it."""
    ways = {
        "weight": weight != (None, None),
        "ou": ou is not None,
        "cycle": cycle is not None,
    }
    asked = [kind for kind, given in ways.items() if given]
    if len(asked) != 1 or (asked == ["weight"] and None in weight):
        raise InputError("state --row and --col, or --ou, or --cycle")
    if asked != ["cycle"] and layer is None:
        raise InputError("state the --layer too")
    if plane is not None and asked != ["ou"]:
        raise InputError("--plane goes with --ou only")
    if position is not None and asked == ["cycle"]:
        raise InputError("--position does not go with --cycle")
    return asked[0]
