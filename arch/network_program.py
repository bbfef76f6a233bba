"""The program of a network engine: a step for every layer and every operation between layers.

It is made from mapping tables alone, like the :class:`arch.program.Program` of the layer engine
inside. ``docs/network-engine.md`` describes every field of a step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from arch.capacity import Capacity, check_fits, enlarge
from arch.engine_shape import EngineShape
from arch.feature_maps import Lifetime, depth_of, place_maps
from arch.host import HostSpec, run_order
from arch.index_fields import range_bits
from arch.layer import INPUT, LayerSpec
from arch.network_shape import BUILD_OPTIONS, CODE_BITS_MAX, INDEX_BITS, NetworkShape
from arch.network_step import FeatureMap, Step
from arch.program import Program, build_program
from arch.registers import COUNTER_BITS
from arch.tables import MappingTables
from arch.walk import Level, Walk, layer_walk, operation_walk
from arch.words import WordLayout

__all__ = [
    "LANES",
    "NetworkProgram",
    "build_network_program",
    "network_shape",
    "plan_steps",
]

LANES = 4
"""Banks of the feature memory, unless more or fewer are asked for."""


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
        """Every memory for tables by name: its word layout and its words."""
        if self.shape.step_logic:
            return self.layers.memories
        return {"step": (self.shape.memories["step"][0], self.words)} | self.layers.memories

    def contents(self, name: str) -> tuple[int, ...] | int:
        """What a memory is made of: its words, or the number of those that it can be given."""
        _, words = self.memories[name]
        return self.shape.memories[name][1] if self.shape.engine.loadable else words


def build_network_program(
    tables: MappingTables,
    *,
    lanes: int = LANES,
    macro_latency: int | None = None,
    skip_zero_planes: bool = False,
    argmax: bool = False,
    counter_bits: int = COUNTER_BITS,
    step_logic: bool = False,
    read_back: bool = True,
    capacity: Capacity | None = None,
    shape: NetworkShape | None = None,
) -> NetworkProgram:
    """The program of the engine that runs ``tables`` from an image to the last result.

    Parameters
    ----------
    tables : MappingTables
        A network whose last layer or operation gives the result.
    lanes : int
        Banks of the feature memory.
    macro_latency, skip_zero_planes
        As in :func:`arch.program.build_program`.
    argmax : bool
        Whether only the largest result of an image leaves the engine.
    counter_bits : int
        Width of a counter.
    step_logic : bool
        Whether the steps, and what the engine knows of the layers, are logic instead of memories.
    read_back : bool
        Whether a host can read back what lies in the memories for tables.
    capacity : Capacity, optional
        The tables are loaded at run time, by an engine that can hold so much.
    shape : NetworkShape, optional
        The engine to pack for, which the tables must fit. What it is built as then counts, not the
        other arguments.

    Raises
    ------
    :exc:`ValueError`
        If ``lanes`` or ``counter_bits`` is out of range, the tables do not follow from each other,
        ``argmax`` has more results than it can number, or ``step_logic`` goes with a capacity.
    :exc:`arch.errors.InputError`
        If the tables do not fit ``shape``, or need more than ``capacity``; it says what is short.
    """
    layers = build_program(
        tables,
        macro_latency=macro_latency,
        skip_zero_planes=skip_zero_planes,
        shape=None if shape is None else shape.engine,
    )
    order = run_order([table.spec for table in tables.layers], tables.host)
    steps, depth = plan_steps(order)
    if shape is None:
        shape = network_shape(layers.shape, steps, lanes=lanes, depth=depth)
        shape = replace(
            shape,
            argmax=argmax,
            counter_bits=counter_bits,
            step_logic=step_logic,
            read_back=read_back,
        )
        if step_logic:
            shape = replace(shape, engine=replace(shape.engine, layer_logic=True))
            layers = replace(layers, shape=shape.engine)
        if capacity is not None:
            shape = enlarge(shape, capacity)
            shape = replace(shape, engine=replace(shape.engine, loadable=True))
            layers = build_program(tables, shape=shape.engine)
    else:
        needed = network_shape(layers.shape, steps, lanes=shape.lanes, depth=depth)
        needed = replace(needed, **{name: getattr(shape, name) for name in BUILD_OPTIONS})
        check_fits(needed, shape)
    if shape.argmax and steps[-1].result.size > 1 << INDEX_BITS:
        raise ValueError(
            f"argmax is of {1 << INDEX_BITS} results at most, not {steps[-1].result.size}"
        )
    words = [word for step in steps for word in step.words(shape, layers, last=step is steps[-1])]
    return NetworkProgram(shape=shape, layers=layers, steps=steps, words=tuple(words))


def plan_steps(order: Sequence[LayerSpec | HostSpec]) -> tuple[tuple[Step, ...], int]:
    """The steps of a network, and the elements of the memory that holds its feature maps.

    Parameters
    ----------
    order : sequence of LayerSpec or HostSpec
        In the order in which they run, see :func:`arch.host.run_order`.

    Raises
    ------
    :exc:`ValueError`
        If they do not follow from each other.
    """
    maps, depth = _place(order)
    first = Step(spec=None, walk=None, result=maps[INPUT])
    return (first, *(_step(spec, maps) for spec in order)), depth


def _step(spec: LayerSpec | HostSpec, maps: Mapping[str, FeatureMap]) -> Step:
    places = []
    for source in _sources(spec):
        entry = maps[source]
        if entry.shape != spec.in_shape:
            raise ValueError(f"{spec.name} reads {spec.in_shape}, but {source} is {entry.shape}")
        places.append(entry.at or 0)  # only the last map has no place, and nothing reads it
    if isinstance(spec, LayerSpec):
        walk = layer_walk(spec, places[0])
    else:
        walk = operation_walk(spec, tuple(places))
    return Step(spec=spec, walk=walk, result=maps[spec.name])


def _sources(spec: LayerSpec | HostSpec) -> tuple[str, ...]:
    return (spec.source,) if isinstance(spec, LayerSpec) else spec.sources


def _place(order: Sequence[LayerSpec | HostSpec]) -> tuple[dict[str, FeatureMap], int]:
    """Every map with its address, and the elements of the memory that holds them."""
    first = next(spec for spec in order if INPUT in _sources(spec))
    shapes = {INPUT: first.in_shape} | {spec.name: spec.out_shape for spec in order}
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


def network_shape(
    engine: EngineShape, steps: Sequence[Step], *, lanes: int, depth: int
) -> NetworkShape:
    """The smallest network engine around a layer engine that runs ``steps``.

    Parameters
    ----------
    lanes, depth : int
        As in :class:`arch.network_shape.NetworkShape`.
    """
    walks = [step.walk for step in steps if step.walk is not None]
    counts = [level.count for walk in walks for level in walk.levels]
    counts += [step.result.shape[0] for step in steps]
    forms = [form for step in steps for form in step.activations]
    outputs = [step.spec.output for step in steps if step.spec is not None]
    return NetworkShape(
        engine=engine,
        lanes=lanes,
        code_bits=max(engine.geometry.act_bits, *(form.bits for form in forms)),
        depth=max(depth, 2 * lanes),  # a bank of one word would have an address of no bits
        steps=len(steps),
        count_bits=max(1, range_bits(max(counts))),
        place_bits=max(_reach(walk, lanes) for walk in walks).bit_length() + 1,
        sum_bits=max(step.sum_bits for step in steps),
        out_bits=max(CODE_BITS_MAX + 1, *(out.bits + (not out.signed) for out in outputs)),
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
