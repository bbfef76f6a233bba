"""The stage that searches: what it writes, what it keeps, and what it refuses."""

import dataclasses
import json
import shutil

import pytest
import yaml

from arch.errors import CheckFailed, InputError
from flow.configuration import Configuration
from flow.json_file import read_json
from flow.stage import Context
from flow.stages import prune as prune_stage
from flow.stages import search as search_stage
from flow.stages import train as train_stage
from flow.stages.prune import WEIGHTS
from flow.stages.search import LOG, SUMMARY, TUNED
from sw.policy import read_policy
from sw.prune import finetune
from sw.search.evaluation import Evaluator
from sw.train import Recipe

SEARCH = {
    "agent": "random", "episodes": 4, "hardware": "ous", "finalists": 2, "max_ratio": 0.6,
    "finetune_images": 200, "max_accuracy_drop": 3.0,
}  # fmt: skip


def configured(**search):
    return Configuration.model_validate(
        {
            "train": {"epochs": 4},
            "prune": {"finetune_epochs": 1, "ratio": 0.5},
            "search": SEARCH | search,
        }
    )


@pytest.fixture(scope="module")
def trained_stage(tmp_path_factory):
    """Output of the stage before."""
    directory = tmp_path_factory.mktemp("train")
    train_stage.run(context(configured(), directory, inputs={}, output=directory / "train"))
    return directory / "train"


def context(configuration, directory, *, inputs, output):
    return Context(
        configuration=configuration,
        inputs=inputs,
        output=output,
        details=directory / "search",
        scratch=directory / "scratch",
        progress=lambda done, total, text="": None,
        fingerprint="f",
    )


@pytest.fixture
def run(trained_stage, tmp_path):
    """Run the stage in a new directory; returns that directory."""

    def run(**search):
        directory = tmp_path / "run"
        (directory / "build").mkdir(parents=True, exist_ok=True)
        shutil.rmtree(directory / "build" / "search", ignore_errors=True)
        here = context(
            configured(**search),
            directory / "build",
            inputs={"train": trained_stage},
            output=directory / "policy.yaml",
        )
        search_stage.run(here)
        return directory

    return run


def test_writes_policy_summary_log_and_plots(run):
    directory = run()
    details = directory / "build" / "search"
    summary = read_json(details / SUMMARY)
    policy = read_policy(directory / "policy.yaml")
    lines = [json.loads(line) for line in (details / LOG).read_text().splitlines()]
    episodes = {line["episode"]: line for line in lines if line["event"] == "episode"}
    assert len(episodes) == summary["episodes"] == 4
    finalists = [line for line in lines if line["event"] == "finalist"]
    assert all(finalist["episode"] in episodes for finalist in finalists)
    (winner,) = (line for line in finalists if line["scale"] == summary["winner"]["scale"])
    assert dict(policy.ratios) == winner["ratios"]
    assert summary["winner"]["ous"] == winner["ous"] < summary["dense"]["ous"]
    assert summary["winner"]["accuracy"] >= summary["dense"]["accuracy"] - 0.03 - 1e-9
    assert summary["reward"] == max(line["reward"] for line in episodes.values())
    assert {path.name for path in details.iterdir()} >= {"reward.png", "pareto.png", "ratios.png"}
    search_stage.check(details)


def test_nothing_qualifies(run):
    directory = run(max_accuracy_drop=0.0, max_ratio=0.99, finetune_images=2, agent="uniform",
                    episodes=1, finalists=1)  # fmt: skip
    summary = read_json(directory / "build" / "search" / SUMMARY)
    if summary["winner"] is not None:
        pytest.fail("the example is too easy")
    policy = read_policy(directory / "policy.yaml")
    assert set(policy.ratios.values()) == {0.0}
    with pytest.raises(CheckFailed) as caught:
        search_stage.check(directory / "build" / "search")
    assert str(caught.value).startswith(
        "no policy loses at most 0 points of validation accuracy, so the dense network is kept; "
        "nearest are episode 0 x 1.00: "
    )
    assert "\n" not in str(caught.value)


def test_finished_search_is_run_anew(run, monkeypatch, tmp_path):
    """A search that is forced evaluates again; only an interrupted one is gone on with."""
    first = (run() / "policy.yaml").read_bytes()
    entries = []
    evaluate = Evaluator.evaluate

    def counted(self, kept, **options):
        entries.append(kept)
        return evaluate(self, kept, **options)

    monkeypatch.setattr(Evaluator, "evaluate", counted)
    assert (run() / "policy.yaml").read_bytes() == first
    summary = read_json(tmp_path / "run" / "build" / "search" / SUMMARY)
    # Three whole fine-tunings and one short evaluation measure the recovery.
    assert len(entries) == 3 + 1 + summary["evaluations"] + len(summary["finalists"])


