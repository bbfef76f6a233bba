"""The program of a network engine: a step for every layer and every operation between layers.

It is made from mapping tables alone, like the :class:`arch.program.Program` of the layer engine
inside. ``docs/network-engine.md`` describes every field of a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from arch.feature_maps import Lifetime, depth_of, place_maps
from arch.fixed import MULTIPLIER_BITS, SHIFT_MAX, ActFormat, OutFormat
from arch.host import HostSpec, run_order
from arch.index_fields import range_bits
from arch.layer import INPUT, LayerSpec
from arch.program import POSITION_BITS, EngineShape, Program, build_program
from arch.tables import MappingTables
from arch.walk import LEVELS, Level, Walk, layer_walk, operation_walk
from arch.words import Field, WordLayout

__all__ = [
    "CODE_BITS_MAX",
    "OPERANDS",
    "STEP_KINDS",
    "WORD_BITS",
    "FeatureMap",
    "NetworkProgram",
    "NetworkShape",
    "Step",
    "build_network_program",
]

WORD_BITS = 32
"""Width of a word of the program memory; a step takes several."""
STEP_KINDS = ("input", "layer", "operation")
"""What a step does; the number of a kind is its place here."""
OPERANDS = 2
"""Sources that an operation can have."""
CODE_BITS_MAX = 8
"""Widest activation, see :class:`arch.fixed.ActFormat`; the input has a byte for each."""


@dataclass(frozen=True, kw_only=True)
class NetworkShape:
    """Sizes of a network engine: everything that changes its logic, nothing that it stores.

    Parameters
    ----------
    engine : EngineShape
        The layer engine inside.
    lanes : int
        Banks of the feature memory, a power of two: elements that one read brings.
    code_bits : int
        Width of an element of the feature memory.
    depth : int
        Elements of the feature memory.
    steps : int
        Steps of the program.
    count_bits : int
        Width of a count in a walk.
    place_bits : int
        Width of a coordinate in a walk, signed.
    sum_bits : int
        Width of the sum of an operation, signed.
    out_bits : int
        Width of a result of any step, signed.
    """

    engine: EngineShape
    lanes: int
    code_bits: int
    depth: int
    steps: int
    count_bits: int
    place_bits: int
    sum_bits: int
    out_bits: int

    @property
    def at_bits(self) -> int:
        """Width of an address of the feature memory."""
        return max(1, range_bits(self.depth), range_bits(self.lanes))

    @property
    def step_layout(self) -> WordLayout:
        """One step, before it is cut into words; see ``docs/network-engine.md``."""
        at, count, place, out = self.at_bits, self.count_bits, self.place_bits, self.out_bits
        return WordLayout(
            (
                Field("kind", 2),
                Field("program_last", 1),
                # The walk: where elements are read.
                Field("at", at),
                Field("y", place, signed=True),
                Field("x", place, signed=True),
                Field("height", place, signed=True),
                Field("width", place, signed=True),
                Field("wide", 1),
                Field("level_last", count, LEVELS),
                Field("level_at", at, LEVELS),
                Field("level_y", place, LEVELS, signed=True),
                Field("level_x", place, LEVELS, signed=True),
                Field("fill", self.code_bits),
                # The layer that a step runs.
                Field("layer", max(1, range_bits(self.engine.layers))),
                Field("positions", POSITION_BITS),
                # The arithmetic of an operation.
                Field("operand_signed", 1, OPERANDS),
                Field("operand_zero", self.code_bits + 1, OPERANDS, signed=True),
                Field("multiplier", MULTIPLIER_BITS, OPERANDS),
                Field("shift", range_bits(SHIFT_MAX + 1)),
                Field("zero_point", out, signed=True),
                Field("minimum", out, signed=True),
                Field("maximum", out, signed=True),
                # Where results go.
                Field("store", 1),
                Field("emit", 1),
                Field("store_at", at),
                Field("channel_last", count),
                Field("channel_step", at),
                Field("position_last", POSITION_BITS),
            )
        )

    @property
    def step_words(self) -> int:
        """Words of the program memory that one step takes."""
        return -(-self.step_layout.width // WORD_BITS)


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
    name : str
        What it computes: the name of a layer or an operation, or :data:`arch.layer.INPUT`.
    kind : str
        One of :data:`STEP_KINDS`.
    walk : Walk or None
        What it reads; None for the input.
    result : FeatureMap
        What it gives.
    channels_inner : bool
        Results come position by position, all channels of each; else in the order of the map.
    """

    name: str
    kind: str
    walk: Walk | None
    result: FeatureMap
    channels_inner: bool


