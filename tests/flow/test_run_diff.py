"""What is different between two runs is said, and nothing else."""

import copy
import json
import shutil
from pathlib import Path

import pytest

from flow.diff_table import change_words
from flow.run_diff import Change, FinishedRun, diff_runs, open_finished
from flow.run_directory import RunDirectory
from tests.flow.finished_run import VERILOG, finish, write_finished
from tests.flow.test_report import LAYER, REPORT


def changed(**values):
    """The report with other values, by path with double underscores."""
    report = copy.deepcopy(REPORT)
    for path, value in values.items():
        *parents, name = path.split("__")
        place = report
        for parent in parents:
            place = place[int(parent) if parent.isdigit() else parent]
        place[name] = value
    return report


def run(report=REPORT, *, path=Path("none"), configuration=None, files=None):
    """A run that is compared without a directory."""
    return FinishedRun(
        path=path, report=report, configuration=configuration or {}, files=files or {}
    )


def test_the_same(tmp_path, command):
    """A copy elsewhere is the same, whatever time it took."""
    write_finished(tmp_path / "a")
    slower = changed(cosim__seconds=99.0, cosim__cycles_per_second=7.0, search__seconds=8.0)
    write_finished(tmp_path / "b", report=slower)
    status, out, err = command("diff", tmp_path / "a", tmp_path / "b", "--exit-code")
    assert (status, err) == (0, "")
    assert out.splitlines()[2:] == ["no difference"]
    status, out, _ = command("diff", tmp_path / "a", tmp_path / "b", "--json")
    assert (status, json.loads(out)["different"]) == (0, False)