@pytest.mark.parametrize("agent", [None, "none"])
def test_without_agent(run, agent, trained_stage, tmp_path):
    if agent is None:
        configuration = Configuration.model_validate({"prune": {"ratio": 0.5}})
        here = context(
            configuration, tmp_path, inputs={"train": trained_stage}, output=tmp_path / "p.yaml"
        )
        search_stage.run(here)
        policy, details = tmp_path / "p.yaml", tmp_path / "search"
    else:
        directory = run(agent=agent)
        policy, details = directory / "policy.yaml", directory / "build" / "search"
    assert set(yaml.safe_load(policy.read_text())["ratios"].values()) == {0.5}
    assert read_json(details / SUMMARY)["agent"] == "none"
    assert [path.name for path in details.iterdir()] == [SUMMARY]
    search_stage.check(details)


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"max_ratio": {"conv9": 0.5}}, "search: no layer 'conv9'; the layers are conv1, conv2"),
        ({"target_crossbars": 1}, "search: target_crossbars must be at least 4"),
    ],
)
def test_what_the_network_does_not_have(run, search, message):
    with pytest.raises(InputError, match=message):
        run(**search)


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"max_ratio": 1.5}, r"search\.max_ratio must be a number from 0 to 1"),
        ({"hardware": "weighted"}, "hardware_weights must have a weight above 0 for weighted"),
        ({"hardware_weights": {"area": 1.0}}, "unknown term 'area'; known are crossbars, ous"),
        ({"hardware_weights": {"ous": -1.0}}, r"hardware_weights\.ous must be at least 0"),
        ({"executor": "cluster"}, "Input should be 'local' or 'ray'"),
        ({"ray_address": "somewhere"}, "String should match pattern"),
    ],
)
def test_wrong_section(search, message):
    with pytest.raises(ValueError, match=message):
        configured(**search)


@pytest.mark.parametrize("own", [{}, {"finetune_batch_size": 25, "finetune_learning_rate": 0.02}])
def test_policies_are_judged_by_the_recipe_of_pruning(trained_stage, tmp_path, monkeypatch, own):
    """Every fine-tuning of a search is that of the stage that prunes, but what a short one owns."""
    recipes = []

    def watch(*arguments, recipe, **options):
        recipes.append(recipe)
        finetune(*arguments, recipe=recipe, **options)

    monkeypatch.setattr("sw.search.evaluation.finetune", watch)
    configuration = Configuration.model_validate(
        {
            "train": {"batch_size": 50, "weight_decay": 0.001, "variations": "none"},
            "prune": {"finetune_epochs": 1, "learning_rate": 0.01},
            "search": SEARCH | {"max_accuracy_drop": 30.0} | own,
        }
    )
    search_stage.run(
        context(
            configuration,
            tmp_path,
            inputs={"train": trained_stage},
            output=tmp_path / "policy.yaml",
        )
    )
    whole = Recipe(learning_rate=0.01, batch_size=50, weight_decay=0.001, variations="none")
    short = dataclasses.replace(whole, batch_size=25, learning_rate=0.02) if own else whole
    assert len(recipes) > SEARCH["episodes"]
    assert set(recipes) == {whole, short}
    assert recipes.count(short) > recipes.count(whole) or not own


@pytest.mark.parametrize("edited", [False, True])
def test_prune_takes_over_what_the_search_came_to(run, trained_stage, tmp_path, edited):
    """The same bits as fine-tuning again; of an edited policy nothing is taken over."""
    directory = run()
    details = directory / "build" / "search"
    policy = directory / "policy.yaml"
    if edited:
        content = yaml.safe_load(policy.read_text())
        content["ratios"]["fc"] = 0.125
        policy.write_text(yaml.safe_dump(content))

    def pruned(name):
        here = context(
            configured(),
            tmp_path / name,
            inputs={"train": trained_stage, "search": policy, "search.details": details},
            output=tmp_path / name,
        )
        calls = []
        by_hand = frozenset({"search"} if edited else ())
        prune_stage.run(
            dataclasses.replace(here, edited=by_hand, progress=lambda *args: calls.append(args))
        )
        return (tmp_path / name / WEIGHTS).read_bytes(), calls

    taken, calls = pruned("taken")
    assert bool(calls) == edited
    (details / TUNED).unlink()
    again, calls = pruned("again")
    assert calls
    assert taken == again
