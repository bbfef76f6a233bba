"""A finished run directory without training and simulating: random layers, figures of the model."""

import json
import shutil

import numpy as np

from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.layer import LayerSpec
from arch.network_cycles import network_cycles
from arch.network_program import build_network_program
from arch.table_files import load
from flow.configuration import Configuration
from flow.content_hash import hash_files, hash_value
from flow.json_file import write_json
from flow.run_directory import RunDirectory
from flow.stage import Context
from flow.stages import STAGES
from flow.stages import map as map_stage
from flow.stages import report as report_stage
from flow.stages.image_cycles import cycles_of_images, steps_of_image
from sw.integer_network import IntegerNetwork, save_integer_network
from sw.policy import Policy, write_policy
from tests.sw.integer_layers import linear_spec, random_layer, small_network

__all__ = ["SMALL", "forget", "wide_network", "write_record", "write_run"]

LOSS = 0.02
SMALL = {"rows": 30, "cols": 30}
"""Crossbars of nine OUs."""


def write_run(path, *, network=None, wrong=0, seed=0, **sections):
    """Write a finished run; returns its RunDirectory.

    ``sections`` are those of the configuration, ``wrong`` outputs differ, and with a section
    ``search`` there is the log of one.
    """
    configuration = Configuration(name=sections.pop("name", "small"), **sections)
    geometry = configuration.crossbar_geometry()
    network = network or small_network(
        geometry, scheme=configuration.prune.scheme, ratio=0.6, seed=seed
    )
    directory = RunDirectory.create(path)
    names = [layer.spec.name for layer in network.layers]
    (path / "train").mkdir()
    images = {"train": 900, "validation": 100, "test": 400}
    write_json(path / "train" / "accuracy.json", {"accuracy": 0.95, "images": images})
    ratios = dict.fromkeys(names, 0.6)
    write_policy(Policy(scheme=configuration.prune.scheme, ratios=ratios), path / "policy.yaml")
    _write_search(path / "search", configuration, names)
    (path / "prune").mkdir()
    (path / "prune" / "kept.txt").write_text("kept")
    (path / "quantise").mkdir()
    save_integer_network(network, path / "quantise" / "pruned.safetensors")
    write_json(path / "quantise" / "accuracy.json", {"quantised": 0.9475, "pruned": 0.93})
    _run(map_stage, path, configuration, ("quantise",), path / "map")
    write_json(path / "verilog" / "hash.json", {"sha256": "5" * 64})
    (path / "cosim").mkdir()
    _write_cosim(path, configuration, wrong)
    needs = STAGES[-1].needs
    _run(report_stage, path, configuration, needs, path / "report.json", path / "report.html")
    for stage in STAGES:
        write_record(directory, stage, configuration)
    return directory


def wide_network(scheme="column_vector", *, cols=4, geometry=None, ratio=0.6):
    """Two layers that take many crossbars each if these are small."""
    geometry = Geometry(**(geometry or SMALL))
    rng = np.random.default_rng(4)
    conv = LayerSpec(
        name="conv",
        kind="conv2d",
        source="input",
        in_shape=(6, 6, 6),
        out_shape=(24, 6, 6),
        kernel=(3, 3),
        padding=(1, 1),
        scheme=scheme,
        activation=ActFormat(),
        output=OutFormat(),
    )
    scores = linear_spec(
        864,
        cols,
        name="scores",
        source="conv",
        in_shape=conv.out_shape,
        scheme=scheme,
        output=OutFormat(bits=16, signed=True, minimum=-32768, maximum=32767),
    )
    layers = tuple(random_layer(spec, geometry, rng, ratio=ratio) for spec in (conv, scores))
    return IntegerNetwork(name="wide", layers=layers, input_scale=1 / 255, in_shape=conv.in_shape)


def write_record(directory, stage, configuration):
    """The record of a stage that is done, from what is there now."""
    path = directory.path
    outputs = [path / name for name in (stage.output, stage.details) if name]
    record = {
        "stage": stage.name,
        "configuration": {name: configuration.at(name) for name in stage.reads},
        "files": {need: hash_value(hash_files(_place(path, need))) for need in stage.needs},
        "code": "0" * 64,
        "outputs": {name: digest for one in outputs for name, digest in hash_files(one).items()},
        "seconds": 0.0,
    }
    write_json(path / "records" / f"{stage.name}.json", record)


