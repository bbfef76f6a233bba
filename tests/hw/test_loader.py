# amaranth: UnusedElaboratable=no
"""The loader: right images write every word where it belongs, wrong ones are refused."""

import zlib

import pytest

from arch.load_image import FORMAT_VERSION, LOAD_MAGIC, Section
from arch.registers import Error
from arch.words import Field, WordLayout
from hw.loader import Loader
from hw.testing import run, sample, tick

IDENTITY = 0xC0FFEE99
BITS, DEPTHS = {"step": 32, "index": 7, "cells": 70}, {"step": 5, "index": 1, "cells": 4}
SECTIONS = tuple(
    Section(name=name, number=n << 16 | n, bits=BITS[name], depth=DEPTHS[name])
    for n, name in enumerate(BITS, start=1)
)
MEMORIES = {name: (WordLayout((Field("bits", bits),)), DEPTHS[name]) for name, bits in BITS.items()}
CONTENTS = {
    "step": [0, 0xFFFFFFFF, 1, 0x80000000, 77],
    "index": [0x7F],
    "cells": [(1 << 70) - 1, 1 << 69, 0x123456789ABCDEF012],
}
DIGEST = [0x11111111 * n for n in range(8, 0, -1)]


def words_of(contents=None, *, head=None, crc=None):
    """A load image as words."""
    words = head or [LOAD_MAGIC, FORMAT_VERSION, IDENTITY, *DIGEST]
    for section in SECTIONS:
        stored = (contents or CONTENTS)[section.name]
        words = [*words, section.number, len(stored)]
        for word in stored:
            words += [word >> 32 * part & 0xFFFFFFFF for part in range(section.parts)]
    data = b"".join(word.to_bytes(4, "little") for word in words)
    return [*words, zlib.crc32(data) if crc is None else crc]


class Bench:
    """A loader, the memories that it writes, and the faults that it raises."""

    def __init__(self):
        self.dut = Loader(identity=IDENTITY, memories=MEMORIES, sections=SECTIONS)
        self.written, self.faults = {}, []

    async def record(self, ctx):
        ports = [getattr(self.dut.load, name) for name in BITS]
        while True:
            fault, code, *seen = await sample(
                ctx,
                self.dut.fault,
                self.dut.code,
                *(value for port in ports for value in (port.en, port.at, port.data)),
            )
            if fault:
                self.faults.append(Error(code))
            for place, name in enumerate(BITS):
                en, at, data = seen[3 * place : 3 * place + 3]
                if en:
                    assert at < DEPTHS[name]
                    self.written[name, at] = data

    async def begin(self, ctx):
        ctx.set(self.dut.begin, 1)
        await tick(ctx)
        ctx.set(self.dut.begin, 0)

    async def give(self, ctx, words, *, gap=0):
        for word in words:
            ctx.set(self.dut.word, word)
            ctx.set(self.dut.valid, 1)
            await tick(ctx)
            ctx.set(self.dut.valid, 0)
            await tick(ctx, gap)

    def state(self, ctx):
        return ctx.get(self.dut.loaded), ctx.get(self.dut.loading), ctx.get(self.dut.count)

    def simulate(self, host, tmp_path):
        async def bound(ctx):
            self.written.clear()
            self.faults.clear()
            await host(ctx)
            await tick(ctx, 2)

        class Recorder:
            record = self.record

        run(self.dut, bound, watches=[Recorder()], vcd=tmp_path / "loader.vcd")


EXPECTED = {(name, at): word for name, words in CONTENTS.items() for at, word in enumerate(words)}


@pytest.mark.parametrize("gap", [0, 3])
def test_writes_every_word(gap, tmp_path):
    """A word a cycle, or now and then; loaded in the cycle after the last one."""
    bench = Bench()

    async def host(ctx):
        assert bench.state(ctx) == (0, 0, 0)
        for turn in range(2):
            await bench.begin(ctx)
            assert bench.state(ctx) == (0, 1, 0)
            words = words_of()
            await bench.give(ctx, words[:-1], gap=gap)
            assert bench.state(ctx) == (0, 1, len(words) - 1)
            await bench.give(ctx, words[-1:])
            assert bench.state(ctx) == (1, 0, len(words))
            assert [ctx.get(word) for word in bench.dut.digest] == DIGEST
            await tick(ctx)  # so that the last write has been seen
            assert bench.written == EXPECTED
            bench.written.update(dict.fromkeys(EXPECTED, turn))

    bench.simulate(host, tmp_path)
    assert bench.faults == []


