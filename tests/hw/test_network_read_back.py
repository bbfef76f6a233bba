# amaranth: UnusedElaboratable=no
"""Read-back through the registers of a small network: of all memories, before and after images."""

import dataclasses

import pytest

from arch.capacity import Capacity
from arch.load_image import load_image
from arch.read_back import read_back, read_backs
from arch.registers import Error, find_register
from hw.network_top import NetworkTop
from hw.testing import access, feed, tick
from tests.hw.test_network_top import Bench

CAPACITY = Capacity(ous=40, elements=500)
WAITING = {"busy": 0, "waiting": 1, "refused": 0, "step": 0, "loaded": 1, "loading": 0}


async def seen(ctx, bench, asked, **control):
    """What the engine says of a memory."""
    await bench.write(ctx, "read_back_memory", value=asked.memory)
    await bench.write(ctx, "read_back_first", value=asked.first)
    await bench.write(ctx, "read_back_parts", value=asked.parts)
    await bench.write(ctx, "control", read_back=1, **control)
    await tick(ctx, 4 * asked.parts + 8)
    assert not (await bench.read(ctx, "status"))["reading_back"]
    return tuple(
        [(await bench.read(ctx, f"read_back_{name}"))["value"] for name in ("crc", "word")]
    )


@pytest.mark.parametrize("capacity", [None, CAPACITY], ids=["baked", "loadable"])
def test_all_memories(capacity, tmp_path):
    """Each is what the program has, in any order; an image in work is dropped."""

    async def host(ctx, bench):
        if capacity:
            await bench.load(ctx)
        for asked in read_backs(bench.program):
            assert await seen(ctx, bench, asked) == (asked.crc, asked.word)
            assert await bench.read(ctx, "status") == WAITING | {"reading_back": 0}
        await bench.write(ctx, "control", start=1)
        await feed(bench.dut.i, bench.image(0))(ctx)
        await tick(ctx, 40)
        assert (await bench.read(ctx, "status"))["busy"]
        for asked in [*read_backs(bench.program)][::-1]:
            assert await seen(ctx, bench, asked) == (asked.crc, asked.word)
        await bench.write(ctx, "control", start=1)
        await feed(bench.dut.i, bench.image(1))(ctx)

    bench = Bench(capacity=capacity)
    bench.simulate(host, tmp_path, images=1)
    assert bench.seen() == bench.scores[1].tolist()


def test_macro(tmp_path):
    """The cells lie in the macro: the memory of slots is read in their place."""

    async def host(ctx, bench):
        names = [asked.name for asked in read_backs(bench.program)]
        assert names == ["step", "layer", "index", "slot", "channel"]
        for asked in read_backs(bench.program):
            assert await seen(ctx, bench, asked) == (asked.crc, asked.word)

    Bench(macro_latency=2).simulate(host, tmp_path)


def test_finds_a_wrong_word(tmp_path):
    """One flipped bit of one cell: only the memory of cells differs, and only that word."""
    bench = Bench()
    (words,) = bench.program.layers.cell_words
    changed = (*words[:2], words[2] ^ 1 << 77, *words[3:])
    layers = dataclasses.replace(bench.program.layers, cell_words=(changed,))
    bench.dut = NetworkTop(dataclasses.replace(bench.program, layers=layers))

    async def host(ctx, bench):
        for asked in read_backs(bench.program):
            same = await seen(ctx, bench, asked) == (asked.crc, asked.word)
            assert same == (asked.name != "cells")
        for word in range(len(words)):
            asked = read_back(bench.program, "cells", first=word, words=1)
            assert (await seen(ctx, bench, asked) == (asked.crc, asked.word)) == (word != 2)
        # The part that is wrong, by its number.
        asked = dataclasses.replace(read_back(bench.program, "cells", first=2, words=1), parts=3)
        _, part = await seen(ctx, bench, asked)
        assert part == (words[2] >> 64 & 0xFFFFFFFF) ^ 1 << 13

    bench.simulate(host, tmp_path)


