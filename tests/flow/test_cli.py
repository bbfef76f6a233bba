"""Every way to end has its exit status and its one line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from arch.errors import CheckFailed, InputError, ToolError
from flow import cli
from flow.complete import STAGE_NAMES
from flow.doctor import Finding
from flow.stages import STAGES

EXAMPLE = str(Path(__file__).resolve().parents[2] / "examples" / "digits.yaml")


@pytest.fixture
def command(capsys):
    """Run the command line; returns exit status, stdout and stderr."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main([str(argument) for argument in arguments])
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def job(command, fakes, monkeypatch, tmp_path):
    """Run the fake stages through the command line, without a report."""
    monkeypatch.setattr("flow.stages.STAGES", tuple(fakes.stages))
    monkeypatch.setattr("flow.run_command.print_report", lambda directory: None)
    return lambda *arguments: command("run", EXAMPLE, "-o", tmp_path / "run", *arguments)


def test_stage_names():
    assert tuple(stage.name for stage in STAGES) == STAGE_NAMES


@pytest.mark.parametrize("arguments", [(), ("--help",), ("run", "--help"), ("explain", "--help")])
def test_help(command, arguments):
    status, out, err = command(*arguments)
    assert (status, err) == (0, "")
    assert "Usage: ohmforge" in out


def test_version(command):
    assert command("--version") == (0, "ohmforge 0.1.0\n", "")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("bake",), "No such command 'bake'. (see --help)"),
        (("run",), "Missing argument 'CONFIG'. (see --help)"),
        (("run", EXAMPLE), "Missing option '--output' / '-o'. (see --help)"),
        (("run", EXAMPLE, "--fast"), "No such option: --fast"),
        (("run", "no.yaml", "-o", "r"), "no.yaml: cannot be read: No such file or directory"),
        (("run", EXAMPLE, "-o", "r", "--set", "seed=x"), "--set seed=x: seed must be an integer"),
        (("run", EXAMPLE, "-o", "r", "--until", "x"), "--until x: no such stage; choose train,"),
        (("run", EXAMPLE, "-o", EXAMPLE), f"{EXAMPLE}: is not a directory"),
        (("report", "nowhere"), "nowhere: no such directory"),
        (("validate", "nowhere"), "nowhere: is not a directory of mapping tables"),
        (("explain", "nowhere", "--layer", "a", "--row", "x", "--col", "0"), "Invalid value for"),
    ],
)
def test_wrong_use(command, arguments, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = command(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"ohmforge: {line}")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir()), "nothing may be made for a job that cannot start"


@pytest.mark.parametrize(
    ("error", "status"),
    [(InputError, 2), (ToolError, 2), (CheckFailed, 1), (KeyboardInterrupt, 130)],
)
def test_error_in_a_stage(job, fakes, error, status):
    def stop(context):
        raise error("a\nreason")

    fakes.within["prune"] = stop
    code, _, err = job()
    last = err.splitlines()[-1]
    assert code == status
    if status == 130:
        expected = "ohmforge: interrupted in stage prune; the same command goes on from there"
    else:
        expected = "ohmforge: a reason"
    assert last == expected
    assert "Traceback" not in err
    fakes.within.clear()
    assert job()[0] == 0
    assert fakes.calls == ["train", "search", "prune", "prune", "cosim"]


def test_full_disk_is_one_line(job, fakes):
    def stop(context):
        raise OSError(28, "No space left on device", "weights")

    fakes.within["train"] = stop
    code, _, err = job()
    assert code == 2
    assert err.splitlines()[-1] == "ohmforge: weights: No space left on device"


def test_unexpected_error_is_not_hidden(job, fakes):
    def stop(context):
        raise ZeroDivisionError("defect")

    fakes.within["train"] = stop
    with pytest.raises(ZeroDivisionError):
        job()


def test_failed_check_ends_with_1_every_time(job, fakes):
    fakes.verdict["cosim"] = CheckFailed("layer conv1: 3 outputs differ")
    for _ in range(2):
        code, _, err = job()
        assert code == 1
        assert err.splitlines()[-1] == "ohmforge: layer conv1: 3 outputs differ"
    assert fakes.calls == ["train", "search", "prune", "cosim"]


@pytest.mark.parametrize(
    ("arguments", "calls"),
    [
        ((), []),
        (("--force",), ["train", "search", "prune", "cosim"]),
        (("--force", "--until", "search"), ["train", "search"]),
        (("--force", "prune"), ["prune"]),
        (("--force", "train", "--force", "cosim"), ["train", "cosim"]),
        (("--set", "cosim.images=2"), ["cosim"]),
    ],
)
def test_options(job, fakes, arguments, calls):
    assert job()[0] == 0
    fakes.calls.clear()
    assert job(*arguments)[0] == 0
    assert fakes.calls == calls