def test_other_lengths(tmp_path):
    """A section may be shorter than its memory; the next load begins at the first word again."""
    bench = Bench()
    short = {"step": [3], "index": [5], "cells": [9, 8, 7, 6]}

    async def host(ctx):
        for contents in (CONTENTS, short):
            bench.written.clear()
            await bench.begin(ctx)
            await bench.give(ctx, words_of(contents))
            assert bench.state(ctx)[0]
            await tick(ctx)
        expected = {(name, at): w for name, words in short.items() for at, w in enumerate(words)}
        assert bench.written == expected

    bench.simulate(host, tmp_path)


def changed(place, word):
    words = words_of()
    return [*words[:place], word, *words[place + 1 :]]


FIRST = 11
LAST = FIRST + 7 + 3
WRONG = {
    "magic": (changed(0, LOAD_MAGIC + 1), Error.LOAD_MAGIC, 1),
    "version": (changed(1, FORMAT_VERSION + 1), Error.LOAD_VERSION, 2),
    "shape": (changed(2, IDENTITY ^ 1 << 31), Error.LOAD_SHAPE, 3),
    "hash": (changed(10, 0), Error.LOAD_CRC, None),
    "section": (changed(FIRST, SECTIONS[1].number), Error.LOAD_SECTION, FIRST + 1),
    "tile": (changed(LAST, 3), Error.LOAD_SECTION, LAST + 1),
    "empty": (changed(FIRST + 1, 0), Error.LOAD_LENGTH, FIRST + 2),
    "long": (changed(LAST + 1, DEPTHS["cells"] + 1), Error.LOAD_LENGTH, LAST + 2),
    "huge": (changed(LAST + 1, 0xFFFFFFFF), Error.LOAD_LENGTH, LAST + 2),
    "data": (changed(FIRST + 3, 0xFFFFFFFE), Error.LOAD_CRC, None),
    "crc": (words_of(crc=0), Error.LOAD_CRC, None),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_refuses(wrong, tmp_path):
    """With its own code, once; words that follow are not taken, and the next load is right."""
    bench = Bench()
    words, error, taken = WRONG[wrong]

    async def host(ctx):
        await bench.begin(ctx)
        await bench.give(ctx, words_of())
        await bench.begin(ctx)
        bench.written.clear()
        await bench.give(ctx, words)
        await bench.give(ctx, words_of())
        assert bench.state(ctx) == (0, 0, taken or len(words))
        assert bench.faults == [error]
        await bench.begin(ctx)
        await bench.give(ctx, words_of())
        assert bench.state(ctx) == (1, 0, len(words_of()))
        await tick(ctx)
        assert bench.written == EXPECTED

    bench.simulate(host, tmp_path)


def test_words_without_a_load(tmp_path):
    """They are a fault, and change nothing; neither do half loads that begin anew."""
    bench = Bench()

    async def host(ctx):
        await bench.give(ctx, [LOAD_MAGIC])
        await tick(ctx, 2)
        assert (bench.state(ctx), bench.faults) == ((0, 0, 0), [Error.LOAD_IDLE])
        words = words_of()
        for length in range(1, len(words), 5):
            await bench.begin(ctx)
            await bench.give(ctx, words[:length])
            assert bench.state(ctx) == (0, 1, length)
        await bench.begin(ctx)
        await bench.give(ctx, words)
        await tick(ctx)
        assert bench.written == EXPECTED
        bench.written.clear()
        await bench.give(ctx, words[:2])
        await tick(ctx, 2)
        assert bench.state(ctx) == (1, 0, len(words))
        assert bench.faults == [Error.LOAD_IDLE] * 3
        assert bench.written == {}

    bench.simulate(host, tmp_path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"identity": 1 << 32}, "identity must be 32 bits, not 4294967296"),
        ({"identity": -1}, "identity must be 32 bits, not -1"),
        ({"sections": SECTIONS[::-1]}, "sections must be those of step, index, cells"),
    ],
)
def test_wrong_arguments(fields, message):
    given = {"identity": IDENTITY, "memories": MEMORIES, "sections": SECTIONS} | fields
    with pytest.raises(ValueError, match=f"^{message}$"):
        Loader(**given)