def test_everything_different(tmp_path, command):
    report = changed(
        accuracy__pruned=0.96,
        totals__ous=1,
        totals__compression__cells=8.0,
        layers__0__ous=1,
        layers__0__ou_issue_utilisation=0.5,
        hashes__tables="1" * 64,
        versions__python="3.12.0",
    )
    write_finished(tmp_path / "a")
    write_finished(
        tmp_path / "b",
        report=report,
        configuration={"seed": 0, "prune": {"ratio": 0.75}},
        verilog={
            "layer_engine.v": VERILOG.replace("wire a", "wire b"),
            "network/top.v": "module top;\nendmodule\n",
        },
    )
    status, out, err = command("diff", tmp_path / "a", tmp_path / "b")
    assert (status, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    for row in (
        ["prune.ratio", "0.5", "0.75"],
        ["accuracy.pruned", "97.00", "%", "96.00", "%", "-1.00", "points"],
        ["totals.ous", "2", "1", "-50.0", "%"],
        ["compression.cells", "4", "8", "+100.0", "%"],
        ["conv1.ous", "2", "1", "-50.0", "%"],
        ["conv1.ou_issue_utilisation", "79.80", "%", "50.00", "%", "-29.80", "points"],
        ["python", "3.11.7", "3.12.0"],
        ["layer_engine.v", "-1", "+1"],
        ["network/top.v", "only", "in", "b,", "2"],
        ["-", "wire", "a;"],
        ["+", "wire", "b;"],
    ):
        assert row in rows
    assert ["tables", "0" * 64, "1" * 64] in rows
    assert not any("seed" in line or "verilog" in line for line in out.splitlines())
    assert command("diff", tmp_path / "a", tmp_path / "b", "--exit-code")[0] == 1
    status, out, _ = command("diff", tmp_path / "a", tmp_path / "b", "--json")
    found = json.loads(out)
    assert (status, found["different"]) == (0, True)
    assert found["configuration"] == [{"key": "prune.ratio", "a": 0.5, "b": 0.75}]
    assert [entry["key"] for entry in found["layers"]] == [
        "conv1.ous",
        "conv1.ou_issue_utilisation",
    ]
    assert found["verilog"][1] == {
        "file": "network/top.v", "only_in": "b", "removed": 0, "added": 2, "head": [],
    }  # fmt: skip


def test_other_layers():
    """A layer that one run has is told with its OUs; the figures of the others are compared."""
    more = changed(layers=[LAYER | {"ous": 5}, LAYER | {"name": "fc", "ous": 7}])
    found = diff_runs(run(), run(more)).layers
    assert found == (Change(key="conv1.ous", a=2, b=5), Change(key="fc", a=None, b=7))
    assert diff_runs(run(more), run()).layers[-1] == Change(key="fc", a=7, b=None)
    other = changed(layers=[LAYER | {"name": "fc"}])
    assert [change.key for change in diff_runs(run(), run(other)).layers] == ["conv1", "fc"]


def test_figures_that_one_version_does_not_have():
    report = changed(totals__cycles_bound=7)
    assert diff_runs(run(), run(report)).figures == (
        Change(key="totals.cycles_bound", a=None, b=7),
    )


def test_files_are_compared_by_content():
    """Not by their place, unless only one run has such a file."""
    here = run(configuration={"data.path": "a", "seed": 1}, files={"data.path": "1"})
    there = run(configuration={"data.path": "b", "seed": 1}, files={"data.path": "1"})
    assert diff_runs(here, there).configuration == ()
    other = run(configuration={"data.path": "b", "seed": 1}, files={"data.path": "2"})
    assert diff_runs(here, other).configuration == (
        Change(key="data.path (content)", a="1", b="2"),
    )
    none = run(configuration={"data.path": None, "seed": 1})
    assert diff_runs(here, none).configuration == (Change(key="data.path", a="a", b=None),)


@pytest.mark.parametrize(
    ("key", "a", "b", "words"),
    [
        ("totals.ous", 200, 100, "-50.0 %"),
        ("totals.ous", 0, 1500, "+1,500"),
        ("accuracy.float", 0.5, 0.50001, "+0.00 points"),
        ("accuracy.float", 0.50001, 0.5, "+0.00 points"),
        ("compression.vs_float32", None, 3.0, ""),
        ("conv1.scheme", "a", "b", ""),
        ("x", True, False, ""),
        ("x", -4, -2, "+50.0 %"),
    ],
)
def test_change_words(key, a, b, words):
    assert change_words(Change(key=key, a=a, b=b)) == words


def write_report_as(run, text):
    """A report whose record is right."""
    (run / "report.json").write_text(text)
    finish(RunDirectory.open(run), {}, {})


def remove(path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (remove, "run: no such directory"),
        (lambda run: remove(run / "ohmforge.json"), "run: is not a run directory"),
        (lambda run: remove(run / "report.json"), "run: is not finished: report not done, or not"),
        (lambda run: remove(run / "cosim"), "run: is not finished: cosim, report not done"),
        (
            lambda run: (run / "report.json").write_text("{"),
            "run: is not finished: report not done, or not up to date",
        ),
        (lambda run: write_report_as(run, "{"), "run/report.json: is not JSON"),
        (lambda run: write_report_as(run, "{}"), "run/report.json: is not a report: $"),
        (
            lambda run: write_report_as(run, json.dumps(REPORT | {"image_cycles": {"dense": {}}})),
            "run",
        ),
        (
            lambda run: (run / "records" / "map.json").write_text("["),
            "run: is not finished: map, verilog, cosim, report not done, or not up to date",
        ),
        (
            lambda run: (run / "verilog" / "layer_engine.v").write_bytes(b"\xff\xfe"),
            "run: is not finished: verilog, cosim, report not done",
        ),
    ],
)
def test_damaged_or_partial_runs(damage, message, tmp_path, command, monkeypatch):
    """One clear line that says which run, and status 2."""
    monkeypatch.chdir(tmp_path)
    write_finished(tmp_path / "good")
    damage(write_finished(tmp_path / "run"))
    for pair in (("good", "run"), ("run", "good")):
        status, out, err = command("diff", *pair, "--exit-code")
        assert (status, out) == (2, "")
        assert err.startswith(f"ohmforge: {message}")
        assert err.count("\n") == 1


def test_configuration_of_all_records(tmp_path):
    files = {"data.path": "1"}
    values = {"seed": 0, "data": {"path": "a"}, "prune.ratio": 0.5}
    found = open_finished(write_finished(tmp_path / "run", configuration=values, files=files))
    assert found.configuration == {"seed": 0, "data.path": "a", "prune.ratio": 0.5}
    assert found.files == files
