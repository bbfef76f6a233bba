"""What the search writes is read, and what is no log is one line."""

import json

import pytest

from arch.errors import InputError
from flow.search_log import LOG, read_log
from sw.search.history import Episode
from sw.search.log import SearchLog
from sw.search.selection import Finalist

EPISODE = Episode(
    number=3, kept=(2, 1), ratios=(0.5, 0.75), accuracy=0.9, drop=0.05, terms={"ous": 7}, cost=7.0,
    reward=0.25, allowed=True, repeated=False, seconds=0.5,
)  # fmt: skip


def test_read_what_the_search_writes(tmp_path):
    with SearchLog(tmp_path / LOG, ("conv", "fc")) as log:
        log.step({"layer": "conv"})
        log.episode(EPISODE)
        log.finalist(
            Finalist(
                episode=EPISODE, scale=0.8, accuracy=0.92, drop=-0.01, divergence=0.1,
                allowed=False, seconds=2.0,
            )
        )  # fmt: skip
    found = read_log(tmp_path / LOG)
    (episode,), (finalist,) = found.episodes, found.finalists
    assert (episode.number, episode.reward, episode.cost) == (3, 0.25, 7.0)
    assert (episode.scale, episode.allowed) == (1.0, True)
    assert (finalist.scale, finalist.reward, finalist.accuracy) == (0.8, None, 0.92)
    assert (finalist.drop, finalist.allowed) == (-0.01, False)


def test_no_log(tmp_path):
    assert read_log(tmp_path / LOG) is None


@pytest.mark.parametrize(
    "change",
    [
        {"reward": float("nan")},
        {"accuracy": "much"},
        {"cost": None},
    ],
)
def test_wrong_line(tmp_path, change):
    line = {
        "event": "episode", "episode": 0, "reward": 0.1, "accuracy": 0.9, "drop": 0.1, "cost": 1.0,
        "allowed": True, "ratios": {"conv": 0.5},
    }  # fmt: skip
    path = tmp_path / LOG
    path.write_text(json.dumps(line) + "\n" + json.dumps(line | change) + "\n")
    with pytest.raises(InputError, match=r"log\.jsonl: line 2 is not of a search's log"):
        read_log(path)


@pytest.mark.parametrize("text", ["[1]\n", "{\n", "[" * 100_000, "\xff", '{"event": []}\n'])
def test_no_json(tmp_path, text):
    path = tmp_path / LOG
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="line 1 is not of"):
        read_log(path)