@dataclass(frozen=True, kw_only=True)
class NetworkProgram:
    """Everything that a network engine stores.

    Parameters
    ----------
    shape : NetworkShape
        Sizes of the engine.
    layers : Program
        Memories of the layer engine inside.
    steps : tuple of Step
        In the order in which they run; the first takes the input, the last gives the results.
    words : tuple of int
        Contents of the program memory, ``shape.step_words`` a step.
    """

    shape: NetworkShape
    layers: Program
    steps: tuple[Step, ...]
    words: tuple[int, ...]

    @property
    def tables_sha256(self) -> str:
        """Hash of the mapping tables."""
        return self.layers.tables_sha256

    @property
    def memories(self) -> dict[str, tuple[WordLayout, tuple[int, ...]]]:
        """Every read-only memory by name: its word layout and its words."""
        word = WordLayout((Field("bits", WORD_BITS),))
        return {"program": (word, self.words)} | self.layers.memories


def build_network_program(tables: MappingTables, *, lanes: int = 4) -> NetworkProgram:
    """The program of the engine that runs ``tables`` from an image to the last result.

    Parameters
    ----------
    tables : MappingTables
        A network whose last layer or operation gives the result.
    lanes : int
        Banks of the feature memory.

    Raises
    ------
    :exc:`ValueError`
        If ``lanes`` is no power of two, or the tables do not follow from each other.
    """
    if lanes < 1 or lanes & (lanes - 1):
        raise ValueError(f"lanes must be a power of two, not {lanes}")
    layers = build_program(tables)
    order = run_order([table.spec for table in tables.layers], tables.host)
    first = next(spec for spec in order if INPUT in _sources(spec))
    shapes = {INPUT: first.in_shape} | {spec.name: spec.out_shape for spec in order}
    for spec in order:
        for source in _sources(spec):
            if shapes[source] != spec.in_shape:
                raise ValueError(f"{spec.name} reads {spec.in_shape}, {source} is {shapes[source]}")
    maps, depth = _place(shapes, order)
    steps = [
        Step(
            name=INPUT,
            kind="input",
            walk=None,
            result=maps[INPUT],
            channels_inner=False,
        )
    ]
    for spec in order:
        at = tuple(_stored(maps[source]) for source in _sources(spec))
        is_layer = isinstance(spec, LayerSpec)
        steps.append(
            Step(
                name=spec.name,
                kind="layer" if is_layer else "operation",
                walk=layer_walk(spec, at[0]) if is_layer else operation_walk(spec, at),
                result=maps[spec.name],
                channels_inner=is_layer,
            )
        )
    shape = _shape(layers.shape, order, steps, lanes=lanes, depth=depth)
    words: list[int] = []
    for step, spec in zip(steps, (None, *order), strict=True):
        word = shape.step_layout.pack(_step_fields(step, spec, shape, layers, last=step is steps[-1]))
        words += [
            word >> (part * WORD_BITS) & ((1 << WORD_BITS) - 1) for part in range(shape.step_words)
        ]
    return NetworkProgram(shape=shape, layers=layers, steps=tuple(steps), words=tuple(words))


def _sources(spec: LayerSpec | HostSpec) -> tuple[str, ...]:
    return (spec.source,) if isinstance(spec, LayerSpec) else spec.sources


def _activations(spec: LayerSpec | HostSpec) -> tuple[ActFormat, ...]:
    return (spec.activation,) if isinstance(spec, LayerSpec) else spec.activations


def _stored(entry: FeatureMap) -> int:
    if entry.at is None:
        raise ValueError("the result of the network is also read by a step")
    return entry.at


