"""What the commands print: for programs, for logs, in pipes and in terminals."""

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from rich.console import Console

from arch.geometry import Geometry
from arch.table_files import save
from flow import cli
from flow.console import say
from flow.doctor import Finding
from flow.swept_case import SweptCase
from flow.terminal import SECONDS_BETWEEN, Terminal
from sw.mapping import map_network
from tests.flow.finished_run import write_finished
from tests.flow.test_report import REPORT
from tests.sw.integer_layers import small_network

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = str(ROOT / "examples" / "digits.yaml")
GROUP = typer.main.get_command(cli.app)


@pytest.fixture
def job(command, fakes, monkeypatch, tmp_path):
    """Run the fake stages through the command line, without a report."""
    monkeypatch.setattr("flow.stages.STAGES", tuple(fakes.stages))
    monkeypatch.setattr("flow.run_command.print_report", lambda directory: say("the table"))
    return lambda *before: command(*before, "run", EXAMPLE, "-o", tmp_path / "run")


@pytest.fixture
def tables(tmp_path):
    geometry = Geometry()
    return save(map_network(small_network(geometry), geometry), tmp_path / "tables"), (
        tmp_path / "tables"
    )


@pytest.mark.parametrize("name", sorted(GROUP.commands))
def test_help_has_examples_that_can_be_typed(name, command):
    """Every example of every command is understood by that command."""
    status, out, err = command(name, "--help")
    assert (status, err) == (0, "")
    examples = [line for line in map(str.strip, out.splitlines()) if line.startswith("ohmforge ")]
    assert examples
    for example in examples:
        _, used, *words = shlex.split(example)
        assert used == name
        assert GROUP.commands[name].make_context(name, words).params


def test_quiet_run(job):
    """Results and nothing else, whether the word stands before or behind the command."""
    assert job("--quiet") == (0, "the table\n", "")
    assert job("-q") == (0, "the table\n", "")
    status, out, err = job()
    assert (status, out) == (0, "the table\n")
    assert err.count("up to date") == 4


def test_quiet_run_says_what_was_edited_and_what_fails(job, fakes, tmp_path):
    job("--quiet")
    (tmp_path / "run" / "policy.yaml").write_text("by hand")
    assert "was edited" in job("--quiet")[2]

    def stop(context):
        raise typer.Abort

    fakes.within["train"] = stop
    (tmp_path / "run" / "train" / "out.txt").unlink()
    assert job("--quiet")[2].splitlines()[-1] == "ohmforge: interrupted"


def test_a_log_is_not_flooded(tmp_path):
    """However often a stage tells how far it is: a line every so many seconds."""
    now = [0.0]
    with (tmp_path / "log").open("w+") as file:
        with Terminal(Console(file=file, width=80), clock=lambda: now[0]) as terminal:
            progress = terminal.started("train", "not done yet")
            for step in range(10_000):
                now[0] += 0.01
                progress(step, 10_000, "loss" if step % 2 else "")
            terminal.finished("train", 100.0)
        file.seek(0)
        lines = file.read().splitlines()
    assert lines[0] == "train     starts: not done yet"
    assert lines[-1] == "train     done in 100.0 s"
    between = lines[1:-1]
    assert 100 / SECONDS_BETWEEN - 1 <= len(between) <= 100 / SECONDS_BETWEEN
    assert all(re.fullmatch(r"train +\d+ of 10000(: loss)?", line) for line in between)


def test_doctor_json(command, monkeypatch):
    findings = [
        Finding(tool="perl", found=True, text="5.36.0"),
        Finding(tool="make", found=False, text="is missing: apt install make"),
    ]
    monkeypatch.setattr("flow.doctor.examine", lambda: findings)
    status, out, err = command("doctor", "--json")
    assert (status, err) == (2, "ohmforge: missing: make\n")
    assert json.loads(out) == {
        "tools": [
            {"tool": "perl", "found": True, "text": "5.36.0"},
            {"tool": "make", "found": False, "text": "is missing: apt install make"},
        ],
        "missing": ["make"],
    }


def test_validate_json(command, tables):
    saved, path = tables
    status, out, _ = command("validate", path, "--json")
    found = json.loads(out)
    assert (status, found["sha256"], found["name"]) == (0, saved.sha256, saved.name)
    assert [layer["name"] for layer in found["layers"]] == [t.spec.name for t in saved.layers]


