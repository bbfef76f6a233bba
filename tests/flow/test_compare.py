"""Agents on the same networks: what is shared, what is kept, and what is said when one fails."""

import io
import json
import math
import shutil

import pytest
from rich.console import Console

from arch.errors import CheckFailed, InputError
from flow.cli import main
from flow.compare import Compared, compare_agents, judge
from flow.compare_figures import AVERAGED, agent_figures, search_figures
from flow.compare_plot import best_so_far
from flow.compare_table import comparison_page, comparison_table
from flow.configuration import Configuration
from flow.job import Job
from flow.json_file import read_json, write_json
from flow.read_configuration import read_configuration
from flow.run_directory import RunDirectory
from flow.stages import STAGES
from sw.mapping.compression import compression
from sw.search.executor import LocalExecutor, RayExecutor
from sw.search.session import Session

TEXT = """\
name: small
train: {epochs: 4}
prune: {finetune_epochs: 1}
search: {episodes: 4, hardware: ous, finalists: 1, recovery_trials: 1, max_ratio: 0.6,
  finetune_images: 200, max_accuracy_drop: 5.0}
"""
SEARCHES = [
    "seed0_column_vector_uniform",
    "seed0_column_vector_random",
    "seed1_column_vector_uniform",
    "seed1_column_vector_random",
]
TIMES = {"search_minutes", "total_minutes"}


class Recorder:
    """A listener that remembers what ran."""

    def __init__(self):
        self.ran = []

    def started(self, stage, reason):
        self.ran.append(stage)
        return lambda done, total, text="": None

    def finished(self, stage, seconds): ...

    def skipped(self, stage): ...


def configured(**search):
    sections = {
        "name": "small",
        "train": {"epochs": 4},
        "prune": {"finetune_epochs": 1},
        "search": {
            "episodes": 4, "hardware": "ous", "finalists": 1, "recovery_trials": 1,
            "max_ratio": 0.6, "finetune_images": 200, "max_accuracy_drop": 5.0,
        } | search,
    }  # fmt: skip
    return Configuration.model_validate(sections)


def compared(agents=("uniform", "random"), seeds=(0, 1), schemes=("column_vector",)):
    return Compared(agents=agents, seeds=seeds, schemes=schemes)


def compare(root, what=None, *, executor=None, **search):
    """The rows, and the jobs that were told of."""
    told = []
    rows = compare_agents(
        configured(**search), root, what or compared(), executor=executor or LocalExecutor(),
        say=told.append,
    )  # fmt: skip
    return rows, told


def without_times(rows):
    return [{name: row[name] for name in row if name not in TIMES} for row in rows]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    root = tmp_path_factory.mktemp("compare") / "c"
    return root, *compare(root)


def test_what_is_written(finished):
    root, rows, told = finished
    assert told == [
        "seed0: done (1 of 2)",
        "seed1: done (2 of 2)",
        "seed0_column_vector: done (1 of 2)",
        "seed1_column_vector: done (2 of 2)",
        *(f"{name}: done ({number} of 4)" for number, name in enumerate(SEARCHES, 1)),
    ]
    written = read_json(root / "comparison.json")
    assert written["agents"] == rows
    assert [one["directory"] for one in written["searches"]] == SEARCHES
    assert [(row["agent"], row["seeds"]) for row in rows] == [
        ("uniform", [0, 1]),
        ("random", [0, 1]),
    ]
    assert (root / "comparison.png").read_bytes().startswith(b"\x89PNG")
    page = (root / "comparison.md").read_text()
    assert page.startswith("# small\n")
    assert "| column_vector | uniform | 2 |" in page
    judge(rows)


def test_shared(finished):
    """All agents have the dense network and the recovery of their seed."""
    root, _, _ = finished
    for seed in (0, 1):
        dense = (root / f"seed{seed}" / "train" / "network.safetensors").read_bytes()
        recovery = read_json(root / f"seed{seed}_column_vector" / "recovery.json")["recovery"]
        for agent in ("uniform", "random"):
            directory = root / f"seed{seed}_column_vector_{agent}"
            assert (directory / "train" / "network.safetensors").read_bytes() == dense
            assert read_json(directory / "search" / "summary.json")["recovery"] == recovery
            record = RunDirectory.open(directory).record("train")
            assert record == RunDirectory.open(root / f"seed{seed}").record("train")
    assert dense != (root / "seed0" / "train" / "network.safetensors").read_bytes()


