"""Searches at the edge of sense, through the command line: a right result, or one line."""

import json
import re

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from flow.json_file import read_json
from flow.report_file import read_report
from sw.networks import NETWORKS
from sw.policy import read_policy
from tests.flow.small_job import refused

LAYERS = ("conv1", "conv2", "conv3", "fc")


def ratios(place):
    return dict(read_policy(place / "run" / "policy.yaml").ratios)


def events(place, kind):
    lines = (place / "run" / "search" / "log.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["event"] == kind]


AGENTS = ("ddpg", "td3", "sac", "uniform", "global_magnitude", "random", "tpe")


class OneLayer(nn.Module):
    """A fully connected layer and nothing else."""

    def __init__(self, *, in_shape, classes, mean=None, std=None):
        super().__init__()
        self.fc = nn.Linear(int(np.prod(in_shape)), classes)

    def forward(self, images):
        return self.fc(torch.flatten(images, 1))


@pytest.mark.parametrize("agent", AGENTS)
def test_one_layer(search, place, monkeypatch, agent):
    monkeypatch.setitem(NETWORKS, "digits_cnn", OneLayer)
    status, lines = search(f"search.agent={agent}", "train.epochs=10", until="map")
    assert status == 0, lines
    assert set(ratios(place)) == {"fc"}
    assert len(events(place, "episode")) == 4
    assert len(events(place, "step")) == 4
    winner = read_json(place / "run" / "search" / "summary.json")["winner"]
    (count,) = read_json(place / "run" / "map" / "counts.json")
    assert count["ous"] == winner["ous"] < count["ous_dense"]


@pytest.mark.parametrize("agent", AGENTS)
def test_layer_that_cannot_be_pruned(search, place, agent):
    limits = "search.max_ratio={conv1: 0, conv2: 0.5, fc: 0}"
    status, lines = search(f"search.agent={agent}", limits)
    assert status == 0, lines
    found = ratios(place)
    assert (found["conv1"], found["fc"]) == (0, 0)
    assert found["conv3"] > 0
    assert found["conv2"] <= 0.5
    for step in events(place, "step"):
        assert step["ratio"] == 0 or step["layer"] not in ("conv1", "fc")


@pytest.mark.parametrize("agent", AGENTS)
def test_no_layer_can_be_pruned(search, place, agent):
    """Nothing to choose, nothing lost: the dense network is the winner, evaluated once."""
    status, lines = search(f"search.agent={agent}", "search.max_ratio=0",
                           "search.max_accuracy_drop=0", "search.recovery=null")  # fmt: skip
    assert status == 0, lines
    assert set(ratios(place).values()) == {0}
    summary = read_json(place / "run" / "search" / "summary.json")
    assert summary["evaluations"] == 1
    assert summary["winner"]["accuracy"] == summary["dense"]["accuracy"]
    assert summary["recovery"] == 0
    assert same_weights(place)


def same_weights(place):
    """Whether the pruned network is the dense one, bit for bit."""
    name = "network.safetensors"
    return (place / "run/train" / name).read_bytes() == (place / "run/prune" / name).read_bytes()


def test_nothing_may_be_lost(search, place):
    status, lines = search("search.max_accuracy_drop=0", "train.epochs=10", "search.episodes=8")
    assert status == 0, lines
    summary = read_json(place / "run" / "search" / "summary.json")
    assert summary["winner"]["accuracy"] >= summary["dense"]["accuracy"]
    assert summary["winner"]["ous"] < summary["dense"]["ous"]


NOTHING_QUALIFIES = (
    "train.epochs=10",
    "search.max_accuracy_drop=0",
    "search.max_ratio=1",
    "search.finetune_epochs=0",
    "prune.finetune_epochs=0",
    "geometry={rows: 16, cols: 16, ou_rows: 8, ou_cols: 8}",
    "search.target_crossbars=4",
)
"""One crossbar of eight weights a layer, and no fine-tuning."""
COMPLAINT = re.compile(
    r"ohmforge: no policy loses at most 0 points of validation accuracy, so the dense network is "
    r"kept; nearest are (episode \d x \d\.\d\d: \d+\.\d\d points at ous \d+(; )?)+raise "
    r"search\.max_accuracy_drop, search\.episodes, search\.target_crossbars or "
    r"prune\.finetune_epochs"
)


def test_no_policy_qualifies(search, place):
    """The dense network goes on, bit for bit, and every run ends with 1 until somebody decides."""
    status, lines = search(*NOTHING_QUALIFIES, until="map")
    assert status == 1
    assert COMPLAINT.fullmatch(lines[-1]), lines[-1]
    assert [line.split()[1] for line in lines[:-1]] == ["starts:", "done"] * 5
    assert set(ratios(place).values()) == {0}
    assert same_weights(place)
    for count in read_json(place / "run" / "map" / "counts.json"):
        assert count["ous"] == count["ous_dense"]
    status, again = search(*NOTHING_QUALIFIES, until="map")
    assert status == 1
    assert again == [*(f"{name:<9} up to date" for name in STAGES_TO_MAP), lines[-1]]
    # A person decides: what the search found is not held against it.
    edit(place, conv3=0.5)
    status, lines = search(*NOTHING_QUALIFIES, until="map")
    assert status == 0, lines
    assert not same_weights(place)


STAGES_TO_MAP = ("train", "search", "prune", "quantise", "map")


def edit(place, **changed):
    """Change ratios of the policy, as a person does."""
    path = place / "run" / "policy.yaml"
    policy = yaml.safe_load(path.read_text())
    policy["ratios"] |= changed
    path.write_text(yaml.safe_dump(policy))


def test_edited_policy_is_kept_and_used(search, place):
    assert search(until="map")[0] == 0
    before = {count["name"]: count for count in counts(place)}
    edit(place, conv3=0.75)
    text = (place / "run" / "policy.yaml").read_text()
    status, lines = search(until="map")
    assert status == 0, lines
    assert "was edited: kept as it is (--force search writes it anew)" in lines[1]
    assert (place / "run" / "policy.yaml").read_text() == text
    after = {count["name"]: count for count in counts(place)}
    assert after["conv3"]["segments_kept"] == after["conv3"]["segments"] // 4
    assert after["conv2"]["segments_kept"] == before["conv2"]["segments_kept"]


def test_edited_policy_of_equal_ratios(search, place):
    """Of a search that a person took over nothing is used: the dense network may be another now."""
    assert search()[0] == 0
    path = place / "run" / "policy.yaml"
    path.write_text(path.read_text() + "# Looks good.\n")
    again = ("train.epochs=5",)
    status, lines = search(*again)
    assert status == 0, lines
    assert "was edited: kept as it is" in lines[-3]
    weights = place / "run" / "prune" / "network.safetensors"
    found = weights.read_bytes()
    (place / "run" / "search" / "tuned.safetensors").unlink()
    assert search(*again)[0] == 0
    assert weights.read_bytes() == found


def counts(place):
    return read_json(place / "run" / "map" / "counts.json")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"conv9": 0.5}, "run/policy.yaml: no layer 'conv9' to prune; the layers are conv1, "),
        ({"conv3": 1.5}, "run/policy.yaml: ratio of layer conv3 must be 0 to 1, not 1.5"),
        ({"conv3": float("nan")}, "run/policy.yaml: ratio of layer conv3 must be 0 to 1, not nan"),
    ],
)
def test_policy_edited_wrongly(search, place, changed, message):
    assert search()[0] == 0
    edit(place, **changed)
    status, lines = search()
    assert status == 2
    assert lines[-1].startswith(f"ohmforge: {message}")