def test_log_has_two_lines_a_stage(job):
    _, out, err = job()
    assert out == ""
    assert [line.split()[:2] for line in err.splitlines()] == [
        [name, word]
        for name in ("train", "search", "prune", "cosim")
        for word in ("starts:", "done")
    ]
    _, _, err = job()
    assert [line.split(maxsplit=1)[1] for line in err.splitlines()] == ["up to date"] * 4


def test_edited_policy_is_said(job, tmp_path):
    job()
    (tmp_path / "run" / "policy.yaml").write_text("by hand")
    _, _, err = job()
    assert "policy.yaml was edited: kept as it is (--force search writes it anew)" in err


def test_doctor_with_an_empty_path(command, monkeypatch):
    monkeypatch.setenv("PATH", "")
    status, out, err = command("doctor")
    assert status == 2
    assert err == "ohmforge: missing: C++ compiler, make, perl, Verilator\n"
    found = dict(line.split(maxsplit=1) for line in out.splitlines() if "apt install" in line)
    assert set(found) == {"MISSING"}
    for hint in ("apt install g++", "apt install make", "apt install perl"):
        assert hint in out


def test_doctor_when_all_is_there(command, monkeypatch):
    finding = Finding(tool="perl", found=True, text="5.36.0")
    monkeypatch.setattr("flow.doctor.examine", lambda: [finding])
    status, out, err = command("doctor")
    assert (status, err) == (0, "")
    assert out.split() == ["ok", "perl", "5.36.0"]


INTERRUPTIBLE = """
import sys, time
from pathlib import Path
import flow.stages
from flow import cli
from flow.stage import Stage

def run(context):
    name = context.output.name
    context.output.write_text("half")
    if name == sys.argv[3]:
        Path(sys.argv[4]).touch()
        time.sleep(120)
    context.output.write_text("whole")

names = [stage.name for stage in flow.stages.STAGES]
flow.stages.STAGES = tuple(Stage(name=name, output=name, module="__main__") for name in names)
Stage.load = lambda self: sys.modules["__main__"]
import flow.job
flow.job.hash_code = lambda modules, distributions: ""
import flow.run_command
flow.run_command.print_report = lambda directory: None
cli.main(["run", sys.argv[1], "-o", sys.argv[2]])
"""


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_ctrl_c_in_each_stage(stage, tmp_path):
    """A real signal to a real process: 130, one line, nothing half written, and it goes on."""
    directory, ready = tmp_path / "run", tmp_path / "ready"
    words = [sys.executable, "-c", INTERRUPTIBLE, EXAMPLE, directory]
    process = subprocess.Popen([*words, stage, ready], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not ready.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    try:
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert ready.exists(), err
    assert process.returncode == 130
    last = err.splitlines()[-1]
    assert last == f"ohmforge: interrupted in stage {stage}; the same command goes on from there"
    assert "Traceback" not in err
    names = [entry.name for entry in STAGES]
    done = {path.name for path in directory.iterdir() if path.name in names}
    assert done == set(names[: names.index(stage)])
    assert all((directory / name).read_text() == "whole" for name in done)
    assert not list(directory.glob("*partial*"))
    again = subprocess.run(
        [*words, "none", ready], stderr=subprocess.PIPE, text=True, timeout=60, check=True
    )
    assert again.stderr.count("up to date") == len(done)
    assert json.loads((directory / "records" / "report.json").read_text())["stage"] == "report"


def test_help_is_quick_to_import():
    """Neither torch nor Amaranth nor NumPy is needed to show the help."""
    script = (
        "import sys; from flow import cli\n"
        "try: cli.main(['run', '--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('torch', 'amaranth', 'numpy', 'sklearn') if name in sys.modules])"
    )
    environment = {**os.environ, "COLUMNS": "80"}
    out = subprocess.check_output([sys.executable, "-c", script], text=True, env=environment)
    assert out.splitlines()[-1] == "[]"


def test_unfinished_hardware_does_not_warn():
    """What was being built when the command was interrupted says nothing as it is dropped."""
    code = (
        "from amaranth.hdl import Fragment, Module\n"
        "from amaranth.lib.memory import Memory\n"
        "from flow import cli\n"
        "def interrupted(**options):\n"
        "    Fragment.get(Module(), None)\n"  # Before any hardware is elaborated nothing warns.
        "    unfinished = Memory(shape=8, depth=4, init=[])\n"
        "    raise KeyboardInterrupt\n"
        "cli.app = interrupted\n"
        "cli.main(['doctor'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 130
    assert done.stderr == "ohmforge: interrupted\n"
