"""What the searches of a comparison reached: each by itself, and over the seeds."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flow.equal_divergence import ous_at_divergence
from flow.json_file import read_json
from flow.run_directory import RunDirectory
from flow.stages import COMPARED_STAGES, SHARED_STAGES
from flow.stages.search import SUMMARY
from sw.mapping.compression import COMPRESSIONS

__all__ = ["AVERAGED", "agent_figures", "search_figures"]

AVERAGED = (
    "ous",
    "fewer_ous",
    "crossbars",
    *(f"compression_{name}" for name in COMPRESSIONS),
    "dense_accuracy",
    "accuracy",
    "drop",
    "divergence",
    "evaluations",
    "search_minutes",
    "total_minutes",
)
"""What has a mean and a spread over the seeds."""
_TRAIN, _RECOVERY = SHARED_STAGES
_, _SEARCH, _PRUNE, _MEASURE = COMPARED_STAGES


def search_figures(
    directory: Path, *, dense: Path, shared: Path, problem: str = ""
) -> dict[str, Any]:
    """The figures of one search.

    Parameters
    ----------
    directory, dense, shared : Path
        Run directories of the search, of its dense network and of the recovery; the last may be
        missing.
    problem : str
        Why the search ended early.

    Returns
    -------
    dict
        ``directory`` by name; ``problem``, empty if there is a winner; if there is, the ``episode``
        that it is of, what :data:`AVERAGED` names, and the ``finalists`` with ``ous`` and
        ``divergence`` each. ``fewer_ous`` is OUs of the dense network by those of the pruned one.
        Accuracies, as fractions, and ``drop``, in points, are on test images, ``divergence`` is on
        those of validation. ``total_minutes`` is what the search would take alone: with training,
        recovery and pruning.
    """
    figures: dict[str, Any] = {"directory": directory.name, "problem": problem}
    if problem:
        return figures
    summary = read_json(directory / _SEARCH.details / SUMMARY)
    if summary["problem"]:
        return figures | {"problem": summary["problem"]}
    measured = read_json(directory / _MEASURE.output)
    seconds = summary["seconds"] + _seconds(dense, _TRAIN.name) + _seconds(directory, _PRUNE.name)
    if (shared / _RECOVERY.output).is_file():
        seconds += read_json(shared / _RECOVERY.output)["seconds"]
    return figures | {
        "episode": summary["winner"]["episode"],
        "ous": measured["ous"],
        "ous_dense": measured["ous_dense"],
        "fewer_ous": measured["ous_dense"] / measured["ous"],
        "crossbars": measured["crossbars"],
        "crossbars_dense": measured["crossbars_dense"],
        **{f"compression_{name}": value for name, value in measured["compression"].items()},
        "dense_accuracy": measured["dense_accuracy"],
        "accuracy": measured["accuracy"],
        "drop": 100 * (measured["dense_accuracy"] - measured["accuracy"]),
        "divergence": summary["winner"]["divergence"],
        "finalists": [
            {name: one[name] for name in ("ous", "divergence")} for one in summary["finalists"]
        ],
        "evaluations": summary["evaluations"],
        "search_minutes": summary["seconds"] / 60,
        "total_minutes": seconds / 60,
    }


def agent_figures(searches: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The figures of each agent, for each sparsity structure, over the seeds.

    Returns
    -------
    list of dict
        ``scheme``, ``agent``, ``seeds`` that were tried, ``episodes`` of the winners, ``problems``
        by seed, and under each name of :data:`AVERAGED` the ``mean`` and the ``spread``, which is
        the sample standard deviation, over the seeds that have a winner; None if there are too few.
        Likewise ``against_uniform``: the share of OUs that is left out of those of ``uniform`` with
        the same seed, over the seeds in which both have a winner; and ``at_equal_divergence``: the
        same by :func:`flow.equal_divergence.ous_at_divergence`, where the winner of ``uniform`` is.
    """
    uniform = {
        (one["scheme"], one["seed"]): one
        for one in searches
        if one["agent"] == "uniform" and not one["problem"]
    }
    rows = []
    for scheme, agent in dict.fromkeys((one["scheme"], one["agent"]) for one in searches):
        mine = [one for one in searches if (one["scheme"], one["agent"]) == (scheme, agent)]
        won = [one for one in mine if not one["problem"]]
        keys = [(scheme, one["seed"]) for one in won]
        pairs = [(one, uniform[key]) for one, key in zip(won, keys, strict=True) if key in uniform]
        rows.append(
            {
                "scheme": scheme,
                "agent": agent,
                "seeds": [one["seed"] for one in mine],
                "episodes": {str(one["seed"]): one["episode"] for one in won},
                "problems": {str(one["seed"]): one["problem"] for one in mine if one["problem"]},
                **{name: _mean([one[name] for one in won]) for name in AVERAGED},
                "against_uniform": _mean([1 - one["ous"] / peer["ous"] for one, peer in pairs]),
                "at_equal_divergence": _mean(
                    [share for pair in pairs if (share := _left_out(*pair)) is not None]
                ),
            }
        )
    return rows


def _left_out(one: Mapping[str, Any], peer: Mapping[str, Any]) -> float | None:
    """Share of the OUs of ``peer`` that ``one`` does without, at the divergence of its winner."""
    mine, its = (
        ous_at_divergence(search["finalists"], peer["divergence"]) for search in (one, peer)
    )
    return None if mine is None or its is None else 1 - mine / its


def _mean(values: Sequence[float]) -> dict[str, float | None]:
    return {
        "mean": statistics.fmean(values) if values else None,
        "spread": statistics.stdev(values) if len(values) > 1 else None,
    }


def _seconds(directory: Path, stage: str) -> float:
    record = RunDirectory.open(directory).record(stage)
    return record.seconds if record else 0.0
