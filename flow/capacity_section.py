"""The part of the configuration that says how much an engine can hold."""

from typing import Any, Literal

from pydantic import Field

from arch.capacity import Capacity
from arch.fixed import ACC_BITS_MAX
from flow.configuration_section import Section

__all__ = ["CapacitySection"]

_NEEDED = "; what the tables need unless given"


def _capacity(text: str, most: int) -> Any:
    return Field(default=None, ge=1, le=most, description=f"{text}{_NEEDED}.")


class CapacitySection(Section):
    """How much an engine can hold that [loads its tables](network-engine.md#loadable-tables)."""

    ous: int | None = _capacity("OUs of all layers in a tile, at least one a layer", 2**24)
    layers: int | None = _capacity("Layers", 2**16 - 1)
    channels: int | None = _capacity("Output channels of all layers", 2**24)
    steps: int | None = _capacity("Steps: the input, the layers, the operations", 2**16 - 1)
    elements: int | None = _capacity("Elements of the feature memory", 2**28)
    rows: int | None = _capacity("Rows of the weight matrix of a layer", 2**20)
    outputs: int | None = _capacity("Columns of the weight matrix of a layer", 2**20)
    crossbars: int | None = _capacity("Crossbars of a macro", 2**20)
    input_mode: Literal["auto", "block", "list"] = Field(
        default="auto",
        description="What an index says of the inputs of an OU: a row block, or a list of rows, "
        "which fits every sparsity structure; what the tables need if `auto`.",
    )
    output_mode: Literal["auto", "group", "list"] = Field(
        default="auto",
        description="What an index says of its outputs: a group of columns, or a list; likewise.",
    )
    acc_bits: int | None = _capacity("Width of an accumulator", ACC_BITS_MAX)
    out_bits: int | None = _capacity("Width of a result", 32)
    code_bits: int | None = _capacity("Width of an element of the feature memory", 8)
    sum_bits: int | None = _capacity("Width of the sum of an operation", 64)
    count_bits: int | None = _capacity("Width of a count of a loop", 24)
    place_bits: int | None = _capacity("Width of a coordinate", 24)

    @property
    def capacity(self) -> Capacity:
        """As :mod:`arch` takes it."""
        return Capacity(**{name: v for name, v in self.model_dump().items() if v != "auto"})
