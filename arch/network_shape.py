"""Sizes of a network engine, and the layout of a step of its program."""

from dataclasses import dataclass

from arch.engine_shape import EngineShape
from arch.fixed import MULTIPLIER_BITS, SHIFT_MAX
from arch.index_fields import range_bits
from arch.program import POSITION_BITS
from arch.registers import COUNTER_BITS
from arch.walk import LEVELS
from arch.words import Field, WordLayout

__all__ = [
    "BUILD_OPTIONS",
    "CODE_BITS_MAX",
    "INDEX_BITS",
    "OPERANDS",
    "STEP_KINDS",
    "WORD_BITS",
    "NetworkShape",
]

WORD_BITS = 32
"""Width of a word of the program memory; a step takes several."""
STEP_KINDS = ("input", "layer", "operation")
"""What a step does; the number of a kind is its place here."""
OPERANDS = 2
"""Sources that an operation can have."""
INDEX_BITS = 16
"""Width of the number of a result."""
CODE_BITS_MAX = 8
"""Widest activation, see :class:`arch.fixed.ActFormat`; the input has a byte for each."""
BUILD_OPTIONS = ("argmax", "lanes", "counter_bits", "step_logic", "read_back")
"""What a user chooses of a network engine beside those of the layer engine inside it."""


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
    argmax : bool
        Only the largest result of an image leaves the engine, with its number.
    counter_bits : int
        Width of a counter; it counts modulo ``2**counter_bits``.
    step_logic : bool
        The steps are logic, no memory: with few of them that is smaller. Their words are baked in,
        and the layers of the engine inside are logic, too.
    read_back : bool
        A host can prove what lies in the memories for tables, see :mod:`arch.read_back`.

    Raises
    ------
    :exc:`ValueError`
        If ``lanes`` is no power of two, a counter is wider than its register, or steps that are
        loaded are to be logic.
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
    argmax: bool = False
    counter_bits: int = COUNTER_BITS
    step_logic: bool = False
    read_back: bool = True

    def __post_init__(self) -> None:
        if self.lanes < 1 or self.lanes & (self.lanes - 1):
            raise ValueError(f"lanes must be a power of two, not {self.lanes}")
        if not 1 <= self.counter_bits <= COUNTER_BITS:
            raise ValueError(f"counter_bits must be 1 to {COUNTER_BITS}, not {self.counter_bits}")
        if self.step_logic and self.engine.loadable:
            raise ValueError("steps that are loaded cannot be logic")

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
                Field("largest", 1),
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
    def memories(self) -> dict[str, tuple[WordLayout, int]]:
        """Every memory for tables by name: the layout of its words, and how many it holds."""
        word = WordLayout((Field("bits", WORD_BITS),))
        steps = {} if self.step_logic else {"step": (word, self.steps * self.step_words)}
        return steps | self.engine.memories

    @property
    def step_words(self) -> int:
        """Words of the program memory that one step takes."""
        return -(-self.step_layout.width // WORD_BITS)
