"""A search that is killed, again and again, comes to the same end as one that is not."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRIALS, EPISODES, FINALISTS = 2, 12, 3
CONFIGURATION = f"""\
train: {{epochs: 3}}
prune: {{finetune_epochs: 1}}
search:
  agent: ddpg
  episodes: {EPISODES}
  warmup_episodes: 4
  hardware: ous
  max_accuracy_drop: 4.0
  recovery_trials: {TRIALS}
  finalists: {FINALISTS}
  finetune_images: 200
"""


def start(directory):
    """The command in a process of its own, until the policy is found."""
    words = ("run", "digits.yaml", "-o", "run", "--until", "search")
    return subprocess.Popen(
        [sys.executable, "-m", "flow", *words],
        stderr=subprocess.PIPE,
        text=True,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def run(directory):
    """Run or go on until the end; returns what it said."""
    process = start(directory)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return err


def kill(directory, *, evaluations, delay):
    """Run or go on, and kill the process ``delay`` seconds after so many evaluations are there."""
    process = start(directory)
    while len(evaluated(directory)) < evaluations and process.poll() is None:
        time.sleep(0.001)
    time.sleep(delay)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it ended before it was killed"


def evaluated(directory):
    """What was evaluated so far, as the journal has it."""
    try:
        text = (directory / "run" / "build" / "search" / "evaluations.jsonl").read_text()
    except FileNotFoundError:
        return []
    lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return [line for line in lines if "kept" in line]


def outcome(directory):
    """Policy, log and summary without the times in them."""
    place = directory / "run"
    log = [json.loads(line) for line in (place / "search" / "log.jsonl").read_text().splitlines()]
    summary = json.loads((place / "search" / "summary.json").read_text())
    return (
        (place / "policy.yaml").read_bytes(),
        [without_times(line) for line in log],
        without_times(summary),
    )


def without_times(values):
    return {name: value for name, value in values.items() if not name.endswith("seconds")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    directory = tmp_path_factory.mktemp("undisturbed")
    (directory / "digits.yaml").write_text(CONFIGURATION)
    run(directory)
    return directory


def test_killed_three_times(undisturbed, tmp_path):
    """While the recovery is measured, and twice at any moment; no evaluation is made twice."""
    (tmp_path / "digits.yaml").write_text(CONFIGURATION)
    generator = random.Random(os.urandom(4))
    whole = evaluated(undisturbed)
    moments = [generator.randint(1, TRIALS)]
    moments += [generator.randint(1, len(whole) - 1) for _ in range(2)]
    done = []
    for moment in moments:
        kill(tmp_path, evaluations=moment, delay=generator.uniform(0, 0.1))
        assert not (tmp_path / "run" / "policy.yaml").exists()
        # Those of the runs before, with the times that they took then.
        before, done = done, evaluated(tmp_path)
        assert done[: len(before)] == before
        assert len(done) >= moment
    assert "train     up to date" in run(tmp_path)
    assert evaluated(tmp_path)[: len(done)] == done
    assert [without_times(line) for line in evaluated(tmp_path)] == [
        without_times(line) for line in whole
    ]
    assert outcome(tmp_path) == outcome(undisturbed), f"killed after {moments} evaluations"
    events = [line["event"] for line in outcome(tmp_path)[1] if line["event"] != "step"]
    assert events[: TRIALS + 1] == ["trial"] * (TRIALS + 1)
    assert events[TRIALS + 1 :][:EPISODES] == ["episode"] * EPISODES
