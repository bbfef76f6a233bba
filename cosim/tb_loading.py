"""Testbench of tables that are loaded at run time; runs inside Verilator.

Two sets of tables take turns in one engine, each exact against its own golden model. Between them
come load images and programs that are wrong in every way: the engine must say so, must not hang,
and must work again after a right one.
"""

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer

from arch.read_back import read_back, read_backs
from arch.registers import Error
from cosim.damage import (
    Damage,
    damaged_images,
    damaged_programs,
    random_contents,
    random_flips,
    wrong_words,
)
from cosim.driver import CLOCK_NS
from cosim.tb_network import CASE, TIMEOUT_MS, Testbench

FLIPS, PROGRAMS = 24, 12


class LoadingTestbench(Testbench):
    """The device, one of the two sets of tables, and what it must give."""

    async def begin(self, cycles: int = 2) -> None:
        """Reset the device; nothing is loaded then."""
        await self.driver.reset(cycles)
        assert await self.state() == (0, 0, 0, Error.NONE)

    async def state(self) -> tuple[int, int, int, Error]:
        """Whether tables are loaded, whether a load goes on, words taken, and the error."""
        status = await self.driver.bus.fields("status")
        count = (await self.driver.bus.fields("load_count"))["value"]
        error = await self.driver.bus.fields("error")
        code = Error(error["code"]) if error["flag"] else Error.NONE
        return status["loaded"], status["loading"], count, code

    async def exact(self, *, images: int | None = 1) -> None:
        """Load the tables; the first images, or all, must be exact, cycles included."""
        await self.driver.bus.write("error", flag=1)
        await self.driver.bus.write("interrupt", image=1)
        await self.load()
        assert await self.state() == (1, 0, len(self.image) // 4, Error.NONE)
        await self.driver.enable()
        result = await self.check(stall=0, images=images)
        assert not result.problem, result.problem

    async def runs_nothing(self) -> None:
        """No image begins, whatever is permitted."""
        await self.driver.enable()
        self.run(stall=0, images=1)
        done = await self.driver.finish()
        await self.driver.drop_run()  # the byte that waits is taken back
        assert done.hung, "an image began with tables that are not right"
        assert (len(done.results), len(done.scores)) == (0, 0)
        assert "i waits to be taken" in done.waiting, done.waiting

    async def refuses(self, damage: Damage) -> None:
        """Load what is wrong, and hear what is wrong with it."""
        await self.driver.bus.write("error", flag=1)
        await self.driver.load(damage.image)
        loaded, loading, _, error = await self.state()
        assert error == damage.error, f"{damage.name}: {error!r}, expected {damage.error!r}"
        assert loaded == damage.loaded, f"{damage.name}: loaded is {loaded}"
        assert loading == (not loaded and error == Error.NONE), f"{damage.name}: loading {loading}"


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def tables_take_turns(dut: Any) -> None:
    """Two sets of tables between images, back and forth: each exact, with its own cycles."""
    first, second = LoadingTestbench(dut), LoadingTestbench(dut, CASE.other)
    assert first.image != second.image
    await first.begin()
    for bench in (first, second, first):
        await bench.exact(images=None)
        await bench.holds_tables()


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def finds_wrong_words(dut: Any) -> None:
    """One bit of a memory, loaded with a right CRC: the read-back of that memory alone differs."""
    bench = LoadingTestbench(dut)
    await bench.begin()
    for name, word, image in wrong_words(bench.program, random.Random(CASE.seed)):
        await bench.driver.load(image)
        assert (await bench.state())[0], f"{name}: is not loaded"
        for asked in read_backs(bench.program):
            same = await bench.driver.read_back(asked) == (asked.crc, asked.word)
            assert same == (asked.name != name), f"{asked.name}: word {word} of {name} is wrong"
        asked = read_back(bench.program, name, first=word, words=1)
        crc, _ = await bench.driver.read_back(asked)
        assert crc != asked.crc, f"{name}: word {word} is not found"
    await bench.exact()


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def drops_the_image(dut: Any) -> None:
    """A load in mid-image drops the image, and nothing of it is left."""
    first, second = LoadingTestbench(dut), LoadingTestbench(dut, CASE.other)
    rng = random.Random(CASE.seed)
    await first.begin()
    for before, after in ((first, second), (second, first)):
        await before.exact()
        before.run(stall=0, burst=1)
        await Timer(rng.randrange(1, before.models[0].total) * CLOCK_NS, "ns")
        await before.driver.drop_run()
        await after.exact()


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def recovers_from_reset_in_mid_load(dut: Any) -> None:
    """The engine is not loaded after it, also if all that was missing is one word."""
    bench = LoadingTestbench(dut)
    rng = random.Random(CASE.seed + 1)
    await bench.begin()
    cycles = 4 * len(bench.image) // 4
    for moment in (1, cycles // 2, rng.randrange(cycles), rng.randrange(cycles)):
        await bench.driver.begin_load(bench.image)
        await Timer(moment * CLOCK_NS, "ns")
        bench.driver.stop_load()
        await bench.begin(rng.randrange(1, 4))
    await bench.runs_nothing()
    await bench.exact()


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def refuses_damaged_images(dut: Any) -> None:
    """Each with its own code; nothing runs, and the next right image is exact."""
    bench = LoadingTestbench(dut)
    await bench.begin()
    for damage in damaged_images(bench.program):
        await bench.refuses(damage)
        if not damage.loaded:
            await bench.runs_nothing()
        await bench.exact()
    for image in random_flips(bench.image, FLIPS, random.Random(CASE.seed)):
        await bench.driver.load(image)
        loaded, *_ = await bench.state()
        assert not loaded, "a flipped bit was not seen"
    await bench.exact()


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def ignores_words_without_a_load(dut: Any) -> None:
    """They are an error, but what was loaded stays as it is."""
    bench = LoadingTestbench(dut)
    await bench.begin()
    await bench.driver.feed_all(bench.image)
    assert await bench.state() == (0, 0, 0, Error.LOAD_IDLE)
    await bench.exact()
    await bench.driver.feed_all(bench.image[::-1])
    assert await bench.state() == (1, 0, len(bench.image) // 4, Error.LOAD_IDLE)
    await bench.driver.soft_reset()
    result = await bench.check(stall=0, images=1, after_reset=True)
    assert not result.problem, result.problem


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def ends_damaged_programs(dut: Any) -> None:
    """Steps that make no sense end with the right error, and the next right image is exact."""
    bench = LoadingTestbench(dut)
    await bench.begin()
    for damage in damaged_programs(bench.program):
        await bench.driver.bus.write("error", flag=1)
        await bench.driver.load(damage.image)
        assert (await bench.state())[0], f"{damage.name}: is not loaded"
        await bench.driver.enable()
        bench.run(stall=0)
        await bench.driver.finish()
        await bench.driver.drop_run()
        *_, error = await bench.state()
        assert error == damage.error, f"{damage.name}: {error!r}, expected {damage.error!r}"
        assert (await bench.driver.bus.fields("status"))["refused"]
        await bench.exact()


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def survives_random_contents(dut: Any) -> None:
    """Memories full of random words: whatever the engine does, the next right image is exact."""
    bench = LoadingTestbench(dut)
    rng = random.Random(CASE.seed)
    await bench.begin()
    for _ in range(PROGRAMS):
        await bench.driver.load(random_contents(bench.program, rng))
        assert (await bench.state())[0]
        await bench.driver.enable()
        bench.run(stall=0, images=2)
        await bench.driver.finish()
        await bench.driver.drop_run()
        await bench.exact()
