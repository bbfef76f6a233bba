"""Read-back: what an engine is asked for is what a load image has."""

import dataclasses
import zlib

import pytest

from arch.capacity import Capacity
from arch.geometry import Geometry
from arch.load_image import PART_BYTES, load_image, sections
from arch.network_program import build_network_program
from arch.read_back import read_back, read_backs
from sw.mapping import map_network
from tests.sw.integer_layers import residual_network

HEADER_WORDS = 11


def program(*, tiles=2, capacity=None):
    geometry = Geometry(tiles=tiles)
    tables = map_network(residual_network(geometry), geometry)
    return build_network_program(dataclasses.replace(tables, sha256="ab" * 32), capacity=capacity)


@pytest.mark.parametrize("capacity", [None, Capacity(ous=50)])
def test_equals_load_image(capacity):
    """Each CRC is that of the data of a section, without its two words of header."""
    made = program(capacity=capacity)
    image = load_image(made)
    at = HEADER_WORDS
    for number, (section, asked) in enumerate(
        zip(sections(made.shape), read_backs(made), strict=True)
    ):
        end = at + 2 + asked.parts
        data = image[(at + 2) * PART_BYTES : end * PART_BYTES]
        words = len(made.memories[section.name][1])
        assert (asked.name, asked.memory, asked.first) == (section.name, number, 0)
        assert asked.parts == words * section.parts
        assert asked.crc == zlib.crc32(data)
        assert asked.word == int.from_bytes(data[-PART_BYTES:], "little")
        at = end
    assert (at + 1) * PART_BYTES == len(image)


def test_range():
    made = program()
    (section,) = (section for section in sections(made.shape) if section.name == "cells1")
    _, words = made.memories["cells1"]
    asked = read_back(made, "cells1", first=1, words=1)
    data = b"".join(word.to_bytes(section.parts * PART_BYTES, "little") for word in words[1:2])
    assert (asked.first, asked.parts, asked.crc) == (1, section.parts, zlib.crc32(data))
    assert asked.word == words[1] >> 32 * (section.parts - 1)
    assert read_back(made, "cells1", first=2).parts == (len(words) - 2) * section.parts
    nothing = read_back(made, "cells1", first=len(words))
    assert (nothing.parts, nothing.crc, nothing.word) == (0, 0, 0)


def test_wrong_range():
    made = program()
    length = len(made.memories["layer"][1])
    with pytest.raises(ValueError, match=r"^there is no memory cells: there are step, layer, "):
        read_back(made, "cells")
    with pytest.raises(
        ValueError, match=rf"^words 1 to {length + 1} are not all in memory layer, "
    ):
        read_back(made, "layer", first=1, words=length)
    with pytest.raises(ValueError, match=r"^words -1 to 0 are not all in memory layer, "):
        read_back(made, "layer", first=-1, words=1)