@pytest.mark.parametrize(
    ("words", "kind", "key"),
    [
        (("--layer", "conv", "--row", 3, "--col", 1), "weight", "source"),
        (("--layer", "conv", "--ou", 1, "--plane", 2), "ou", "weights"),
        (("--cycle", 200), "cycle", "tiles"),
        (("--cycle", 20, "--layer", "conv"), "cycle", "tiles"),
    ],
)
def test_explain_json(words, kind, key, command, tables):
    status, out, err = command("explain", tables[1], *words, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["kind"] == kind
    assert found[key]


def test_report_json(command, tmp_path):
    """What is in report.json; nothing is written."""
    write_finished(tmp_path / "run")
    before = sorted(tmp_path.rglob("*"))
    status, out, err = command("report", tmp_path / "run", "--json")
    assert (status, err, json.loads(out)) == (0, "", REPORT)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words", [(), ("--quiet",), ("--json",)])
def test_sweep_output(words, command, monkeypatch, tmp_path):
    good = SweptCase(number=1, values={"tiles": 2}, outputs_compared=7, problems=())
    wrong = SweptCase(number=2, values={"tiles": 4}, outputs_compared=None, problems=("no",))

    def sweep_all(output, *, strength, seed, say):
        say("case 1 of 2: 7 outputs equal")
        return [good, wrong]

    monkeypatch.setattr("flow.sweep.sweep_all", sweep_all)
    status, out, err = command("sweep", "-o", tmp_path, *words)
    assert (status, err) == (1, "ohmforge: case 2: no\n")
    if words == ("--json",):
        assert json.loads(out) == {
            "cases": [vars(good) | {"problems": []}, vars(wrong) | {"problems": ["no"]}],
            "outputs_compared": 7,
            "problems": 1,
        }
        return
    lines = ["case 1 of 2: 7 outputs equal"] if not words else []
    assert out.splitlines() == [*lines, "2 cases, 7 outputs compared, 1 problems"]


@pytest.mark.parametrize("words", [("--json",), ("--quiet",)])
def test_compare_output(words, command, monkeypatch, tmp_path):
    rows = [{"agent": "ddpg", "problems": {}}]

    def compare_agents(configuration, output, compared, *, executor, say):
        say("seed0: done (1 of 1)")
        return rows

    monkeypatch.setattr("flow.compare.compare_agents", compare_agents)
    monkeypatch.setattr("flow.compare_table.comparison_table", lambda rows, title: title)
    status, out, err = command("compare", EXAMPLE, "-o", tmp_path, *words)
    assert status == 0
    if words == ("--json",):
        assert json.loads(out) == {"agents": rows}
        assert err == "seed0: done (1 of 1)\n"
    else:
        assert (out, err) == ("digits: agents\n", "")


SHOW = (
    "from rich.table import Table\n"
    "from rich.text import Text\n"
    "from flow.console import print_wide, say, tell\n"
    "print_wide(Text('a table', style='red'))\n"
    "say('a line [red]of 12[/red]')\n"
    "tell('on the side 12')\n"
)


def shown(environment, *, terminal):
    """What the console prints, with its escape sequences."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    variables = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-c", SHOW],
        stdout=theirs,
        stderr=theirs,
        stdin=theirs if terminal else subprocess.DEVNULL,
        env={**variables, "PYTHONPATH": str(ROOT), "TERM": "xterm", **environment},
    )
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # the end of a terminal
            break
        if not part:
            break
        text += part
    os.close(ours)
    assert process.wait() == 0
    return text.decode()


def test_colour_in_a_terminal_only():
    assert "\x1b[31m" in shown({}, terminal=True)
    assert "\x1b" not in shown({}, terminal=False)
    assert "\x1b[31m" not in shown({"NO_COLOR": "1"}, terminal=True)
    plain = shown({}, terminal=False)
    assert plain.splitlines() == ["a table", "a line [red]of 12[/red]", "on the side 12"]


def test_module_is_the_command():
    """``python -m flow`` and ``ohmforge`` are one function."""
    from importlib import metadata

    (entry,) = metadata.entry_points(group="console_scripts", name="ohmforge")
    assert entry.value == "flow.cli:main"
    done = subprocess.run(
        [sys.executable, "-m", "flow", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == f"ohmforge {metadata.version('ohmforge')}\n"
