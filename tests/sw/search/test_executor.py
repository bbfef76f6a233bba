"""Work on Ray gives what work in this process gives."""

import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from arch.errors import InputError, ToolError
from arch.geometry import Geometry
from sw.search.agents import AgentSettings, new_agent
from sw.search.executor import LocalExecutor, RayExecutor, new_executor
from sw.search.session import Session
from sw.search.session_settings import SessionSettings
from sw.user_module import user_factory

SETTINGS = SessionSettings(
    hardware="ous", max_drop=0.05, recovery=0.0, max_ratio=0.97, finetune_images=200,
    finalists=2, final_epochs=1,
)  # fmt: skip
EPISODES = 12
ADDRESS = "127.0.0.1:1"
"""Where nothing listens."""


def square(number):
    if number == 13:
        raise InputError("13 is not squared")
    return number**2, os.getpid()


class Unsendable(Exception):
    """An error that no process can hand to another."""

    def __reduce__(self):
        raise TypeError("not to be sent")


def stuck(number):
    raise Unsendable(number)


def test_started_and_gone(monkeypatch, tmp_path):
    """Nothing stays: no files, no variables, no connection; the user's own code is sent."""
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    (tmp_path / "own.py").write_text("from parts import by\n\ndef make():\n    return by\n")
    (tmp_path / "parts.py").write_text("two = 2\n\ndef by(number):\n    return two * number\n")
    times = user_factory(f"{tmp_path / 'own.py'}:make").call(random_seed=0)
    # Not tmp_path, which is too long for the sockets of Ray.
    with tempfile.TemporaryDirectory(prefix="o_") as place:
        monkeypatch.setattr(tempfile, "tempdir", place)
        with RayExecutor(cpus=1) as executor:
            assert [path.name[:4] for path in Path(place).iterdir()] == ["ray_"]
            assert ray.cluster_resources()["CPU"] == 1
            ((_, seen),) = executor.map(os.environ.get, ["RAY_USAGE_STATS_ENABLED"])
            ((_, product),) = executor.map(times, [21])
        assert list(Path(place).iterdir()) == []
    assert (seen, product) == ("0", 42)
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "1"
    assert "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO" not in os.environ
    assert not ray.is_initialized()


@pytest.fixture(scope="module")
def ray_executor():
    pytest.importorskip("ray")
    with RayExecutor(cpus=2) as executor:
        yield executor


def test_local_in_order():
    with new_executor("local") as executor:
        found = list(executor.map(square, [3, 1, 2]))
    here = os.getpid()
    assert found == [(3, (9, here)), (1, (1, here)), (2, (4, here))]


def test_ray_in_other_processes(ray_executor):
    found = dict(ray_executor.map(square, list(range(8))))
    assert {number: value for number, (value, _) in found.items()} == {n: n**2 for n in range(8)}
    assert os.getpid() not in {process for _, process in found.values()}
    assert list(ray_executor.map(square, [])) == []


@pytest.mark.parametrize("name", ["local", "ray"])
def test_error_of_the_function(name, request):
    executor = LocalExecutor() if name == "local" else request.getfixturevalue("ray_executor")
    with pytest.raises(InputError, match=r"^13 is not squared$"):
        list(executor.map(square, [13]))


def test_error_that_stays_where_it_was(ray_executor):
    """It cannot be sent here, so what Ray says of it has to do."""
    with pytest.raises(ToolError, match=r"^a task on Ray failed: .+"):
        list(ray_executor.map(stuck, [0]))


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def outcome(network, dataset, directory, agent, executor):
    """What a search wrote, without its times, and how often it evaluated itself."""
    directory.mkdir()
    session = Session(
        network, dataset, Geometry(), scheme="column_vector", settings=SETTINGS,
        directory=directory, fingerprint="f", executor=executor,
    )  # fmt: skip
    told = []
    done = session.run(
        new_agent(agent, AgentSettings(episodes=EPISODES, seed=0, warmup_episodes=4)),
        episodes=EPISODES,
        progress=lambda done, total, text: told.append((done, text)),
    )
    summary = done.summary()
    del summary["evaluation_seconds"]
    log = lines(session.log_path)
    for line in log:
        line.pop("seconds", None)
    journal = lines(directory / "evaluations.jsonl")[1:]
    entries = sorted((line["kind"], line["kept"], line["accuracy"]) for line in journal)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    ahead = sum("evaluated ahead" in text for _, text in told)
    return summary, log, entries, ahead


@pytest.mark.parametrize(
    ("agent", "ahead"), [("random", 12), ("uniform", 4), ("ddpg", 4), ("tpe", 0)]
)
def test_same_search(ray_executor, trained, digits, tmp_path, agent, ahead):
    """Policies, log, summary and journal are the same; what was known early was done there."""
    local = outcome(trained, digits, tmp_path / "local", agent, LocalExecutor())
    there = outcome(trained, digits, tmp_path / "ray", agent, ray_executor)
    assert local[:3] == there[:3]
    assert local[3] == 0
    assert 0 < there[3] <= ahead if ahead else there[3] == 0


def test_wrong_address():
    pytest.importorskip("ray")
    with pytest.raises(InputError, match=rf"^Ray at {ADDRESS} cannot be used: .+"):
        RayExecutor(address=ADDRESS).__enter__()


def test_without_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ToolError) as caught:
        new_executor("ray")
    assert str(caught.value) == "search.executor ray needs ray: pip install 'ohmforge[ray]'"


def test_wrong_arguments():
    with pytest.raises(ValueError, match="executor must be local or ray, not 'pool'"):
        new_executor("pool")
    pytest.importorskip("ray")
    with pytest.raises(ValueError, match="cpus must be at least 1, not 0"):
        RayExecutor(cpus=0)
