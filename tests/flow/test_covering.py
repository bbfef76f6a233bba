"""Every small combination of values occurs, and none that does not go together."""

import itertools

import pytest

from flow.covering import covering

PARAMETERS = {"a": (1, 2, 3), "b": ("x", "y"), "c": (False, True), "d": ("only",)}


@pytest.mark.parametrize("strength", [1, 2, 3, 4])
def test_every_combination_occurs(strength):
    rows = covering(PARAMETERS, strength)
    for names in itertools.combinations(PARAMETERS, strength):
        wanted = set(itertools.product(*(PARAMETERS[name] for name in names)))
        assert wanted == {tuple(row[name] for name in names) for row in rows}
    assert len(rows) <= 12


def test_pairs_take_fewer_than_all():
    assert len(covering(PARAMETERS, 2)) < 12


def test_what_does_not_fit_is_left_out():
    rows = covering(PARAMETERS, 2, fits=lambda values: not (values["a"] == 1 and values["c"]))
    pairs = {(row["a"], row["c"]) for row in rows}
    assert pairs == set(itertools.product((1, 2, 3), (False, True))) - {(1, True)}


@pytest.mark.parametrize("strength", [0, 5])
def test_wrong_strength(strength):
    with pytest.raises(ValueError, match=rf"^strength must be 1 to 4, not {strength}$"):
        covering(PARAMETERS, strength)
