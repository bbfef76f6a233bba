"""Faults on the link in RTL; ``python -m bench.link_faults`` tries many more."""

from collections import Counter

import pytest

from bench.link_faults import campaign

pytestmark = pytest.mark.cosim

CASES = 52
"""Each fault twice."""


def test_never_wrong(tmp_path):
    results = campaign(tmp_path, cases=CASES, seed=7)
    assert [result.problem for result in results if result.problem] == []
    assert [result.number for result in results] == list(range(CASES))
    happened = Counter(result.fault for result in results if result.faults)
    assert len(happened) == CASES // 2, "a fault never happened"
    outcomes = Counter(result.outcome for result in results)
    assert outcomes["right"] > outcomes["error"] > 0
    assert sum(result.repeats for result in results) > CASES // 2
