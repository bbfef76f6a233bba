"""A job of stages that write text, and one of the product's stages on small images."""

import sys
import types

import pytest

from flow import cli
from flow.configuration import Configuration
from flow.job import Job
from flow.run_directory import RunDirectory
from flow.stage import Stage
from tests.flow.small_job import CONFIGURATION, write_images


class Recorder:
    """A listener that remembers what it was told."""

    def __init__(self):
        self.events = []

    def started(self, stage, reason):
        self.events.append((stage, reason))
        return lambda done, total, text="": None

    def finished(self, stage, seconds):
        assert seconds >= 0

    def skipped(self, stage):
        self.events.append((stage, "skipped"))

    def kept(self, stage, path):
        self.events.append((stage, f"kept {path.name}"))


class FakeStages:
    """Four stages in a chain; ``within`` is called by name when one runs."""

    def __init__(self, monkeypatch):
        self.calls = []
        self.edited = []
        self.within = {}
        self.verdict = {}
        self.stages = []
        for name, output, reads, needs, editable, judged in (
            ("train", "train", ("seed", "train"), (), False, False),
            ("search", "policy.yaml", ("prune.ratio",), (), True, False),
            ("prune", "prune", ("prune.finetune_epochs",), ("train", "search"), False, False),
            ("cosim", "cosim", ("cosim",), ("prune",), False, True),
        ):
            module = types.ModuleType(f"fake_{name}")
            module.run = self._runner(name)
            module.check = self._checker(name)
            monkeypatch.setitem(sys.modules, module.__name__, module)
            self.stages.append(
                Stage(
                    name=name,
                    output=output,
                    module=module.__name__,
                    reads=reads,
                    needs=needs,
                    editable=editable,
                    judged=judged,
                )
            )
        # The code of a module made here has no file to hash.
        self.code = dict.fromkeys((stage.module for stage in self.stages), "1")
        monkeypatch.setattr(
            "flow.job.hash_code", lambda modules, distributions: self.code[modules[-1]]
        )

    def _runner(self, name):
        def run(context):
            self.calls.append(name)
            self.edited.append(set(context.edited))
            text = "".join(
                path.read_text() if path.is_file() else (path / "out.txt").read_text()
                for path in context.inputs.values()
            )
            values = [str(context.configuration.at(path)) for path in self.named(name).reads]
            target = context.output
            if not target.suffix:
                target.mkdir()
                target = target / "out.txt"
            target.write_text("half")
            self.within.get(name, lambda context: None)(context)
            target.write_text(f"{name}({text}{values})\n")

        return run

    def _checker(self, name):
        def check(output):
            if name in self.verdict:
                raise self.verdict[name]

        return check

    def named(self, name):
        return next(stage for stage in self.stages if stage.name == name)


@pytest.fixture
def fakes(monkeypatch):
    return FakeStages(monkeypatch)


@pytest.fixture
def run_job(fakes, tmp_path):
    """Run the fake stages in ``tmp_path / 'run'``; returns what the listener was told."""

    def run(*, directory=None, until=None, force=(), **sections):
        recorder = Recorder()
        job = Job(
            Configuration(**sections),
            RunDirectory.create(directory or tmp_path / "run"),
            stages=fakes.stages,
            listener=recorder,
        )
        job.run(until=until, force=force)
        job.judge(until=until)
        return recorder.events

    return run


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with a configuration and its data."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(CONFIGURATION)
    write_images(tmp_path / "data.npz")
    return tmp_path


@pytest.fixture
def command(capsys):
    """Run the command line; returns exit status, stdout and stderr."""

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            cli.main([str(word) for word in words])
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def search(place, capsys):
    """Run the job with overrides; returns the exit status and the lines of standard error."""

    def search(*overrides, until="prune"):
        words = ["run", "small.yaml", "-o", "run"]
        for override in overrides:
            words += ["--set", override]
        if until is not None:
            words += ["--until", until]
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        return ended.value.code, capsys.readouterr().err.splitlines()

    return search
