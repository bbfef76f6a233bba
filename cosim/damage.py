"""Load images that are wrong, and what the engine must say of each."""

import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from arch.load_image import HASH_WORDS, load_image, sections
from arch.network_program import NetworkProgram
from arch.network_shape import WORD_BITS, NetworkShape
from arch.registers import Error

__all__ = [
    "Damage",
    "damaged_images",
    "damaged_programs",
    "random_contents",
    "random_flips",
    "wrong_words",
]

_MAGIC, _VERSION, _SHAPE, _DIGEST = range(4)
_FIRST = _DIGEST + HASH_WORDS  # word of the first section
_WORD_BYTES = WORD_BITS // 8
_MASK = (1 << WORD_BITS) - 1


@dataclass(frozen=True)
class Damage:
    """Something to load that is not right.

    Parameters
    ----------
    name : str
        What is wrong.
    image : bytes
        What is loaded.
    error : Error
        What the engine must say; NONE while it waits for the rest.
    loaded : bool
        Whether the tables count as loaded all the same.
    """

    name: str
    image: bytes
    error: Error
    loaded: bool = False


def damaged_images(program: NetworkProgram) -> Iterator[Damage]:
    """Every kind of damage that a load can tell."""
    image = load_image(program)
    words = [int.from_bytes(image[n : n + 4], "little") for n in range(0, len(image), 4)]
    first, second, third, *_, last = _starts(program)
    depth = sections(program.shape)[-1].depth

    def flipped(place: int, bit: int = 0) -> bytes:
        return _bytes([word ^ (n == place) << bit for n, word in enumerate(words)])

    def changed(place: int, word: int) -> bytes:
        return _bytes([*words[:place], word, *words[place + 1 :]])

    yield Damage("magic", flipped(_MAGIC, 31), Error.LOAD_MAGIC)
    yield Damage("version", flipped(_VERSION, 1), Error.LOAD_VERSION)
    yield Damage("shape", flipped(_SHAPE, 17), Error.LOAD_SHAPE)
    yield Damage("hash", flipped(_DIGEST + 3, 5), Error.LOAD_CRC)
    yield Damage("first section", flipped(first, 0), Error.LOAD_SECTION)
    yield Damage("last section", flipped(last, 16), Error.LOAD_SECTION)
    swapped = [*words[:first], *words[second:third], *words[first:]]
    yield Damage("sections in another order", _bytes(swapped), Error.LOAD_SECTION)
    yield Damage("empty section", changed(last + 1, 0), Error.LOAD_LENGTH)
    yield Damage("section too large", changed(last + 1, depth + 1), Error.LOAD_LENGTH)
    yield Damage("section far too large", changed(first + 1, _MASK), Error.LOAD_LENGTH)
    yield Damage("first word of a section", flipped(first + 2, 0), Error.LOAD_CRC)
    yield Damage("last word of a section", flipped(len(words) - 2, 3), Error.LOAD_CRC)
    yield Damage("check", flipped(len(words) - 1, 30), Error.LOAD_CRC)
    doubled = [*words[: last + 2], words[last + 2], *words[last + 2 :]]
    yield Damage("a word too many", _bytes(doubled), Error.LOAD_CRC)
    yield Damage("a word behind the end", image + bytes(_WORD_BYTES), Error.LOAD_IDLE, loaded=True)
    for name, length in (("nothing", 0), ("one word", 1), ("half", len(words) // 2)):
        yield Damage(f"cut to {name}", _bytes(words[:length]), Error.NONE)
    yield Damage("cut before the check", image[:-_WORD_BYTES], Error.NONE)


def random_flips(image: bytes, count: int, rng: random.Random) -> Iterator[bytes]:
    """The image with one bit flipped, anywhere, several times."""
    for _ in range(count):
        place = rng.randrange(len(image) * 8)
        value = int.from_bytes(image, "little") ^ 1 << place
        yield value.to_bytes(len(image), "little")


def damaged_programs(program: NetworkProgram) -> Iterator[Damage]:
    """Steps that make no sense, in load images that are right otherwise."""
    shape = program.shape
    layer = next(n for n, step in enumerate(program.steps) if step.kind == "layer")
    stored = next(n for n, step in enumerate(program.steps) if n and step.result.at is not None)
    last = len(program.steps) - 1
    most = {field.name: (1 << field.bits) - 1 for field in shape.step_layout.fields}

    def damage(name: str, error: Error, step: int, **fields: int) -> Damage:
        words = list(program.words)
        start, size = step * shape.step_words, shape.step_words
        packed = sum(word << n * WORD_BITS for n, word in enumerate(words[start : start + size]))
        for field, value in fields.items():
            packed = _with_field(shape, packed, field, value)
        words[start : start + size] = [packed >> n * WORD_BITS & _MASK for n in range(size)]
        return Damage(name, load_image(replace(program, words=tuple(words))), error)

    yield damage("unknown kind", Error.STEP_KIND, layer, kind=3)
    if most["layer"] >= shape.engine.layers:
        yield damage("unknown layer", Error.STEP_LAYER, layer, layer=most["layer"])
    if most["store_at"] >= shape.depth:
        yield damage("map beyond the memory", Error.MAP_ADDRESS, stored, store_at=most["store_at"])
    yield damage("map that reaches out", Error.MAP_ADDRESS, stored, store_at=shape.depth - 1)
    yield damage(
        "endless input", Error.MAP_ADDRESS, 0, position_last=most["position_last"], store_at=1
    )
    yield damage("no last step", Error.PROGRAM_END, last, program_last=0)
    yield damage("no positions", Error.NO_PROGRESS, layer, positions=0)
    yield damage("too many positions", Error.NO_PROGRESS, layer, positions=most["positions"])
    yield damage("too few windows", Error.NO_PROGRESS, layer, level_last=0)
    yield damage(
        "too few results", Error.NO_PROGRESS, last, position_last=most["position_last"], store=0
    )


def random_contents(program: NetworkProgram, rng: random.Random) -> bytes:
    """A load image with a right CRC around words that mean nothing."""
    words = []
    image = load_image(program)[:-_WORD_BYTES]
    header = image[: _FIRST * _WORD_BYTES]
    for section in sections(program.shape):
        words += [section.number, section.depth]
        words += [rng.getrandbits(WORD_BITS) for _ in range(section.depth * section.parts)]
    data = header + _bytes(words)
    return data + zlib.crc32(data).to_bytes(_WORD_BYTES, "little")


def wrong_words(program: NetworkProgram, rng: random.Random) -> Iterator[tuple[str, int, bytes]]:
    """Load images with a right CRC around one flipped bit, which no load can tell.

    Yields
    ------
    tuple
        The memory, each once; the word in it; and the load image.
    """
    image = int.from_bytes(load_image(program)[:-_WORD_BYTES], "little")
    for section, start in zip(sections(program.shape), _starts(program), strict=True):
        word = rng.randrange(len(program.memories[section.name][1]))
        part = start + 2 + word * section.parts
        flipped = image ^ 1 << part * WORD_BITS + rng.randrange(section.bits)
        data = flipped.to_bytes(len(load_image(program)) - _WORD_BYTES, "little")
        yield section.name, word, data + zlib.crc32(data).to_bytes(_WORD_BYTES, "little")


def _with_field(shape: NetworkShape, packed: int, name: str, value: int) -> int:
    """A step with all elements of a field set to ``value``."""
    low = 0
    for field in shape.step_layout.fields:
        if field.name == name:
            mask = (1 << field.bits) - 1
            for place in range(low, low + field.width, field.bits):
                packed = packed & ~(mask << place) | (value & mask) << place
            return packed
        low += field.width
    raise ValueError(f"a step has no field {name}")


def _starts(program: NetworkProgram) -> Iterator[int]:
    """Where each section begins in the load image."""
    at = _FIRST
    for section in sections(program.shape):
        yield at
        at += 2 + len(program.memories[section.name][1]) * section.parts


def _bytes(words: Sequence[int]) -> bytes:
    return b"".join(word.to_bytes(_WORD_BYTES, "little") for word in words)
