"""A step of the program of a network engine, and how it is written in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from arch.fixed import ActFormat
from arch.host import HostSpec
from arch.layer import INPUT, LayerSpec
from arch.network_shape import OPERANDS, STEP_KINDS, WORD_BITS, NetworkShape
from arch.program import Program
from arch.walk import LEVELS, Level, Walk

__all__ = ["FeatureMap", "Step"]

_Fields = dict[str, int | Sequence[int]]


@dataclass(frozen=True, kw_only=True)
class FeatureMap:
    """A feature map in the memory, in the order channel, row, column.

    Parameters
    ----------
    at : int or None
        Address of its first element; None if it is not stored.
    shape : tuple of int
        Channels, height and width.
    """

    at: int | None
    shape: tuple[int, int, int]

    @property
    def size(self) -> int:
        """Elements of the map."""
        return prod(self.shape)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the program.

    Parameters
    ----------
    spec : LayerSpec, HostSpec or None
        The layer or operation that it computes; None for the input.
    walk : Walk or None
        What it reads; None for the input.
    result : FeatureMap
        What it gives.
    """

    spec: LayerSpec | HostSpec | None
    walk: Walk | None
    result: FeatureMap

    @property
    def name(self) -> str:
        """What it computes: the name of a layer or an operation, or :data:`arch.layer.INPUT`."""
        return INPUT if self.spec is None else self.spec.name

    @property
    def kind(self) -> str:
        """One of :data:`arch.network_shape.STEP_KINDS`."""
        if self.spec is None:
            return "input"
        return "layer" if isinstance(self.spec, LayerSpec) else "operation"

    @property
    def channels_inner(self) -> bool:
        """Results come position by position, all channels of each; else in the order of the map."""
        return self.kind == "layer"

    @property
    def activations(self) -> tuple[ActFormat, ...]:
        """Format of each source."""
        if self.spec is None:
            return ()
        if isinstance(self.spec, LayerSpec):
            return (self.spec.activation,)
        return self.spec.activations

    @property
    def sum_bits(self) -> int:
        """Width of the sum of an operation; 1 for any other step."""
        spec = self.spec
        if not isinstance(spec, HostSpec):
            return 1
        count = prod(spec.window) if spec.kind == "average_pool" else 1
        bound = sum(
            multiplier * count * max(form.maximum - form.zero_point, form.zero_point - form.minimum)
            for multiplier, form in zip(spec.multipliers, spec.activations, strict=True)
        )
        return bound.bit_length() + 1

    def words(self, shape: NetworkShape, layers: Program, *, last: bool) -> list[int]:
        """The step as words of the program memory, the first in the least significant bits.

        Parameters
        ----------
        shape : NetworkShape
            Sizes of the engine.
        layers : Program
            The layer engine inside, which knows the layer by its place.
        last : bool
            The step is the last of the program.

        Raises
        ------
        :exc:`ValueError`
            If a value does not fit the engine.
        """
        fields = self._read_fields(shape) | self._arithmetic_fields() | self._store_fields(shape)
        is_layer = self.kind == "layer"
        fields |= {
            "kind": STEP_KINDS.index(self.kind),
            "program_last": int(last),
            "emit": int(last),
            "layer": layers.names.index(self.name) if is_layer else 0,
            "positions": self.walk.windows if is_layer and self.walk else 0,
        }
        word = shape.step_layout.pack(fields)
        mask = (1 << WORD_BITS) - 1
        return [word >> (part * WORD_BITS) & mask for part in range(shape.step_words)]

    def _read_fields(self, shape: NetworkShape) -> _Fields:
        walk = self.walk or Walk(at=0, levels=(Level(),) * LEVELS)
        mask = (1 << shape.at_bits) - 1
        zero = self.activations[0].zero_point if self.activations else 0
        return {
            "at": walk.at & mask,
            "y": walk.y,
            "x": walk.x,
            "height": walk.height,
            "width": walk.width,
            "wide": int(walk.wide),
            "level_last": [level.count - 1 for level in walk.levels],
            "level_at": [level.at & mask for level in walk.levels],
            "level_y": [level.y for level in walk.levels],
            "level_x": [level.x for level in walk.levels],
            "fill": zero & ((1 << shape.code_bits) - 1),
        }

    def _arithmetic_fields(self) -> _Fields:
        if not isinstance(self.spec, HostSpec):
            none = (0,) * OPERANDS
            unused: _Fields = {"operand_signed": none, "operand_zero": none, "multiplier": none}
            others = ("largest", "shift", "zero_point", "minimum", "maximum")
            return unused | dict.fromkeys(others, 0)
        # One source is all operands: the number of an element decides, and it may be any.
        forms = (self.spec.activations * OPERANDS)[:OPERANDS]
        return {
            "operand_signed": [int(form.signed) for form in forms],
            "operand_zero": [form.zero_point for form in forms],
            "multiplier": (self.spec.multipliers * OPERANDS)[:OPERANDS],
            "largest": int(self.spec.kind == "max_pool"),
            "shift": self.spec.shift,
            "zero_point": self.spec.output.zero_point,
            "minimum": self.spec.output.minimum,
            "maximum": self.spec.output.maximum,
        }

    def _store_fields(self, shape: NetworkShape) -> _Fields:
        channels, height, width = self.result.shape
        fields: _Fields = {
            "store": int(self.result.at is not None),
            "store_at": self.result.at or 0,
            "channel_last": 0,
            "channel_step": 0,
            "position_last": self.result.size - 1,
        }
        if self.channels_inner:
            fields["channel_last"] = channels - 1
            fields["channel_step"] = height * width & ((1 << shape.at_bits) - 1)
            fields["position_last"] = height * width - 1
        return fields
