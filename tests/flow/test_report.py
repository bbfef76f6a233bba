"""The report is what its schema says, and the table shows it."""

import copy
import io
import json
import re
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from arch.errors import InputError
from flow import cli
from flow.report_file import read_report, report_schema, write_report
from flow.report_table import report_tables

ROOT = Path(__file__).resolve().parents[2]

LAYER = {
    "name": "conv1",
    "kind": "conv2d",
    "rows": 9,
    "cols": 16,
    "scheme": "column_vector",
    "segments": 16,
    "segments_kept": 4,
    "weights": 144,
    "weights_kept": 36,
    "ous_dense": 8,
    "ous": 2,
    "crossbars_dense": 1,
    "crossbars": 1,
    "crossbars_float32": 2,
    "index_bits": 36,
    "index_bits_by_format": {"explicit": 20, "bitmap": 16},
    "index_entropy_bits": 10.8,
    "cell_bits_dense": 1152,
    "cell_bits_stored": 288,
    "cycles_model": 10265,
    "cycles_rtl": 10266,
    "ou_issue_utilisation": 0.798,
    "outputs_compared": 24576,
    "mismatches": 7,
}
REPORT = {
    "schema": 1,
    "name": "digits",
    "seed": 0,
    "geometry": {
        "rows": 128,
        "cols": 128,
        "cell_bits": 2,
        "ou_rows": 9,
        "ou_cols": 8,
        "adc_bits": 5,
        "encoding": "offset",
        "weight_bits": 8,
        "act_bits": 8,
    },
    "hashes": {"tables": "0" * 64, "verilog": "f" * 64},
    "versions": {"python": "3.11.7"},
    "accuracy": {"float": 0.99, "quantised": 0.98, "pruned": 0.97, "golden": 0.96},
    "images": {"train": 1149, "validation": 288, "test": 360},
    "search": {
        "agent": "none",
        "episodes": 0,
        "seconds": 0.0,
        "reward": None,
        "best_episode": None,
        "edited": False,
        "ratios": {"conv1": 0.7},
    },
    "layers": [LAYER],
    "totals": {
        **{name: value for name, value in LAYER.items() if name in (
            "segments", "segments_kept", "ous_dense", "ous", "crossbars_dense", "crossbars",
            "index_bits", "cell_bits_stored", "cycles_model", "cycles_rtl", "outputs_compared",
            "mismatches",
        )},
        "compression": {"weights": 4.0, "cells": 4.0, "crossbars": 1.0, "vs_float32": None},
    },
    "cosim": {
        "images": 8,
        "images_match": 0,
        "seconds": 1.5,
        "cycles_per_second": 1e6,
        "seeds": [1],
    },
}  # fmt: skip


def test_schema_is_a_schema_and_is_published():
    jsonschema.Draft202012Validator.check_schema(report_schema())
    published = ROOT / "docs" / "report.schema.json"
    assert json.loads(published.read_text()) == report_schema()


def test_design_keys_are_required():
    """The keys that readers of a report rely on."""
    schema = report_schema()
    assert set(schema["required"]) == set(REPORT)
    properties = schema["properties"]
    assert set(properties["layers"]["items"]["required"]) == set(LAYER)
    for name in ("accuracy", "search", "totals", "cosim", "images", "hashes"):
        assert set(properties[name]["required"]) == set(REPORT[name])


NETWORK = {
    "images": 100,
    "images_match": 99,
    "outputs_compared": 213200,
    "mismatches": 1,
    "seconds": 2.5,
    "cycles_per_second": 2e6,
    "cycles_model": 33810,
    "cycles_rtl": 33811,
    "ou_issue_utilisation": 0.974,
    "steps": [{"name": "conv1", "cycles_model": 1327, "cycles_rtl": 1328, "planes": 1024}],
}


@pytest.mark.parametrize(("crossbar", "latency"), [("emulated", None), ("macro", 5)])
def test_crossbar_in_the_report(crossbar, latency, tmp_path):
    """The table has a row of it if it is a macro; reports from before have no such key."""
    whole = copy.deepcopy(REPORT)
    whole["hardware"] = {"crossbar": crossbar, "macro_latency": latency}
    write_report(tmp_path / "report.json", whole)
    console = Console(file=io.StringIO(), width=300)
    console.print(report_tables(whole))
    row = "a macro, 5 cycles from a sample to its codes"
    assert (row in console.file.getvalue()) == (crossbar == "macro")


def test_both_bounds_in_the_report():
    """What it takes if no plane is skipped stands beside what it took, where they differ."""
    for bound, text in ((33810, "(model 33,810), 97.4 %"), (40000, "40,000 if no plane were skip")):
        whole = copy.deepcopy(REPORT)
        whole["cosim"]["network"] = NETWORK | {"cycles_bound": bound}
        console = Console(file=io.StringIO(), width=300)
        console.print(report_tables(whole))
        assert text in console.file.getvalue()


def test_network_in_the_report(tmp_path):
    """It is there or null, and the table has a row of it."""
    assert set(report_schema()["properties"]["cosim"]["properties"]["network"]["required"]) == set(
        NETWORK
    )
    whole = copy.deepcopy(REPORT)
    for network in (None, NETWORK):
        whole["cosim"]["network"] = network
        write_report(tmp_path / "report.json", whole)
        console = Console(file=io.StringIO(), width=300)
        console.print(report_tables(whole))
        text = console.file.getvalue()
        assert ("99 of 100 images equal in every feature map" in text) == (network is not None)
        assert ("33,811 cycles an image (model 33,810), 97.4 %" in text) == (network is not None)
        assert "counters" not in text
    whole["cosim"]["network"] = {name: value for name, value in NETWORK.items() if name != "steps"}
    (tmp_path / "report.json").write_text(json.dumps(whole))
    with pytest.raises(InputError, match="steps"):
        read_report(tmp_path / "report.json")


