import pytest

from sw.search.environment import PruningEnvironment, play
from sw.search.evaluation import Evaluation
from sw.search.selection import select
from tests.sw.search_problems import layer, problem

LAYERS = (layer("a"), layer("b", seed=1))
RATIOS = (0.1, 0.3, 0.5, 0.6, 0.7, 0.9)
"""Drops of 0 up to 0.5, then of 10 and 20 and 40 points."""


def accuracy(ratios):
    return 1 - 0.001 * ratios[0] - max(0.0, ratios[0] - 0.5)


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


def chosen(walk, points, *, max_drop=0.01, count=6, **options):
    return select(
        walk.history, recovered(points), dense_accuracy=1.0, dense_cost=32.0, max_drop=max_drop,
        count=count, **options,
    )  # fmt: skip


@pytest.mark.parametrize(("points", "winner"), [(0, 2), (13, 3), (23, 4), (45, 5)])
@pytest.mark.parametrize("count", [4, 6])
def test_cheapest_that_keeps_the_accuracy_wins(walk, points, winner, count):
    seen = []
    done = chosen(walk, points, count=count, on_finalist=seen.append)
    assert done.winner.episode.number == winner
    assert done.winner.drop <= 0.01
    assert list(done.finalists) == seen
    numbers = [finalist.episode.number for finalist in seen]
    assert len(set(numbers)) == len(numbers) <= count, "none is fine-tuned twice"


def test_begins_with_the_highest_reward(walk):
    done = chosen(walk, 0, count=1)
    assert [finalist.episode.number for finalist in done.finalists] == [2]


@pytest.mark.parametrize("count", [2, 3, 6])
def test_worse_than_the_search_thought(walk, count):
    """The search takes 0.5 for allowed; only what loses less than 0.04 points is."""
    done = chosen(walk, 0, max_drop=0.0004, count=count)
    assert done.winner.episode.number in (0, 1)
    assert done.winner.episode.number == 1 or count == 2, "the last one is to lose half as much"


def test_in_proportion():
    """A front of ninety: where the border is, is told by the first that is fine-tuned."""
    layers = (layer("a", rows=400, cols=16),)
    walk = PruningEnvironment(problem(layers, lambda ratios: 1 - 0.3 * ratios[0], max_drop=0.24))
    for number in range(1, 91):
        play(walk, [number / 100])
    seen = []

    def finetune(kept):
        seen.append(layers[0].ratio(kept[0]))
        return Evaluation(accuracy=1 - 0.1 * seen[-1], seconds=1.0)

    dense = walk.problem.objective.dense_cost
    done = select(
        walk.history, finetune, dense_accuracy=1.0, dense_cost=dense, max_drop=0.0301, count=3
    )
    assert seen[0] == pytest.approx(0.8, abs=0.02)
    assert seen[1] == pytest.approx(0.3, abs=0.02)
    assert done.winner.episode.ratios[0] == pytest.approx(0.3, abs=0.02)


def test_none_qualifies(walk):
    done = chosen(walk, -2, count=3)
    assert done.winner is None
    assert [finalist.drop for finalist in done.nearest] == sorted(f.drop for f in done.finalists)
    numbers = [finalist.episode.number for finalist in done.finalists]
    assert numbers == sorted(numbers, reverse=True), "each more accurate than the one before"
