"""Cosimulate: every layer in RTL, on real activations, against the golden model."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from arch.cycles import layer_cycles
from arch.errors import CheckFailed, InputError
from arch.fixed import is_lossless
from arch.program import build_program
from arch.table_files import load
from arch.tables import MappingTables
from cosim.cosimulation import STALLS, Cosimulation
from cosim.golden import GoldenNetwork
from cosim.layer_case import LayerResult
from cosim.layers import cosimulate_layers
from cosim.toolchain import verilator
from flow.configuration import CosimSection
from flow.host_tail import cut_tail
from flow.json_file import read_json, write_json
from flow.sources import load_dataset, new_network
from flow.stage import Context
from flow.stages.cosim_network import cosimulate_images
from flow.stages.image_cycles import cycles_of_images, measured_images, steps_of_image
from flow.stages.map import TABLES
from flow.stages.prune import WEIGHTS
from flow.stages.quantise import DENSE, PRUNED
from flow.stages.verilog import NETWORK
from sw.datasets import Dataset, Split
from sw.integer_inference import run as run_integers
from sw.integer_inference import scores_of
from sw.integer_network import IntegerNetwork, encode_input, load_integer_network
from sw.mapping import map_network
from sw.weights import load_network

__all__ = ["RESULT", "check", "run"]

RESULT = "result.json"
"""What was found; ``problems`` is empty if everything is right."""
_IMAGES = 100
_MODELLED = 8
"""Images of which the cycles are modelled where they are not measured; large networks take seconds
for each."""


def run(context: Context) -> None:
    """Write :data:`RESULT`, ``results.xml`` (JUnit) and, if asked or if it failed, a VCD.

    Those of the whole network, if it is simulated, lie in a directory of their own.
    """
    settings = context.configuration.cosim
    tables_path = context.inputs["map"] / TABLES
    tables = load(tables_path)
    network = load_integer_network(context.inputs["quantise"] / PRUNED)
    dataset = load_dataset(context.configuration)
    test = dataset.test
    for field, images in (("images", settings.images), ("network_images", settings.network_images)):
        if images > len(test):
            raise InputError(
                f"cosim.{field} must be at most {len(test)}, the images of the test split, "
                f"not {images}"
            )
    toolchain = verilator()  # Before any work: a missing tool is said at once.
    golden = GoldenNetwork(tables)
    tail = _tail(context, dataset)
    accuracy, problems = _golden_accuracy(context, golden, tables, network, test, tail)
    codes = encode_input(network, test.images[: settings.images])
    windows, chosen = _windows(golden, codes, settings)
    context.progress(1, 3, "building and running the layers in RTL")
    scratch = context.scratch.resolve()  # The simulator has a working directory of its own.
    done = cosimulate_layers(
        tables_path,
        context.inputs["verilog"],
        windows,
        scratch / "cosim",
        build_root=scratch,
        stalls=STALLS[settings.stall],
        seed=settings.seed,
        waves=settings.waves,
    )
    context.output.mkdir()
    _keep(done, context.output)
    problems += done.problems
    network_result, measured = None, []
    if settings.network_images:
        context.progress(2, 3, "building and running the whole network in RTL")
        network_result, whole = cosimulate_images(
            tables_path,
            context.inputs["verilog"] / NETWORK,
            encode_input(network, test.images[: settings.network_images]),
            scratch,
            context.configuration,
        )
        (context.output / NETWORK).mkdir()
        _keep(whole, context.output / NETWORK)
        problems += whole.problems
        clean = next(run for run in whole.runs if not run.stall)
        measured = measured_images(clean, len(network_result["steps"]))
    shape = build_program(tables, **context.configuration.hardware.built_as).shape
    layers = {
        name: _layer(name, done)
        | {
            "cycles_bound": layer_cycles(
                tables.layer(name), shape, positions=len(windows[name])
            ).total
        }
        for name in golden.layers
    }
    dense = load_integer_network(context.inputs["quantise"] / DENSE)
    taken = cycles_of_images(
        map_network(dense, tables.geometry),
        tables,
        context.configuration.hardware,
        encode_input(network, test.images[: min(_MODELLED, settings.images)]),
        measured,
    )
    last = max(1, settings.network_images) - 1  # whose counters are reported
    steps = steps_of_image(
        tables,
        context.configuration.hardware,
        encode_input(network, test.images[: last + 1]),
        last,
    )
    wrong = _wrong_images(done, tables, chosen)
    write_json(
        context.output / RESULT,
        {
            "accuracy": accuracy,
            "images": settings.images,
            "images_match": settings.images - len(wrong),
            "positions": settings.positions,
            "seconds": sum(result.seconds for result in done.runs),
            "cycles_per_second": done.cycles_per_second,
            "seeds": [settings.seed],
            "verilator": toolchain.version,
            "problems": problems,
            "layers": layers,
            "network": network_result,
            "image_cycles": taken,
            "image_steps": steps,
        },
    )


def check(output: Path) -> None:
    """Raise CheckFailed with the first of the problems that :func:`run` found."""
    problems = read_json(output / RESULT)["problems"]
    if problems:
        more = f" (and {len(problems) - 1} more, see {output})" if len(problems) > 1 else ""
        raise CheckFailed(f"{problems[0]}{more}")


def _keep(done: Cosimulation[Any], output: Path) -> None:
    """Copy the results of a simulation, and its waveform if there is one."""
    for file in (done.junit, done.waves):
        if file is not None:
            shutil.copy(file, output)


def _windows(
    golden: GoldenNetwork, codes: np.ndarray, settings: CosimSection
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Inputs of the output positions of each layer that are simulated, and their numbers."""
    outputs = golden.run(codes)
    windows, chosen = {}, {}
    for number, name in enumerate(golden.layers):
        every = golden.inputs(name, codes, outputs)
        places = np.arange(len(every))
        if settings.positions is not None and settings.positions < len(every):
            rng = np.random.default_rng((settings.seed, number))
            places = np.sort(rng.choice(len(every), settings.positions, replace=False))
            every = every[places]
        windows[name], chosen[name] = every, places
    return windows, chosen


