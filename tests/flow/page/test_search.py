"""The charts of a search, beside what the search itself takes for its front."""

import re

import numpy as np
import pytest

from flow.page.run import Run
from flow.page.search import search
from flow.search_log import Policy, SearchLog
from sw.search.history import Episode, pareto_front

FOUND = {"agent": "ddpg", "episodes": 3, "ratios": {"conv": 0.5}, "hardware": "ous"}


def policy(number, *, accuracy=0.9, cost=100.0, reward=0.0, scale=1.0):
    return Policy(
        number=number,
        scale=scale,
        reward=reward,
        accuracy=accuracy,
        drop=0.0,
        cost=cost,
        allowed=True,
    )


def charts(policies, finalists=(), **found):
    log = SearchLog(episodes=tuple(policies), finalists=tuple(finalists))
    return search(Run(report={"search": FOUND | found}, search=log))["charts"]


def places(path):
    return [tuple(map(float, pair)) for pair in re.findall(r"M([\d.]+) ([\d.]+)h0", path)]


def series(chart):
    return {one.style: one.path for one in chart.series}


def test_front_is_that_of_the_search():
    rng = np.random.default_rng(0)
    policies = [
        policy(n, accuracy=int(rng.integers(80, 99)) / 100, cost=float(rng.integers(10, 30)))
        for n in range(60)
    ]
    episodes = [
        Episode(
            number=one.number, kept=(one.number,), ratios=(0.5,), accuracy=one.accuracy, drop=0.0,
            terms={}, cost=one.cost, reward=0.0, allowed=True, repeated=False, seconds=0.0,
        )
        for one in policies
    ]  # fmt: skip
    low = max(one.accuracy for one in policies) - 0.1
    expected = [
        episode
        for episode in pareto_front(episodes, lambda episode: -episode.accuracy)
        if episode.accuracy >= low
    ]
    chart = charts(policies)[1]
    assert f"60 policies, {len(expected)} of them on the Pareto front" in chart.description
    numbers = re.findall(r"[MHV]([\d.]+)", series(chart)["front"])
    assert float(numbers[0]) == pytest.approx(chart.x.at(expected[0].cost), abs=0.05)
    assert float(numbers[-1]) == pytest.approx(chart.x.at(expected[-1].cost), abs=0.05)


def test_best_so_far_never_falls():
    rewards = [0.1, -0.5, 0.3, 0.2, 0.3, 0.6]
    chart = charts([policy(n, reward=reward) for n, reward in enumerate(rewards)])[0]
    heights = [float(value) for value in re.findall(r"V([\d.]+)", series(chart)["best"])]
    assert heights == sorted(heights, reverse=True)  # upwards
    assert heights == [chart.y.at(0.3), chart.y.at(0.6)]
    assert len(places(series(chart)["dots"])) == 6
    assert "from 0.100 to 0.600" in chart.description


def test_far_policies_do_not_press_the_rest_together():
    chart = charts([policy(0, accuracy=0.9), policy(1, accuracy=0.88), policy(2, accuracy=0.1)])[1]
    assert chart.y.low >= 80
    assert len(places(series(chart)["dots"])) == 2
    assert "1 of less than 80 % are not shown" in chart.description


def test_chosen():
    """The finalist of the winner's episode and scale is marked, the others are not."""
    finalists = [policy(0, scale=1.0, cost=50), policy(0, scale=0.8, cost=60)]
    dense = {"accuracy": 0.93}
    chart = charts(
        [policy(0)], finalists, winner={"episode": 0, "scale": 0.8}, dense=dense,
        max_accuracy_drop=1.0,
    )[1]  # fmt: skip
    found = series(chart)
    assert places(found["chosen"]) == [(round(chart.x.at(60), 1), round(chart.y.at(90), 1))]
    assert len(places(found["finalist"])) == 1
    assert f"{chart.y.at(92):g}" in found["limit"]
    assert f"{chart.y.at(93):g}" in found["rule"]


def test_one_episode():
    """Axes have two ends even if all values are equal."""
    for chart in charts([policy(0)]):
        assert chart.x.low < chart.x.high
        assert chart.y.low < chart.y.high


def test_many_episodes_stay_small():
    """Dots at the same place are drawn once."""
    rng = np.random.default_rng(1)
    policies = [policy(n, reward=float(r)) for n, r in enumerate(rng.random(20_000))]
    assert len(series(charts(policies)[1])["dots"]) < 100
    assert sum(len(one.path) for one in charts(policies)[0].series) < 400_000