def test_outside(tmp_path):
    """An error that says so; the engine goes on."""

    async def host(ctx, bench):
        memories = len(bench.program.memories)
        whole = read_back(bench.program, "layer")
        for change in (
            {"parts": whole.parts + 1},
            {"memory": memories},
            {"first": len(bench.program.memories["layer"][1])},
            {"first": (1 << 24) - 1},
        ):
            await seen(ctx, bench, dataclasses.replace(whole, **change))
            error = await bench.read(ctx, "error")
            assert error == {"flag": 1, "code": Error.READ_BACK, "step": 0}
            await bench.write(ctx, "error", flag=1)
        assert await seen(ctx, bench, whole) == (whole.crc, whole.word)
        assert not (await bench.read(ctx, "error"))["flag"]
        await bench.write(ctx, "control", start=1)
        await feed(bench.dut.i, bench.image(0))(ctx)

    bench = Bench()
    bench.simulate(host, tmp_path, images=1)
    assert bench.seen() == bench.scores[0].tolist()


def test_holds_images(tmp_path):
    """No byte is taken during it, an image that was asked for comes after it; time is stopped."""

    async def host(ctx, bench):
        asked = read_back(bench.program, "cells")
        await bench.write(ctx, "read_back_memory", value=asked.memory)
        await bench.write(ctx, "read_back_parts", value=asked.parts)
        await bench.write(ctx, "control", read_back=1)
        await bench.write(ctx, "control", start=1, clear=1)
        status = await bench.read(ctx, "status")
        assert (status["reading_back"], status["waiting"], status["busy"]) == (1, 1, 0)
        ctx.set(bench.dut.i.valid, 1)
        while (await bench.read(ctx, "status"))["reading_back"]:
            assert not ctx.get(bench.dut.i.ready)
        ctx.set(bench.dut.i.valid, 0)
        assert (await bench.read(ctx, "read_back_crc"))["value"] == asked.crc
        await feed(bench.dut.i, bench.image(0))(ctx)
        await tick(ctx, bench.model.total)
        await bench.write(ctx, "control", latch=1)
        counts = await bench.counts(ctx)
        assert counts["images"] == 1
        assert counts["idle_stopped"] >= 4 * asked.parts - 8
        for action in ("reset", "load"):
            await bench.write(ctx, "control", read_back=1)
            await bench.write(ctx, "control", **{action: 1})
            assert not (await bench.read(ctx, "status"))["reading_back"]

    bench = Bench()
    bench.simulate(host, tmp_path, images=1)
    assert bench.seen() == bench.scores[0].tolist()


def test_during_a_load(tmp_path):
    """What is there already is read; words that come meanwhile are loaded as ever."""

    async def host(ctx, bench):
        image, at = load_image(bench.program), find_register("load_word").at
        words = [int.from_bytes(image[n : n + 4], "little") for n in range(0, len(image), 4)]
        first, *others = read_backs(bench.program)
        there = 11 + 2 + first.parts  # head, hash, and the section with its number and length
        await bench.write(ctx, "control", load=1)
        for word in words[:there]:
            await access(ctx, bench.dut.bus, at, write=word)
        assert await seen(ctx, bench, first) == (first.crc, first.word)
        status = await bench.read(ctx, "status")
        assert (status["loading"], status["loaded"], status["waiting"]) == (1, 0, 1)
        longest = max(others, key=lambda asked: asked.parts)
        await bench.write(ctx, "read_back_memory", value=longest.memory)
        await bench.write(ctx, "read_back_parts", value=longest.parts)
        await bench.write(ctx, "control", read_back=1)
        for number, word in enumerate(words[there:]):
            await access(ctx, bench.dut.bus, at, write=word)
            if number == 3:
                assert (await bench.read(ctx, "status"))["reading_back"]
        await tick(ctx, 4 * longest.parts + 8)
        assert await bench.read(ctx, "status") == WAITING | {"reading_back": 0}
        for asked in read_backs(bench.program):
            assert await seen(ctx, bench, asked) == (asked.crc, asked.word)
        assert not (await bench.read(ctx, "error"))["flag"]

    Bench(capacity=CAPACITY).simulate(host, tmp_path)