def test_figures(finished):
    """Those of the stages; the drop is that of test images."""
    root, rows, _ = finished
    searches = read_json(root / "comparison.json")["searches"]
    for one in searches:
        directory = root / one["directory"]
        summary = read_json(directory / "search" / "summary.json")
        measured = read_json(directory / "measured.json")
        trained = read_json(directory / "train" / "accuracy.json")
        assert one["ous"] == measured["ous"] == summary["winner"]["ous"]
        assert one["crossbars"] == measured["crossbars"] == summary["winner"]["crossbars"]
        assert one["ous_dense"] == summary["dense"]["ous"]
        assert one["fewer_ous"] == one["ous_dense"] / one["ous"]
        assert one["episode"] == summary["winner"]["episode"]
        assert one["drop"] == 100 * (trained["accuracy"] - measured["accuracy"])
        assert one["compression_weights"] == measured["compression"]["weights"] > 1
        assert 0 < one["search_minutes"] < one["total_minutes"]
    for row in rows:
        first, second = (one for one in searches if one["agent"] == row["agent"])
        for name in AVERAGED:
            assert row[name]["mean"] == pytest.approx((first[name] + second[name]) / 2)
            spread = abs(first[name] - second[name]) / math.sqrt(2)
            assert row[name]["spread"] == pytest.approx(spread)


def test_against_uniform():
    """Seed by seed, where both have a winner."""

    def one(agent, seed, ous):
        figures = dict.fromkeys(AVERAGED, 1.0) | {"ous": ous, "episode": 0, "problem": ""}
        # The divergence is as the inverse of the OUs, and one where the winner is.
        finalists = [{"ous": n * ous, "divergence": 1 / n} for n in (1, 2, 4)]
        return figures | {"scheme": "s", "agent": agent, "seed": seed, "finalists": finalists}

    lost = {"scheme": "s", "agent": "uniform", "seed": 2, "problem": "none"}
    uniform = [one("uniform", 0, 100), one("uniform", 1, 200), lost]
    found = agent_figures([*uniform, one("ddpg", 0, 80), one("ddpg", 1, 120), one("ddpg", 2, 1)])
    assert found[0]["against_uniform"]["mean"] == 0
    assert found[1]["against_uniform"]["mean"] == pytest.approx(0.3)
    assert found[1]["against_uniform"]["spread"] == pytest.approx(math.sqrt(0.02))
    assert found[1]["at_equal_divergence"]["mean"] == pytest.approx(0.3)
    alone = agent_figures([one("ddpg", 0, 80)])
    assert alone[0]["against_uniform"] == {"mean": None, "spread": None}
    assert alone[0]["at_equal_divergence"] == {"mean": None, "spread": None}
    few = one("ddpg", 0, 80) | {"finalists": [{"ous": 80, "divergence": 1.0}]}
    assert agent_figures([uniform[0], few])[1]["at_equal_divergence"]["mean"] is None


def test_compressions_are_those_of_the_report(finished, tmp_path):
    """An ordinary run goes on in the directory of a search, and the mapper finds the same."""
    shutil.copytree(finished[0], tmp_path / "c")
    recovery = read_json(tmp_path / "c" / "seed1_column_vector" / "recovery.json")["recovery"]
    configuration = configured(agent="random", recovery=recovery).model_copy(update={"seed": 1})
    directory = RunDirectory.open(tmp_path / "c" / SEARCHES[3])
    listener = Recorder()
    Job(configuration, directory, stages=STAGES, listener=listener).run(until="map")
    assert listener.ran == ["quantise", "map"]
    layers = read_json(directory.path / "map" / "counts.json")
    measured = read_json(directory.path / "measured.json")
    assert measured["compression"] == compression(layers)
    for name in ("ous", "ous_dense", "crossbars", "crossbars_dense"):
        assert measured[name] == sum(layer[name] for layer in layers)


def test_nothing_is_done_twice(finished, tmp_path, monkeypatch):
    """Finished jobs stay; what is missing is done, also where the directory has moved."""
    root, rows, _ = finished
    shutil.copytree(root, tmp_path / "moved")
    shutil.rmtree(tmp_path / "moved" / SEARCHES[2])
    searched = []
    run = Session.run

    def watched(self, agent, **options):
        searched.append(agent)
        return run(self, agent, **options)

    monkeypatch.setattr(Session, "run", watched)
    monkeypatch.setattr("flow.stages.train.train", lambda *a, **k: pytest.fail("trained again"))
    again, _ = compare(tmp_path / "moved")
    assert len(searched) == 1
    assert without_times(again) == without_times(rows)


def test_same_on_ray(finished, tmp_path):
    pytest.importorskip("ray")
    with RayExecutor(cpus=2) as executor:
        rows, told = compare(tmp_path / "c", executor=executor)
    assert without_times(rows) == without_times(finished[1])
    assert {line.partition(":")[0] for line in told} == {
        line.partition(":")[0] for line in finished[2]
    }
    for name in SEARCHES:
        policy = (tmp_path / "c" / name / "policy.yaml").read_bytes()
        assert policy == (finished[0] / name / "policy.yaml").read_bytes()


