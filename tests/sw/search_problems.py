"""Small search problems without a network: what is best in them is known."""

import numpy as np
from hypothesis import strategies as st

from arch.geometry import Geometry
from arch.packing import segment_grid
from sw.search.choices import LayerChoices
from sw.search.evaluation import Evaluation
from sw.search.hardware import Objective, hardware_terms
from sw.search.problem import Problem

GEOMETRY = Geometry(rows=8, cols=16, ou_rows=4, ou_cols=8)
"""Two weights an OU, four slots a crossbar."""


def layer(
    name="a", *, rows=16, cols=8, scheme="column_vector", geometry=GEOMETRY, seed=0, **others
):
    norms = np.random.default_rng(seed).random(segment_grid(rows, cols, scheme, geometry))
    return LayerChoices(
        name=name, scheme=scheme, geometry=geometry, norms=norms, rows=rows, cols=cols,
        **{"positions": 4, **others},
    )  # fmt: skip


class Calls:
    """Accuracy as a function of the ratios, with what was asked for."""

    def __init__(self, layers, accuracy):
        self.layers = layers
        self.accuracy = accuracy
        self.asked = []

    def __call__(self, kept):
        self.asked.append(kept)
        ratios = [one.ratio(number) for one, number in zip(self.layers, kept, strict=True)]
        return Evaluation(accuracy=self.accuracy(ratios), seconds=0.25)


def problem(layers, accuracy, *, hardware="ous", weights=None, **settings):
    """A problem; ``problem.evaluate.asked`` lists what was evaluated."""
    layers = tuple(layers)
    dense = hardware_terms(layers, [one.segments for one in layers])
    return Problem(
        layers=layers,
        evaluate=Calls(layers, accuracy),
        objective=Objective(name=hardware, dense=dense, weights=weights or {}),
        **{"dense_accuracy": 1.0, **settings},
    )


def towards(best):
    """An accuracy that is 1 at the ratios ``best`` and falls with the distance from them."""
    return lambda ratios: 1 - sum((r - b) ** 2 for r, b in zip(ratios, best, strict=True))


@st.composite
def layer_lists(draw):
    """One to four layers of one structure, some of which must not be pruned."""
    scheme = draw(st.sampled_from(["column_vector", "row_vector"]))
    return tuple(
        layer(
            f"l{number}",
            rows=draw(st.integers(1, 40)),
            cols=draw(st.integers(1, 20)),
            scheme=scheme,
            seed=number,
            max_ratio=draw(st.sampled_from([0.0, 0.5, 0.9, 1.0])),
        )
        for number in range(draw(st.integers(1, 4)))
    )
