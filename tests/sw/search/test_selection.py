from functools import partial

import pytest

from sw.search.environment import PruningEnvironment, play
from sw.search.evaluation import Evaluation
from sw.search.selection import select
from tests.sw.search_problems import layer, problem

LAYERS = (layer("a", rows=400, cols=16), layer("b", rows=400, cols=16, seed=1))
DENSE = 1600.0
"""OUs of both layers; the search sees what it plays, finalists are scaled."""
SHAPE = (0.5, 0.2)


def lost(ratios):
    """In the search: the first layer counts half."""
    return 0.05 * ratios[0] ** 2 + 0.1 * ratios[1] ** 2


@pytest.fixture
def walk():
    walk = PruningEnvironment(problem(LAYERS, lambda ratios: 1 - lost(ratios), max_drop=0.02))
    for ratios in ((0.1, 0.1), SHAPE, (0.5, 0.5), SHAPE):
        play(walk, ratios)
    return walk


def chosen(walk, factor, *, max_drop=0.02, count=6, **options):
    """The whole fine-tuning loses ``factor`` of what the search loses."""

    def finetune(kept):
        ratios = [one.ratio(number) for one, number in zip(LAYERS, kept, strict=True)]
        return Evaluation(accuracy=1 - factor * lost(ratios), seconds=1.0, divergence=0.25)

    return select(
        walk.history, partial(walk.problem.scaled, history=walk.history), finetune,
        dense_accuracy=1.0, dense_cost=walk.problem.objective.dense_cost, max_drop=max_drop,
        count=count, **options,
    )  # fmt: skip


@pytest.mark.parametrize("factor", [0.4, 0.8, 1.5, 4.0, 20.0])
@pytest.mark.parametrize("count", [4, 6])
def test_cheapest_that_keeps_the_accuracy_wins(walk, factor, count):
    seen = []
    done = chosen(walk, factor, count=count, on_finalist=seen.append)
    assert list(done.finalists) == seen
    assert done.winner.drop <= 0.02
    assert done.winner == min((f for f in seen if f.allowed), key=lambda f: f.episode.cost)
    policies = [finalist.episode.kept for finalist in seen]
    assert len(set(policies)) == len(policies) <= count, "none is fine-tuned twice"
    assert done.winner.drop > 0.009, "it comes near what may be lost"
    assert {finalist.divergence for finalist in seen} == {0.25}


def test_begins_with_the_highest_reward(walk):
    (only,) = chosen(walk, 1, count=1).finalists
    assert (only.episode, only.scale) == (walk.history.best, 1.0)
    assert only.episode.number == 1
    assert chosen(walk, 1, count=1).scaled == ()


def test_preferences_stay(walk):
    """Scaled policies are under the number of theirs, and judged as in the search."""
    done = chosen(walk, 3)
    first, *others = done.finalists
    assert others
    for one in others:
        assert one.scale < 1
        assert one.episode.number == first.episode.number
        left = [1 - ratio for ratio in one.episode.ratios]
        assert left == pytest.approx([(1 - r) ** one.scale for r in SHAPE], abs=0.002)
        assert one.episode.drop == pytest.approx(lost(one.episode.ratios))
        assert one.episode in done.scaled
    assert len(walk.history.episodes) == 4, "they are no episodes of the agent"


def test_what_the_search_knows_better_is_taken():
    """A policy that was played, and costs and loses less than the scaled one."""
    walk = PruningEnvironment(problem(LAYERS, lambda ratios: 1 - lost(ratios), max_drop=0.02))
    best, better = (play(walk, ratios) for ratios in ((0.2, 0.38), (0.4, 0.15)))
    assert walk.history.best == best
    first, second, *_ = chosen(walk, 1.48).finalists
    assert first.episode == best
    assert second.scale == pytest.approx(0.87, abs=0.01)
    assert second.episode == better


@pytest.mark.parametrize("count", [2, 3, 6])
def test_worse_than_the_search_thought(walk, count):
    """The last one is to lose half as much, so that there is a winner in the end."""
    done = chosen(walk, 2, count=count)
    assert done.winner is not None
    assert done.winner.drop < 0.02


def test_none_qualifies(walk):
    done = chosen(walk, 1000, count=3)
    assert done.winner is None
    assert [finalist.drop for finalist in done.nearest] == sorted(f.drop for f in done.finalists)
    scales = [finalist.scale for finalist in done.finalists]
    assert scales == sorted(scales, reverse=True), "each more accurate than the one before"


def test_fine_tuning_that_gains(walk):
    """It goes on to prune more, by leaps, as far as the largest ratios."""
    done = chosen(walk, -1, count=8)
    scales = [finalist.scale for finalist in done.finalists]
    assert scales == pytest.approx([2.0**number for number in range(len(scales))])
    assert done.winner == done.finalists[-1]


def test_dense_policy_is_not_scaled():
    """What prunes nothing is itself at every scale."""
    walk = PruningEnvironment(problem(LAYERS, lambda ratios: 1 - lost(ratios), max_drop=0.02))
    play(walk, (0.0, 0.0))
    done = chosen(walk, 1)
    assert len(done.finalists) == 1
    assert done.scaled == ()


def test_target_is_met():
    """A scaled policy prunes at least as much as the target asks for."""
    dense = sum(one.crossbars(one.segments) for one in LAYERS)
    task = problem(
        LAYERS, lambda ratios: 1 - lost(ratios), max_drop=0.02, target_crossbars=dense // 2
    )
    walk = PruningEnvironment(task)
    play(walk, (0.6, 0.6))
    done = chosen(walk, 5, count=4)
    assert all(one.episode.terms["crossbars"] <= dense // 2 for one in done.finalists)
