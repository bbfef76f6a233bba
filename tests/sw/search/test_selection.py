import pytest

from sw.search.environment import PruningEnvironment, play
from sw.search.evaluation import Evaluation
from sw.search.selection import finalists, select
from tests.sw.search_problems import layer, problem

LAYERS = (layer("a"), layer("b", seed=1))
RATIOS = (0.1, 0.3, 0.5, 0.6, 0.7, 0.9)
"""Drops of 0 up to 0.5, then of 10 and 20 and 40 points."""


def accuracy(ratios):
    return 1 - max(0.0, ratios[0] - 0.5)


@pytest.fixture
def walk():
    walk = PruningEnvironment(problem(LAYERS, accuracy, max_drop=0.01))
    for ratio in (*RATIOS, RATIOS[2]):
        play(walk, [ratio, ratio])
    return walk


def recovered(points):
    """Fine-tuning that wins back so many points, at most all."""
    first = LAYERS[0]
    return lambda kept: Evaluation(
        accuracy=min(1.0, accuracy([first.ratio(kept[0])]) + points / 100), seconds=1.0
    )


def test_finalists(walk):
    """The best by reward, then cheaper ones that miss the accuracy by least."""
    numbers = [episode.number for episode in finalists(walk.history, 4)]
    assert numbers == [2, 1, 3, 4]
    assert [episode.number for episode in finalists(walk.history, 1)] == [2]
    assert sorted(episode.number for episode in finalists(walk.history, 99)) == list(range(6))


@pytest.mark.parametrize(("points", "winner"), [(0, 2), (12, 3), (30, 4)])
def test_cheapest_that_keeps_the_accuracy_wins(walk, points, winner):
    seen = []
    candidates = finalists(walk.history, 6)
    done = select(
        walk.problem, candidates, recovered(points), max_drop=0.01, on_finalist=seen.append
    )
    assert done.winner.episode.number == winner
    assert done.winner.drop <= 0.01
    assert list(done.finalists) == seen


def test_nothing_may_be_lost(walk):
    done = select(walk.problem, finalists(walk.history, 6), recovered(0), max_drop=0.0)
    assert (done.winner.episode.number, done.winner.drop) == (2, 0.0)


def test_none_qualifies(walk):
    done = select(walk.problem, finalists(walk.history, 4)[2:], recovered(1), max_drop=0.01)
    assert done.winner is None
    assert [finalist.episode.number for finalist in done.nearest] == [3, 4]
