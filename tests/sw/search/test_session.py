"""A search that is killed comes to the same end as one that is not."""

import dataclasses
import json
import os
import random
import signal
import time

import pytest

from arch.geometry import Geometry
from sw.search.agents import AgentSettings, new_agent
from sw.search.session import Session
from sw.search.session_settings import SessionSettings
from tests.sw.search.test_evaluation import guarded

SETTINGS = SessionSettings(
    hardware="ous", max_drop=0.02, recovery=0.03, finetune_images=300, finalists=3, final_epochs=1
)
EPISODES = 14


def search(network, dataset, directory, *, agent="ddpg", settings=SETTINGS, episodes=EPISODES):
    """Run or go on with a search; returns it and what it found."""
    session = Session(
        network, dataset, Geometry(), scheme="column_vector", settings=settings,
        directory=directory, fingerprint="f",
    )  # fmt: skip
    told = []
    player = new_agent(agent, AgentSettings(episodes=episodes, seed=0, warmup_episodes=4))
    done = session.run(
        player, episodes=episodes, progress=lambda done, total, text: told.append((done, total))
    )
    steps, finals = episodes + 3, len(done.selection.finalists)
    assert told == [(number + 1, steps) for number in range(episodes + finals)]
    return session, done


def outcome(session):
    """The log without its times."""
    lines = [json.loads(line) for line in session.log_path.read_text().splitlines()]
    return [{name: line[name] for name in line if name != "seconds"} for line in lines]


@pytest.fixture(scope="module")
def dense(_trained):
    """The trained network, which a search does not change."""
    return _trained


@pytest.fixture(scope="module")
def undisturbed(dense, digits, tmp_path_factory):
    session, done = search(dense, digits, tmp_path_factory.mktemp("search"))
    return outcome(session), done.summary(), session.log_path.parent


def test_log_and_summary(undisturbed):
    log, summary, directory = undisturbed
    assert [line["event"] for line in log].count("step") == 4 * EPISODES
    assert [line["event"] for line in log].count("episode") == EPISODES
    finals = len(summary["finalists"])
    assert [line["event"] for line in log][-finals:] == ["finalist"] * finals
    steps = [line for line in log if line["event"] == "step" and line["episode"] == 5]
    (episode,) = (line for line in log if line["event"] == "episode" and line["episode"] == 5)
    assert {step["layer"]: step["ratio"] for step in steps} == episode["ratios"]
    assert sum(step["ous"] for step in steps) == episode["ous"] == episode["cost"]
    assert summary["episodes"] == EPISODES
    evaluations = (directory / "evaluations.jsonl").read_text().splitlines()
    assert len(evaluations) == 1 + summary["evaluations"] + finals


def test_killed_three_times(undisturbed, dense, digits, tmp_path):
    """Killed at random moments; every evaluation that was finished is used, none is made twice."""
    log, summary, _ = undisturbed
    generator = random.Random(os.urandom(4))
    moments = [generator.uniform(0.05, 0.8) for _ in range(3)]
    for moment in moments:
        child = os.fork()
        if child == 0:
            try:
                search(dense, digits, tmp_path)
            finally:
                os._exit(0)
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    session, done = search(dense, digits, tmp_path)
    assert outcome(session) == log, f"killed after {moments} seconds"
    left_out = ("evaluation_seconds",)
    assert {name: value for name, value in done.summary().items() if name not in left_out} == {
        name: value for name, value in summary.items() if name not in left_out
    }
    kept = [line["kept"] for line in map(json.loads, evaluated(tmp_path)) if "kept" in line]
    assert len(kept) == summary["evaluations"] + len(summary["finalists"])


def evaluated(directory):
    return (directory / "evaluations.jsonl").read_text().splitlines()


def test_goes_on_without_evaluating_again(undisturbed, dense, digits, monkeypatch):
    log, _, directory = undisturbed

    def evaluate(*arguments, **options):
        raise AssertionError("evaluated again")

    monkeypatch.setattr("sw.search.evaluation.Evaluator.evaluate", evaluate)
    session, _ = search(dense, digits, directory)
    assert outcome(session) == log
    assert session.remembered_seconds > 0


def test_test_split_is_never_touched(dense, digits, tmp_path):
    search(dense, guarded(digits), tmp_path, agent="uniform", episodes=4)


def test_plots(undisturbed, dense, digits, tmp_path):
    session, done = search(dense, digits, undisturbed[2])
    session.draw(tmp_path, done, title="digits")
    for name in ("reward", "pareto", "ratios"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_recovery_and_finalist_of_equal_policies(dense, digits, tmp_path):
    """What the recovery was measured with is not fine-tuned again when it comes to the finals."""
    settings = dataclasses.replace(
        SETTINGS, recovery=None, recovery_trials=1, finalists=1, max_ratio=1.0, max_drop=1.0
    )
    session = Session(
        dense, digits, Geometry(), scheme="column_vector", settings=settings,
        directory=tmp_path, fingerprint="f",
    )  # fmt: skip
    agent = new_agent("uniform", AgentSettings(episodes=1, seed=0))
    done = session.run(agent, episodes=1, progress=lambda done, total, text: None)
    # Half of everything: the first number of the bisection, and the first trial.
    whole = [line for line in map(json.loads, evaluated(tmp_path)) if line.get("kind") == "final"]
    assert [tuple(line["kept"]) for line in whole] == [done.selection.winner.episode.kept]
