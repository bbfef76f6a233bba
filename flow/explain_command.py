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
    from dataclasses import asdict

    from flow.explained_run import chosen_ratio, hardware_view, segment_rank
    from sw.capture import identifier
    from sw.mapping.cycle_explanation import explain_cycle
    from sw.mapping.explanation import explain as explain_weight
    from sw.mapping.explanation import explain_ou
    from sw.mapping.explanation_text import cycle_lines, ou_lines, weight_lines

    kind = _kind(layer, weight=(row, col), ou=ou, plane=plane, position=position, cycle=cycle)
    layer = None if layer is None else identifier(layer)
    hardware = hardware_view(directory)
    if image is not None:
        if kind != "cycle":
            raise InputError("--image goes with --cycle only")
        if not hardware.may_skip:
            raise InputError("the engine skips no planes: leave --image out, all take these cycles")
        from flow.explained_image import image_windows  # which takes seconds to import

        windows = image_windows(directory, hardware.tables, image, trust=trust)
        hardware = hardware.for_image(windows)
    if kind == "cycle" and cycle is not None:
        moment = explain_cycle(hardware, cycle, layer=layer)
        found, lines = asdict(moment), cycle_lines(moment)
    elif kind == "ou" and layer is not None and ou is not None:
        unit = explain_ou(hardware, layer, ou, plane=plane, position=position)
        found, lines = asdict(unit), ou_lines(unit)
    elif layer is not None and row is not None and col is not None:
        weight = explain_weight(
            hardware,
            layer,
            row,
            col,
            rank=segment_rank(directory, hardware.tables, (layer, row, col)),
            ratio=chosen_ratio(directory, layer),
            position=position,
        )
        found, lines = asdict(weight), weight_lines(weight)
    if json:
        print_json({"kind": kind, **found})
        return
    for line in lines:
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