def _place(path, need):
    name, _, part = need.partition(".")
    stage = next(stage for stage in STAGES if stage.name == name)
    return path / (stage.details if part else stage.output)


def _run(module, path, configuration, needs, output, details=None):
    module.run(
        Context(
            configuration=configuration,
            inputs={need: _place(path, need) for need in needs},
            output=output,
            details=details or path / "details",
            scratch=path,
            progress=lambda done, total, text="": None,
        )
    )


def _write_search(path, configuration, names):
    path.mkdir()
    if configuration.search is None:
        summary = {"agent": "none", "episodes": 0, "evaluations": 0, "seconds": 0.0, "reward": None}
        write_json(path / "summary.json", summary | {"best_episode": None, "problem": ""})
        return
    rng = np.random.default_rng(5)
    lines, rewards = [], []
    for number in range(30):
        share = float(rng.uniform(0.2, 0.9))
        lost = LOSS * share + float(rng.uniform(0, 0.05))
        rewards.append(share - 10 * lost)
        lines.append(
            {
                "event": "episode", "episode": number, "reward": rewards[-1],
                "accuracy": 0.95 - lost, "drop": lost, "cost": 100 * (1 - share), "allowed": True,
                "ratios": dict.fromkeys(names, share), "repeated": False,
            }
        )  # fmt: skip
    best = max(range(30), key=lambda number: rewards[number])
    finalist = {**lines[best], "event": "finalist", "scale": 0.75, "accuracy": 0.945, "drop": 0.005}
    (path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*lines, finalist]))
    terms = {"crossbars": 2, "ous": 40, "cycles": 9000, "index_bits": 500}
    figures = {"episode": best, "scale": 0.75, "accuracy": 0.945, "divergence": 0.1, **terms}
    write_json(
        path / "summary.json",
        {
            "agent": configuration.search.agent, "episodes": 30, "evaluations": 31, "seconds": 2.5,
            "evaluation_seconds": 2.0, "reward": rewards[best], "best_episode": best,
            "hardware": "ous", "max_accuracy_drop": 1.0, "dense": {"accuracy": 0.95, **terms},
            "winner": figures, "problem": "",
        },
    )  # fmt: skip


def _write_cosim(path, configuration, wrong):
    hardware = configuration.hardware
    tables = load(path / "map" / "tables")
    codes = np.random.default_rng(1).integers(0, 64, (3, *tables.layers[0].spec.in_shape))
    cycles = network_cycles(tables, build_network_program(tables, **hardware.network_built_as))
    layers = {
        table.spec.name: {
            "cycles_bound": 1000 + table.ous,
            "cycles_model": 900 + table.ous,
            "cycles_rtl": 900 + table.ous + wrong,
            "ou_issue_utilisation": 0.987,
            "outputs_compared": 12345,
            "mismatches": wrong,
        }
        for table in tables.layers
    }
    steps = [
        {"name": s.name, "cycles_model": s.cycles, "cycles_rtl": s.cycles, "planes": s.planes}
        for s in cycles.steps
    ]
    counters = {"cycles": {"model": cycles.total, "rtl": cycles.total}}
    write_json(
        path / "cosim" / "result.json",
        {
            "accuracy": 0.93,
            "images": 32,
            "images_match": 32 - wrong,
            "positions": configuration.cosim.positions,
            "seconds": 1.25,
            "cycles_per_second": 1e6,
            "seeds": [7],
            "verilator": "5.048",
            "problems": [],
            "layers": layers,
            "network": {
                "images": 3,
                "images_match": 3,
                "outputs_compared": 4321,
                "mismatches": 0,
                "seconds": 0.5,
                "cycles_per_second": 1e6,
                "cycles_model": cycles.total,
                "cycles_rtl": cycles.total,
                "ou_issue_utilisation": cycles.utilisation,
                "counters": counters,
                "steps": steps,
            },
            "image_cycles": cycles_of_images(tables, tables, hardware, codes, []),
            "image_steps": steps_of_image(tables, hardware, codes, 2),
        },
    )


def forget(directory, *names):
    """The run as if it had ended before these stages."""
    for stage in STAGES:
        if stage.name in names:
            directory.forget(stage.name)
            for name in (stage.output, stage.details):
                place = directory.path / name
                if name and place.is_dir():
                    shutil.rmtree(place)
                elif name:
                    place.unlink(missing_ok=True)
