"""The sweep covers what it says, and its cases are exact in RTL."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from arch.fixed import is_lossless
from arch.layer import SCHEMES
from flow.sweep import PARAMETERS, run_case, sweep_cases, sweep_tables

BUILDS = Path(__file__).parents[2] / "sim_build"
SMOKE = sweep_cases(1)


@pytest.mark.parametrize("strength", [1, 2])
def test_every_combination_occurs(strength):
    cases = [dict(case.values) for case in sweep_cases(strength)]
    for names in itertools.combinations(PARAMETERS, strength):
        wanted = set(itertools.product(*(PARAMETERS[name] for name in names)))
        assert wanted == {tuple(case[name] for name in names) for case in cases}


def test_adc_loses_what_it_says():
    for case in sweep_cases(3):
        assert is_lossless(case.geometry) == (dict(case.values)["adc"] == "lossless")


def test_cases_are_the_same_every_time():
    assert sweep_cases(2) == sweep_cases(2)


@pytest.mark.parametrize("strength", [0, 12])
def test_wrong_strength(strength):
    with pytest.raises(ValueError, match=rf"^strength must be 1 to 11, not {strength}$"):
        sweep_cases(strength)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_layers_are_hard(scheme):
    """The layers that the sweep promises are there."""
    case = next(case for case in sweep_cases(2) if case.scheme == scheme)
    geometry = case.geometry
    tables = {table.spec.name: table for table in sweep_tables(case, seed=0).layers}
    assert tables["whole_unsigned"].segments == tables["whole_unsigned"].segments_kept
    assert tables["one_row_unsigned"].spec.rows == tables["one_column_unsigned"].spec.cols == 1
    assert tables["nothing_unsigned"].ous == 0
    large = tables["large_unsigned"]
    assert large.spec.rows > geometry.rows
    assert large.spec.cols * geometry.slices > geometry.cols
    assert large.crossbar.max() > 0
    holes = tables["holes_unsigned"]
    outputs = set(holes.outputs.ravel().tolist())
    inputs = set(holes.inputs.ravel().tolist())
    assert holes.spec.cols - 1 not in outputs
    assert (geometry.ou_rows if scheme == "column_vector" else 1) not in inputs


def test_seed_changes_the_weights():
    first, again, other = (sweep_tables(SMOKE[0], seed).layers[0].cells for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.cosim
@pytest.mark.parametrize("number", range(len(SMOKE)))
def test_exact(number, tmp_path):
    done = run_case(SMOKE[number], tmp_path / "case", build_root=BUILDS, seed=number)
    assert done.problems == ()
    layers = {result.layer for result in done.runs}
    assert len(done.runs) == 3 * len(layers)
    assert len(layers) == (6 if SMOKE[number].geometry.act_bits == 1 else 12)
    assert all(result.compared for result in done.runs)