def test_target_that_cannot_be_met(search, place):
    assert refused(search("search.target_crossbars=3"), place) == (
        "search: target_crossbars must be at least 4, which is what stays at the largest ratios, "
        "not 3"
    )


@pytest.mark.parametrize("agent", AGENTS)
def test_one_episode(search, place, agent):
    """Fewer episodes than random ones to begin with, and fewer than finalists."""
    status, lines = search(
        f"search.agent={agent}",
        "search.episodes=1",
        "search.finalists=9",
        "search.warmup_episodes=100",
        "search.max_accuracy_drop=100",
    )
    assert status == 0, lines
    assert [line["episode"] for line in events(place, "episode")] == [0]
    finalists = events(place, "finalist")
    assert {line["episode"] for line in finalists} == {0}
    assert len({tuple(line["ratios"].values()) for line in finalists}) == len(finalists) <= 9
    assert len(events(place, "step")) == len(LAYERS)


def test_more_random_episodes_than_episodes(search, place):
    status, lines = search("search.agent=ddpg", "search.episodes=6", "search.warmup_episodes=100")
    assert status == 0, lines
    assert len(events(place, "episode")) == 6


@pytest.mark.cosim
def test_dense_network_is_proven_if_no_policy_qualifies(search, place):
    """The remaining stages do their work on the dense network; the exit status tells."""
    status, lines = search(*NOTHING_QUALIFIES, until=None)
    assert status == 1
    assert COMPLAINT.fullmatch(lines[-1])
    report = read_report(place / "run" / "report.json")
    assert report["search"]["winner"] is None
    assert report["search"]["problem"] in lines[-1]
    assert report["accuracy"]["pruned"] == report["accuracy"]["quantised"]
    assert report["cosim"]["images_match"] == 1
    for layer in report["layers"]:
        assert layer["ous"] == layer["ous_dense"]
        assert layer["mismatches"] == 0
