"""What a whole network costs in hardware, from the numbers of segments that stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arch.cycles import counted_cycles
from arch.engine_shape import EngineShape
from sw.search.choices import LayerChoices

__all__ = ["OBJECTIVES", "TERMS", "Objective", "hardware_terms"]

TERMS = ("crossbars", "ous", "cycles", "index_bits")
"""What is counted of a network: crossbars, operation units, cycles of one image without stalls, and
bits of the index as the hardware reads it."""
OBJECTIVES = (*TERMS, "weighted")


def hardware_terms(layers: Sequence[LayerChoices], kept: Sequence[int]) -> dict[str, int]:
    """Every one of :data:`TERMS` for a network.

    The same numbers as the mapping tables give, without tables: ``map`` and the cosimulation find
    them again.

    Parameters
    ----------
    layers : sequence of LayerChoices
        The network, in execution order.
    kept : sequence of int
        Segments that stay in each layer, at least one.
    """
    occupied = [layer.occupied(number) for layer, number in zip(layers, kept, strict=True)]
    ous = [entry.count.ous for entry in occupied]
    geometry = layers[0].geometry
    # All layers run on one engine, so the layer that needs most decides the form of the index.
    shape = EngineShape(
        geometry=geometry,
        input_mode="block" if all(entry.inputs_aligned for entry in occupied) else "list",
        output_mode="group" if all(entry.outputs_aligned for entry in occupied) else "list",
        layers=len(layers),
        ous=sum(ous),
        blocks=max(-(-layer.rows // geometry.ou_rows) for layer in layers),
        outputs=max(layer.cols for layer in layers),
        channels=sum(layer.cols for layer in layers),
        acc_bits=1,  # The widths of the arithmetic change neither cycles nor index.
        out_bits=1,
    )
    cycles = (
        counted_cycles(
            rows=layer.rows,
            cols=layer.cols,
            ous=number,
            positions=layer.positions,
            geometry=geometry,
            fetch_steps=shape.fetch_steps,
        ).total
        for layer, number in zip(layers, ous, strict=True)
    )
    return {
        "crossbars": sum(entry.count.crossbars for entry in occupied),
        "ous": sum(ous),
        "cycles": sum(cycles),
        "index_bits": sum(ous) * shape.index_layout.width,
    }


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The one number that a search makes small.

    Parameters
    ----------
    name : str
        One of :data:`OBJECTIVES`.
    dense : mapping of str to int
        :func:`hardware_terms` of the dense network.
    weights : mapping of str to float
        For ``weighted``: weight of each term, at least 0, not all 0.

    Raises
    ------
    :exc:`ValueError`
        If the name is unknown, or the weights are not as above.
    """

    name: str
    dense: Mapping[str, int]
    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        if self.name not in OBJECTIVES:
            raise ValueError(f"hardware must be {' or '.join(OBJECTIVES)}, not {self.name!r}")
        if self.name != "weighted":
            return
        if unknown := [name for name in self.weights if name not in TERMS]:
            raise ValueError(f"no hardware term {unknown[0]!r}; there are {', '.join(TERMS)}")
        if min(self.weights.values(), default=0) < 0 or not sum(self.weights.values()) > 0:
            raise ValueError("hardware weights must be at least 0, and one of them above")

    def cost(self, terms: Mapping[str, int]) -> float:
        """The cost of a network with ``terms``.

        A term by name is itself, except that among networks of equally many ``crossbars`` the one
        of fewer OUs costs less, by less than one crossbar: on a small network whole crossbars are
        so few that most steps would make no difference. ``weighted`` is the sum over the terms of
        weight times share of the dense network.
        """
        if self.name == "weighted":
            return sum(
                weight * terms[name] / self.dense[name] for name, weight in self.weights.items()
            )
        if self.name == "crossbars":
            return terms["crossbars"] + terms["ous"] / (self.dense["ous"] + 1)
        return float(terms[self.name])

    @property
    def dense_cost(self) -> float:
        """The cost of the dense network."""
        return self.cost(self.dense)