def _wrong_images(
    done: Cosimulation[LayerResult], tables: MappingTables, chosen: Mapping[str, np.ndarray]
) -> set[int]:
    """Images of which any output that was compared was wrong in any run."""
    return {
        int(chosen[result.layer][position]) // tables.layer(result.layer).spec.positions
        for result in done.runs
        for position in result.wrong_positions
    }


def _tail(context: Context, dataset: Dataset) -> nn.Module | None:
    """What the host computes of the scores; it may have weights of its own."""
    if "tail" not in context.configuration.model.on_host:
        return None
    network = new_network(context.configuration, dataset)
    load_network(network, context.inputs["prune"] / WEIGHTS)
    return cut_tail(context.configuration, network, dataset)


def _golden_accuracy(
    context: Context,
    golden: GoldenNetwork,
    tables: MappingTables,
    network: IntegerNetwork,
    test: Split,
    tail: nn.Module | None,
) -> tuple[float, list[str]]:
    """Accuracy through the crossbar model; what differs though the ADC loses nothing."""
    last, right = tables.layers[-1].spec.name, 0
    differ: dict[str, int] = {}
    for start in range(0, len(test), _IMAGES):  # the outputs of all layers are held at once
        codes = encode_input(network, test.images[start : start + _IMAGES])
        outputs = golden.run(codes)
        scores = scores_of(network, outputs[last], tail)
        right += int(np.sum(scores.argmax(axis=1) == test.labels[start : start + _IMAGES]))
        context.progress(0, 3, f"golden model, {start + len(codes)} of {len(test)} images")
        if is_lossless(tables.geometry):
            for name, expected in run_integers(network, codes).items():
                differ[name] = differ.get(name, 0) + int((outputs[name] != expected).sum())
    return right / len(test), [
        f"{name}: the golden model and the integer network differ in {count} outputs"
        for name, count in differ.items()
        if count
    ]


def _layer(name: str, done: Cosimulation[LayerResult]) -> dict[str, Any]:
    runs = [run for run in done.runs if run.layer == name]
    clean = [result for result in runs if not result.stall and not result.after_reset]
    if not clean:
        reason = done.problems[0] if done.problems else "the simulation ended early"
        raise CheckFailed(f"layer {name} was not simulated: {reason}: see {done.junit.parent}")
    return {
        "cycles_model": clean[0].cycles_model,
        "cycles_rtl": clean[0].cycles,
        "ou_issue_utilisation": clean[0].utilisation,
        "outputs_compared": sum(result.compared for result in runs),
        "mismatches": sum(result.mismatches for result in runs),
    }