def test_counters_in_the_report(tmp_path):
    """Every counter of the device beside the model."""
    counts = {"cycles": (108, 109), "planes": (96, 96), "idle_steps": (12, 10)}
    counts |= {"idle_output": (0, 3), "idle_index": (0, 0)}
    counters = {name: {"model": pair[0], "rtl": pair[1]} for name, pair in counts.items()}
    whole = copy.deepcopy(REPORT)
    whole["cosim"]["network"] = NETWORK | {"counters": counters}
    write_report(tmp_path / "report.json", whole)
    console = Console(file=io.StringIO(), width=300)
    console.print(report_tables(whole))
    text = console.file.getvalue()
    rows = [re.findall(r"[\w,]+", line) for line in text.splitlines() if "idle_" in line]
    assert rows == [["idle_steps", "10", "12"], ["idle_output", "3", "0"], ["idle_index", "0", "0"]]
    counters["planes"]["rtl"] = -1
    with pytest.raises(ValueError, match=r"counters.planes.rtl: -1 is less than the minimum"):
        write_report(tmp_path / "report.json", whole)


def test_cycles_of_an_image_in_the_report(tmp_path):
    """Dense, pruned, planes skipped: bounds, use of the OUs, and where the figures are from."""
    closed = {"cycles": 69000.0, "fewest": 69000, "most": 69000, "images": 1, "measured": False}
    pruned = closed | {"cycles": 33845.0, "fewest": 33845, "most": 33845}
    skipped = {"cycles": 17104.4, "fewest": 15935, "most": 18108, "images": 99, "measured": True}
    whole = copy.deepcopy(REPORT)
    whole["image_cycles"] = {
        "dense": closed | {"ou_issue_utilisation": 0.98},
        "pruned": pruned | {"ou_issue_utilisation": 0.973},
        "skipping": skipped | {"ou_issue_utilisation": 0.934},
    }
    write_report(tmp_path / "report.json", whole)
    console = Console(file=io.StringIO(), width=300)
    console.print(report_tables(whole))
    rows = [
        re.sub("[^\\w,.%]+", " ", line).strip() for line in console.file.getvalue().splitlines()
    ]
    for row in (
        "dense 69,000 69,000 69,000 98.0 % 1 model",
        "pruned 33,845 33,845 33,845 97.3 % 1 model",
        "pruned, planes skipped 17,104 15,935 18,108 93.4 % 99 RTL",
    ):
        assert row in rows
    whole["image_cycles"]["dense"]["images"] = 0
    with pytest.raises(ValueError, match=r"dense.images: 0 is less than the minimum"):
        write_report(tmp_path / "report.json", whole)


def test_written_and_read(tmp_path):
    path = tmp_path / "report.json"
    write_report(path, REPORT)
    assert read_report(path) == REPORT


@pytest.mark.parametrize(
    ("where", "value", "place"),
    [
        (("accuracy", "golden"), 96.0, "$.accuracy.golden"),
        (("layers", 0, "mismatches"), -1, r"$.layers[0].mismatches"),
        (("layers", 0, "ous"), 2.5, r"$.layers[0].ous"),
        (("hashes", "tables"), "abc", "$.hashes.tables"),
        (("schema",), 2, "$.schema"),
    ],
)
def test_wrong_report_is_refused(tmp_path, where, value, place):
    report = copy.deepcopy(REPORT)
    target = report
    for part in where[:-1]:
        target = target[part]
    target[where[-1]] = value
    path = tmp_path / "report.json"
    with pytest.raises(ValueError, match="the report is wrong") as caught:
        write_report(path, report)
    assert place in str(caught.value)
    assert not path.exists()
    path.write_text(json.dumps(report))
    with pytest.raises(InputError, match="is not a report") as caught:
        read_report(path)
    assert place in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "[" * 100000, '{"schema": 1}', "NaN", "1e999"])
def test_hostile_report(tmp_path, text):
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"report\.json: is not (JSON|a report)") as caught:
        read_report(path)
    assert "\n" not in str(caught.value)


def test_table_shows_every_figure():
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(report_tables(REPORT))
    text = console.export_text()
    for part in (
        "4 of 16 (25 %)",
        "10,265",
        "10,266",
        "79.8 %",
        "24,576",
        "11.1 %",
        "float 99.00 %, quantised 98.00 %, pruned 97.00 %, golden 96.00 % of 360 test images",
        "weights 4.00 x, cells 4.00 x, crossbars 1.00 x, vs float32 -",
        "OUs           25.0 % of the dense network",
        "0 of 8 images equal in every output; 1,000,000 cycles/s",
        "0" * 64,
    ):
        assert part in text
    assert " 7 " in next(line for line in text.splitlines() if "total" in line)


def test_printed_by_the_command(tmp_path, capsys):
    (tmp_path / "ohmforge.json").write_text('{"schema": 1}')
    write_report(tmp_path / "report.json", REPORT)
    with pytest.raises(SystemExit) as ended:
        cli.main(["report", str(tmp_path)])
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    # Not a terminal: the rows are whole.
    assert any("conv1" in line and "24,576" in line for line in out.splitlines())
