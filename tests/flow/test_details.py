"""Details of a stage: kept with its output, and no reason for others to run again."""

import sys
import types

import pytest

from arch.errors import CheckFailed
from flow.configuration import Configuration
from flow.job import Job
from flow.run_directory import RunDirectory
from flow.stage import Stage


class Recorder:
    """A listener that remembers what it was told."""

    def __init__(self):
        self.events = {}

    def started(self, stage, reason):
        self.events[stage] = reason
        return lambda done, total, text="": None

    def finished(self, stage, seconds):
        assert seconds >= 0

    def skipped(self, stage):
        self.events[stage] = "skipped"

    def kept(self, stage, path):
        self.events[stage] = f"kept {path.name}"


class Stages:
    """A stage with details, one that reads its output, and one that reads its details."""

    def __init__(self, monkeypatch):
        self.details = "one"
        self.seen = {}
        self.fingerprints = []
        self.stages = []
        for name, needs, details in (
            ("search", (), "search"),
            ("prune", ("search",), ""),
            ("report", ("search.details",), ""),
        ):
            module = types.ModuleType(f"details_{name}")
            module.run = self._search if details else self._reader(name)
            module.check = self._check
            monkeypatch.setitem(sys.modules, module.__name__, module)
            self.stages.append(
                Stage(
                    name=name,
                    output="policy.yaml" if details else name,
                    details=details,
                    module=module.__name__,
                    needs=needs,
                    reads=("seed",) if details else (),
                    editable=bool(details),
                    judged=bool(details),
                )
            )
        monkeypatch.setattr("flow.job.hash_code", lambda modules, distributions: "")

    def _search(self, context):
        self.fingerprints.append(context.fingerprint)
        context.output.write_text("policy")
        context.details.mkdir()
        (context.details / "log").write_text(self.details)

    def _reader(self, name):
        def run(context):
            (path,) = context.inputs.values()
            self.seen[name] = path.relative_to(context.scratch.parent).as_posix()
            context.output.write_text("done")

        return run

    def _check(self, output):
        if (output / "log").read_text() == "bad":
            raise CheckFailed("bad")


@pytest.fixture
def stages(monkeypatch):
    return Stages(monkeypatch)


@pytest.fixture
def run(stages, tmp_path):
    def run(force=(), seed=0):
        recorder = Recorder()
        directory = RunDirectory.create(tmp_path / "run")
        job = Job(Configuration(seed=seed), directory, stages=stages.stages, listener=recorder)
        job.run(force=force)
        job.judge()
        return recorder.events

    return run


def test_only_who_reads_the_details_runs_again(run, stages):
    run()
    assert stages.seen == {"prune": "policy.yaml", "report": "search"}
    stages.details = "two"
    assert run(force=["search"]) == {
        "search": "forced",
        "prune": "skipped",
        "report": "output of search.details changed",
    }


def test_removed_details_are_made_anew(run, tmp_path):
    run()
    (tmp_path / "run" / "search" / "log").unlink()
    assert run()["search"] == "its output was changed or removed"
    assert (tmp_path / "run" / "search" / "log").read_text() == "one"


def test_edited_output_is_kept_and_not_judged(run, stages, tmp_path):
    stages.details = "bad"
    with pytest.raises(CheckFailed):
        run()
    (tmp_path / "run" / "policy.yaml").write_text("by hand")
    assert run()["search"] == "kept policy.yaml"
    assert (tmp_path / "run" / "policy.yaml").read_text() == "by hand"


def test_fingerprint_follows_the_configuration(run, stages):
    for seed in (0, 1):
        run(seed=seed)
        run(seed=seed, force=["search"])
    first, again, other, _ = stages.fingerprints
    assert first == again != other