def test_one_without_a_policy(finished, tmp_path):
    """It is a row that says so, with the figures of the other seed; the exit status is 1."""
    root = tmp_path / "c"
    shutil.copytree(finished[0], root)
    summary = root / SEARCHES[0] / "search" / "summary.json"
    write_json(summary, read_json(summary) | {"problem": "no policy loses at most 0 points"})
    searches = read_json(root / "comparison.json")["searches"]
    searches[0] = {
        **{name: searches[0][name] for name in ("seed", "scheme", "agent")},
        **search_figures(root / SEARCHES[0], dense=root / "seed0", shared=root / "none"),
    }
    assert "ous" not in searches[0]
    rows = agent_figures(searches)
    assert rows[0]["ous"]["mean"] == searches[2]["ous"]
    assert rows[0]["problems"] == {"0": "no policy loses at most 0 points"}
    assert rows[0]["ous"]["spread"] is None
    page = comparison_page(rows, title="small")
    assert "| column_vector | uniform | 1 of 2 |" in page
    assert "* column_vector uniform, seed 0: no policy loses at most 0 points" in page
    with pytest.raises(CheckFailed, match=r"^no policy of uniform \(seed 0\); see comparison\.md$"):
        judge(rows)


def test_complaint_is_printed_as_it_is(finished):
    """Brackets are no markup."""
    problem = "agent ddpg needs gymnasium: pip install 'ohmforge[search]'"
    row = {**finished[1][0], "problems": {"0": problem}}
    console = Console(width=240, record=True, file=io.StringIO())
    console.print(comparison_table([row], title="small"))
    assert f"column_vector uniform, seed 0: {problem}" in console.export_text()


def test_no_policy_and_broken_search(tmp_path, monkeypatch):
    """A search without a winner, and one that ends with an error."""
    run = Session.run

    def failing(self, agent, **options):
        if type(agent).__name__ == "RandomRatios":
            raise InputError("training diverged in epoch 1: lower the learning rate")
        return run(self, agent, **options)

    monkeypatch.setattr(Session, "run", failing)
    rows, told = compare(
        tmp_path / "c", compared(seeds=[0]), max_accuracy_drop=0.0, max_ratio=0.99,
        finetune_images=2, episodes=1, recovery=1.0,
    )  # fmt: skip
    assert not (tmp_path / "c" / "seed0_column_vector").exists()
    assert rows[0]["problems"]["0"].startswith("no policy loses at most 0 points")
    assert rows[1]["problems"] == {"0": "training diverged in epoch 1: lower the learning rate"}
    assert told[-1].startswith(f"{SEARCHES[1]}: training diverged in epoch 1: lower the learn")
    assert all(row[name] == {"mean": None, "spread": None} for row in rows for name in AVERAGED)
    assert (tmp_path / "c" / "comparison.png").is_file()
    with pytest.raises(CheckFailed):
        judge(rows)


def test_best_so_far(tmp_path):
    episodes = [(5.0, False), (4.0, True), (6.0, True), (3.0, True), (1.0, False)]
    lines = [{"event": "step"}] + [
        {"event": "episode", "cost": cost, "allowed": allowed} for cost, allowed in episodes
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    curve = best_so_far(tmp_path / "log.jsonl")
    assert math.isnan(curve[0])
    assert curve[1:] == [4.0, 4.0, 3.0, 3.0]


def test_command(finished, tmp_path, capsys):
    """Finished already, so only the table is made; schemes and executor come from CONFIG."""
    (tmp_path / "c.yaml").write_text(TEXT)
    assert read_configuration(tmp_path / "c.yaml") == configured()
    shutil.copytree(finished[0], tmp_path / "c")
    with pytest.raises(SystemExit) as caught:
        main(["compare", str(tmp_path / "c.yaml"), "-o", str(tmp_path / "c"),
              "--agents", "uniform, random", "--seeds", "0,1"])  # fmt: skip
    assert caught.value.code == 0
    printed = capsys.readouterr()
    assert "small: agents" in printed.out
    assert printed.err.splitlines()[-1] == f"{SEARCHES[-1]}: done (4 of 4)"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--agents", "uniform,none"], "--agents: there is no 'none'; choose from ddpg, td3, sac"),
        (["--agents", "tpe,tpe"], "--agents: 'tpe' is given twice"),
        (["--agents", ""], "--agents: there is no ''; choose from ddpg"),
        (["--seeds", "0,-1"], "--seeds must be whole numbers from 0, at most 10 digits, not '-1'"),
        (
            ["--seeds", "9" * 5000],
            "--seeds must be whole numbers from 0, at most 10 digits, not '9",
        ),
        (["--seeds", "2147483648"], "--seeds: there is no 2147483648; choose from 0 to 2147483647"),
        (["--schemes", "block"], "--schemes: there is no 'block'; choose from column_vector, row"),
        (["--executor", "pool"], "--executor must be local or ray, not 'pool'"),
    ],
)
def test_wrong_options(tmp_path, capsys, options, message):
    (tmp_path / "c.yaml").write_text(TEXT)
    with pytest.raises(SystemExit) as caught:
        main(["compare", str(tmp_path / "c.yaml"), "-o", str(tmp_path / "c"), *options])
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith(f"ohmforge: {message}")
    assert not (tmp_path / "c").exists()


def test_nothing_to_compare():
    with pytest.raises(InputError, match="--agents must name at least one"):
        compared(agents=[])
