"""How well a short evaluation foretells what the whole fine-tuning comes to.

Policies of very different shapes, all of the same OUs, are evaluated shortly in several ways and
then fine-tuned as a winner is. For each way the table gives what the policies lose there, and its
correlation with what they lose in the end; both are divergences from the dense network, since the
accuracies of some thousand images do not tell such policies apart. The dense network is that of a
run directory, and the settings are the example's.

Run ``python -m bench.feedback --help`` from the repository's root.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from flow.configuration import Configuration
from flow.read_configuration import read_configuration
from flow.search_section import SearchSection
from flow.sources import finetuning_recipe, load_dataset, new_network, short_recipe
from sw.search.choices import LayerChoices, network_choices
from sw.search.evaluation import Evaluator
from sw.search.families import FAMILIES
from sw.search.hardware import hardware_terms
from sw.train import Recipe
from sw.weights import load_network

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "resnet20_cifar10.yaml"
_SLOPES = {"early": -0.5, "late": 0.5, "latest": 1.0}
"""How much more the last layer is pruned than the first, by the name of the policy."""
_STEPS = 40
_WHOLE = "whole"


def sloped(layers: Sequence[LayerChoices], slope: float, share: float) -> list[float]:
    """Ratios whose share of what stays falls, or rises, evenly with the depth."""
    depths = np.linspace(-1, 1, len(layers))
    return [
        min(1 - (1 - share) ** (1 + slope * depth), layer.top_ratio)
        for layer, depth in zip(layers, depths, strict=True)
    ]


def of_ous(
    layers: Sequence[LayerChoices], family: Callable[[float], list[float]], wanted: float
) -> tuple[int, ...]:
    """Segments that stay in the policy of a family that has ``wanted`` of the dense OUs."""
    dense = hardware_terms(layers, [layer.segments for layer in layers])["ous"]
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        share = (low + high) / 2
        kept = tuple(layer.kept(ratio) for layer, ratio in zip(layers, family(share), strict=True))
        if hardware_terms(layers, kept)["ous"] > wanted * dense:
            low = share
        else:
            high = share
    return kept


def policies(layers: Sequence[LayerChoices], wanted: float) -> dict[str, tuple[int, ...]]:
    """Segments that stay, by the name of the policy."""
    families: dict[str, Callable[[float], list[float]]] = {
        name: partial(family, layers) for name, family in FAMILIES.items()
    }
    families |= {name: partial(sloped, layers, slope) for name, slope in _SLOPES.items()}
    return {name: of_ous(layers, family, wanted) for name, family in families.items()}


def ways(configuration: Configuration, settings: SearchSection) -> dict[str, tuple[int, Recipe]]:
    """Passes and recipe of each short evaluation, by name."""
    whole, short = finetuning_recipe(configuration), short_recipe(configuration, settings)
    images = settings.finetune_images
    return {
        "no fine-tuning": (0, short),
        f"{images} images, batches of {whole.batch_size}": (1, whole),
        f"{images} images, batches of {short.batch_size}": (1, short),
        f"{images} images, batches of 8": (1, replace(short, batch_size=8)),
    }


def measure(
    configuration: Configuration, settings: SearchSection, dense: Path, wanted: float
) -> dict[str, dict[str, float]]:
    """Divergences by way, and in each by policy."""
    dataset = load_dataset(configuration)
    network = new_network(configuration, dataset)
    load_network(network, dense)
    layers = network_choices(
        network,
        dataset.in_shape,
        configuration.crossbar_geometry(),
        scheme=configuration.prune.scheme,
        max_ratio=settings.max_ratio,
    )
    kept = policies(layers, wanted)
    found: dict[str, dict[str, float]] = {}
    asked = {_WHOLE: (configuration.prune.finetune_epochs, finetuning_recipe(configuration))}
    for name, (epochs, recipe) in track(
        (ways(configuration, settings) | asked).items(), description="evaluating"
    ):
        evaluator = Evaluator(
            network,
            layers,
            dataset,
            seed=configuration.seed,
            recipe=finetuning_recipe(configuration),
            short_recipe=recipe,
            calibration_images=settings.calibration_images,
            finetune_images=settings.finetune_images,
            final_images=configuration.prune.finetune_images,
            validation_images=settings.validation_images,
            reconstruct=configuration.prune.reconstruct,
        )
        found[name] = {}
        for policy, segments in kept.items():
            value = evaluator.evaluate(segments, epochs=epochs, whole=name == _WHOLE).divergence
            found[name][policy] = float("nan") if value is None else value
    return found


def show(console: Console, found: dict[str, dict[str, float]], wanted: float) -> None:
    """The table."""
    page = Table(title=f"divergence of policies with {wanted:.0%} of the dense OUs")
    end = found[_WHOLE]
    for heading in ("evaluation", *end, "correlation"):
        page.add_column(heading, justify="left" if heading == "evaluation" else "right")
    for name, values in found.items():
        both = np.log([list(values.values()), list(end.values())])
        page.add_row(
            name, *(f"{value:.4f}" for value in values.values()), f"{np.corrcoef(both)[0, 1]:.2f}"
        )
    console.print(page)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the table, and write the record if asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.feedback", description=__doc__)
    parser.add_argument(
        "dense", type=Path, help="run directory of the example with its stage train"
    )
    parser.add_argument("--ous", type=float, default=0.55, help="share of the dense OUs (0.55)")
    parser.add_argument("--set", action="append", default=[], help="KEY.PATH=VALUE, as ohmforge's")
    parser.add_argument("--json", type=Path, help="write the measurements to this file")
    chosen = parser.parse_args(arguments)
    configuration = read_configuration(EXAMPLE, chosen.set)
    settings = configuration.search or SearchSection()
    found = measure(
        configuration, settings, chosen.dense / "train" / "network.safetensors", chosen.ous
    )
    show(Console(width=120), found, chosen.ous)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
