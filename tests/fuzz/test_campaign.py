"""What hangs or dies is told, and the inputs behind it are read all the same."""

import os
import time

import pytest

from tests.fuzz.campaign import campaign
from tests.fuzz.sandbox import Outcome


def worker(pipe, plan, seed, room, keep):
    """Reads nothing, but ends as the names say."""
    for name, _ in plan:
        pipe.send("text" if name == "wrong" else None)
        if name == "hangs":
            time.sleep(60)
        elif name == "dies":
            os._exit(seed)
        pipe.send(Outcome(kind="accepted", text=name, seconds=0.0, peak=0))


def test_what_hangs_and_what_dies():
    plan = [("a", 0), ("hangs", 1), ("b", 2), ("dies", 3), ("c", 4)]
    found = list(campaign(plan, seed=7, seconds=0.125, worker=worker))
    assert [(finding.subject, finding.number) for finding in found] == plan
    assert [finding.outcome.text for finding in found] == [
        "a",
        "hangs: nothing for 0.75 seconds",
        "b",
        "the process ended with 7",
        "c",
    ]
    kinds = ["accepted", "fault"]
    assert [finding.outcome.kind for finding in found] == [*kinds, *kinds, "accepted"]


def test_a_wrong_campaign():
    with pytest.raises(RuntimeError, match="the campaign itself is wrong:\ntext"):
        list(campaign([("wrong", 0)], seed=0, worker=worker))