def _place(
    shapes: dict[str, tuple[int, int, int]], order: Sequence[LayerSpec | HostSpec]
) -> tuple[dict[str, FeatureMap], int]:
    """Every map with its address, and the elements of the memory that holds them."""
    read = {name: number for number, name in enumerate(shapes)}
    for number, spec in enumerate(order, start=1):
        read |= dict.fromkeys(_sources(spec), number)
    stored = list(shapes)[:-1]  # the last is given to the user, and read by nobody
    lives = [
        Lifetime(size=prod(shapes[name]), first=number, last=read[name])
        for number, name in enumerate(stored)
    ]
    places = place_maps(lives)
    at = dict(zip(stored, places, strict=True))
    maps = {name: FeatureMap(at=at.get(name), shape=shape) for name, shape in shapes.items()}
    return maps, depth_of(lives, places)


def _shape(
    engine: EngineShape,
    order: Sequence[LayerSpec | HostSpec],
    steps: Sequence[Step],
    *,
    lanes: int,
    depth: int,
) -> NetworkShape:
    walks = [step.walk for step in steps if step.walk is not None]
    levels = [level for walk in walks for level in walk.levels]
    counts = [level.count for level in levels] + [step.result.shape[0] for step in steps]
    code_bits = max(form.bits for spec in order for form in _activations(spec))
    return NetworkShape(
        engine=engine,
        lanes=lanes,
        code_bits=max(code_bits, engine.geometry.act_bits),
        depth=max(depth, 2 * lanes),  # a bank of one word would have an address of no bits
        steps=len(steps),
        count_bits=max(1, range_bits(max(counts))),
        place_bits=max(_reach(walk, lanes) for walk in walks).bit_length() + 1,
        sum_bits=max((_sum_bits(spec) for spec in order if isinstance(spec, HostSpec)), default=1),
        out_bits=max(
            CODE_BITS_MAX + 1, *(spec.output.bits + (not spec.output.signed) for spec in order)
        ),
    )


def _reach(walk: Walk, lanes: int) -> int:
    """The largest coordinate of a walk, outside included, and the largest size or step."""

    def farthest(start: int, steps: list[tuple[Level, int]]) -> int:
        return abs(start) + sum((level.count - 1) * abs(step) + abs(step) for level, step in steps)

    return max(
        farthest(walk.y, [(level, level.y) for level in walk.levels]),
        farthest(walk.x, [(level, level.x) for level in walk.levels]) + lanes,
        walk.height,
        walk.width,
    )


def _sum_bits(operation: HostSpec) -> int:
    elements = operation.in_shape[1] * operation.in_shape[2]
    count = elements if operation.kind == "average_pool" else 1
    bound = sum(
        multiplier * count * max(form.maximum - form.zero_point, form.zero_point - form.minimum)
        for multiplier, form in zip(operation.multipliers, operation.activations, strict=True)
    )
    return bound.bit_length() + 1


def _step_fields(
    step: Step,
    spec: LayerSpec | HostSpec | None,
    shape: NetworkShape,
    layers: Program,
    *,
    last: bool,
) -> dict[str, int | Sequence[int]]:
    codes, mask = (1 << shape.code_bits) - 1, (1 << shape.at_bits) - 1
    walk = step.walk or Walk(at=0, levels=(Level(),) * LEVELS)
    channels, height, width = step.result.shape
    is_layer, operation = isinstance(spec, LayerSpec), spec if isinstance(spec, HostSpec) else None
    forms = _activations(spec) if spec is not None else (ActFormat(),)
    output = operation.output if operation else OutFormat()
    # One source is both operands: the number of an element decides, and may be any.
    operands = (forms * OPERANDS)[:OPERANDS]
    multipliers = ((operation.multipliers if operation else (0,)) * OPERANDS)[:OPERANDS]
    return {
        "kind": STEP_KINDS.index(step.kind),
        "program_last": int(last),
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
        "fill": forms[0].zero_point & codes,
        "layer": layers.names.index(step.name) if is_layer else 0,
        "positions": height * width if is_layer else 0,
        "operand_signed": [int(form.signed) for form in operands],
        "operand_zero": [form.zero_point for form in operands],
        "multiplier": list(multipliers),
        "shift": operation.shift if operation else 0,
        "zero_point": output.zero_point,
        "minimum": output.minimum,
        "maximum": output.maximum,
        "store": int(step.result.at is not None),
        "emit": int(last),
        "store_at": step.result.at or 0,
        "channel_last": channels - 1 if step.channels_inner else 0,
        "channel_step": (height * width if step.channels_inner else 0) & mask,
        "position_last": (height * width if step.channels_inner else step.result.size) - 1,
    }
