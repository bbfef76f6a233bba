"""The search: reward over episodes, accuracy against cost, ratio of each layer."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from flow.page import chart
from flow.page.chart import Chart, Series
from flow.page.run import Run
from flow.page.scale import round_scale
from flow.search_log import Policy

__all__ = ["search"]

_FAR = 0.10
"""Accuracy that is further below the front tells nothing and would press the rest together."""


def search(run: Run) -> dict[str, Any] | None:
    """What was found, and two charts if the log is there; None without a search."""
    found = run.report.get("search", {"agent": "none"})
    if found["agent"] == "none":
        return None
    episodes = run.search.episodes if run.search else ()
    finalists = run.search.finalists if run.search else ()
    winner = found.get("winner")
    chosen = next(
        (
            finalist
            for finalist in finalists
            if winner and finalist.number == winner["episode"] and finalist.scale == winner["scale"]
        ),
        None,
    )
    return {
        **found,
        "winner": winner,
        "dense": found.get("dense"),
        "charts": _charts(found, episodes, finalists, chosen) if episodes else [],
        "finalists": finalists,
        "chosen": chosen,
        "names": list(found["ratios"]),
    }


def _charts(
    found: dict[str, Any],
    episodes: Sequence[Policy],
    finalists: Sequence[Policy],
    chosen: Policy | None,
) -> list[Chart]:
    return [_reward(episodes), _pareto(found, episodes, finalists, chosen)]


def _reward(episodes: Sequence[Policy]) -> Chart:
    rewards = [(episode.number, episode.reward or 0.0) for episode in episodes]
    best = list(accumulate((reward for _, reward in rewards), max))
    x = round_scale(0, max(1, rewards[-1][0]), start=chart.LEFT, end=chart.RIGHT)
    y = round_scale(
        min(reward for _, reward in rewards), best[-1], start=chart.BOTTOM, end=chart.TOP
    )
    top = [(number, value) for (number, _), value in zip(rewards, best, strict=True)]
    return Chart(
        title="Reward over episodes",
        description=f"{len(episodes)} episodes; the best reward rises from {best[0]:.3f} to "
        f"{best[-1]:.3f}.",
        x=x,
        y=y,
        x_label="episode",
        y_label="reward",
        series=(
            Series(style="dots", label="an episode", path=chart.dots(rewards, x, y)),
            Series(style="best", label="best so far", path=chart.steps(top, x, y)),
        ),
    )


def _pareto(
    found: dict[str, Any],
    episodes: Sequence[Policy],
    finalists: Sequence[Policy],
    chosen: Policy | None,
) -> Chart:
    dense = (found.get("dense") or {}).get("accuracy")
    judged = [policy.accuracy for policy in finalists] + ([dense] if dense else [])
    low = min([*judged, max(policy.accuracy for policy in episodes)]) - _FAR
    shown = [policy for policy in episodes if policy.accuracy >= low]
    front = _front(shown)
    costs = [policy.cost for policy in (*shown, *finalists)]
    heights = [policy.accuracy for policy in (*shown, *finalists)] + judged
    x = round_scale(min(costs), max(costs), start=chart.LEFT, end=chart.RIGHT)
    y = round_scale(100 * min(heights), 100 * max(heights), start=chart.BOTTOM, end=chart.TOP)
    series = [
        Series(style="dots", label="a policy in the search", path=chart.dots(_at(shown), x, y)),
        Series(style="front", label="Pareto front", path=chart.steps(_at(front), x, y)),
    ]
    if dense:
        rule = [(x.low, 100 * dense), (x.high, 100 * dense)]
        series.append(Series(style="rule", label="dense", path=chart.line(rule, x, y)))
        limit = 100 * dense - found.get("max_accuracy_drop", 0.0)
        rule = [(x.low, limit), (x.high, limit)]
        if y.low <= limit <= y.high:
            label = "lowest that a finalist may have"
            series.append(Series(style="limit", label=label, path=chart.line(rule, x, y)))
    others = [policy for policy in finalists if policy is not chosen]
    if others:
        label = "finalist, after the whole fine-tuning"
        series.append(Series(style="finalist", label=label, path=chart.dots(_at(others), x, y)))
    if chosen:
        series.append(Series(style="chosen", label="chosen", path=chart.dots(_at([chosen]), x, y)))
    name = found.get("hardware", "cost").replace("_", " ")
    return Chart(
        title="Accuracy against hardware cost",
        description=f"{len(episodes)} policies, {len(front)} of them on the Pareto front. "
        f"{len(episodes) - len(shown)} of less than {100 * low:.0f} % are not shown.",
        x=x,
        y=y,
        x_label=f"hardware cost: {'OUs' if name == 'ous' else name}",
        y_label="validation accuracy, %",
        series=tuple(series),
    )


def _front(episodes: Sequence[Policy]) -> list[Policy]:
    """Policies that no other beats in cost and in accuracy together, by rising cost."""
    front: list[Policy] = []
    for policy in sorted(episodes, key=lambda one: (one.cost, -one.accuracy, one.number)):
        if not front or policy.accuracy > front[-1].accuracy:
            front.append(policy)
    return front


def _at(policies: Sequence[Policy]) -> list[tuple[float, float]]:
    return [(policy.cost, 100 * policy.accuracy) for policy in policies]
