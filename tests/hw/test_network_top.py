# amaranth: UnusedElaboratable=no
"""Network top: a small network, controlled and counted over its registers alone."""

import dataclasses

import numpy as np
import pytest

from arch.capacity import Capacity
from arch.geometry import Geometry
from arch.identity import expected_identity
from arch.load_image import load_image
from arch.network_cycles import network_cycles
from arch.network_program import build_network_program
from arch.registers import COUNTERS, IDLE_CAUSES, REGISTERS, Error, find_register
from cosim.golden import GoldenNetwork
from hw.network_top import NetworkTop
from hw.testing import Watch, access, feed, run, take, tick
from sw.mapping import map_network
from tests.sw.integer_layers import small_network

GEOMETRY = Geometry(encoding="differential", adc_bits=4)
DIGEST = "".join(f"{n:02x}" for n in range(255, 223, -1))
IMAGES = 3
THERE = {"loaded": 1, "loading": 0, "reading_back": 0}


class Bench:
    """A top, its tables, what images must give, and a host."""

    def __init__(self, *, kind=None, capacity=None, **built_as):
        tables = map_network(small_network(GEOMETRY), GEOMETRY)
        self.tables = dataclasses.replace(tables, layers=tables.layers[:1], sha256=DIGEST)
        self.program = build_network_program(self.tables, capacity=capacity, **built_as)
        if kind is not None:  # of the second step
            words = list(self.program.words)
            place = self.program.shape.step_words
            words[place] = words[place] & ~3 | kind
            self.program = dataclasses.replace(self.program, words=tuple(words))
        self.model = network_cycles(self.tables, self.program)
        self.dut = NetworkTop(self.program)
        shape = (IMAGES, *self.program.steps[0].result.shape)
        self.images = np.random.default_rng(1).integers(0, 200, shape)
        maps = GoldenNetwork(self.tables).run(self.images)
        self.scores = maps[self.program.steps[-1].name].transpose(0, 2, 3, 1).reshape(IMAGES, -1)
        self.watch = Watch(self.dut.o)

    def image(self, number):
        return (self.images[number] & 255).ravel().tolist()

    def seen(self):
        return [payload["value"] for payload in self.watch.payloads]

    async def read(self, ctx, name, number=0):
        """Fields of a register."""
        register = find_register(name)
        at = register.at + number * register.bits // 8
        words = [await access(ctx, self.dut.bus, at + 4 * n) for n in range(register.words)]
        value = sum(word << 32 * n for n, word in enumerate(words))
        return {f.name: value >> f.low & ((1 << f.bits) - 1) for f in register.fields}

    async def write(self, ctx, name, **values):
        register = find_register(name)
        low = {field.name: field.low for field in register.fields}
        data = sum(value << low[field] for field, value in values.items())
        assert await access(ctx, self.dut.bus, register.at, write=data) is not None

    async def load(self, ctx):
        """Load the tables, word by word."""
        image, at = load_image(self.program), find_register("load_word").at
        await self.write(ctx, "control", load=1)
        for place in range(0, len(image), 4):
            word = int.from_bytes(image[place : place + 4], "little")
            assert await access(ctx, self.dut.bus, at, write=word) is not None
        return len(image) // 4

    async def counts(self, ctx):
        return {name: (await self.read(ctx, name))["value"] for name in COUNTERS}

    async def until_irq(self, ctx):
        while not ctx.get(self.dut.irq):
            await tick(ctx)

    def simulate(self, host, tmp_path, *, images=0, pixels=()):
        """Run a host, beside it feed pixels, and take the results of some images."""
        taken = take(self.dut.o, images * self.scores.shape[1])

        async def bound(ctx):
            await host(ctx, self)

        run(
            self.dut,
            bound,
            feed(self.dut.i, pixels),
            taken,
            watches=[self.watch],
            timeout=20_000,
            vcd=tmp_path / "network.vcd",
        )


@pytest.mark.parametrize("bits", [5, 16])
def test_narrow_counters(bits, tmp_path):
    """They wrap, their upper bits are zero, and the bus says how wide they are."""

    async def host(ctx, bench):
        assert (await bench.read(ctx, "capabilities"))["counter_bits"] == bits
        await bench.write(ctx, "interrupt_mask", image=1)
        await bench.write(ctx, "control", start=1, latch_images=1)
        await bench.until_irq(ctx)
        counts = await bench.counts(ctx)
        assert max(counts.values()) < 1 << bits
        assert counts["planes"] == bench.model.planes % (1 << bits)
        idle = sum(counts[f"idle_{cause}"] for cause in IDLE_CAUSES)
        assert (counts["planes"] + idle - counts["cycles"]) % (1 << bits) == 0

    bench = Bench(counter_bits=bits)
    assert bench.model.planes >= 1 << 5
    bench.simulate(host, tmp_path, images=1, pixels=bench.image(0))


def test_smallest(tmp_path):
    """Steps in logic, no read-back: the same results in the same cycles."""

    async def host(ctx, bench):
        capabilities = await bench.read(ctx, "capabilities")
        assert (capabilities["read_back"], capabilities["counter_bits"]) == (0, 16)
        for name in ("read_back_memory", "read_back_first", "read_back_crc", "read_back_word"):
            at = find_register(name).at
            assert await access(ctx, bench.dut.bus, at, write=0xFFFF_FFFF) is not None
            assert await access(ctx, bench.dut.bus, at) == 0
        await bench.write(ctx, "interrupt_mask", image=1)
        await bench.write(ctx, "control", enable=1, latch_images=1)
        counts = []
        for _ in range(2):
            await bench.until_irq(ctx)
            counts.append(await bench.counts(ctx))
            await bench.write(ctx, "interrupt", image=1)
        assert counts[1]["cycles"] - counts[0]["cycles"] == bench.model.total

    bench = Bench(lanes=1, counter_bits=16, step_logic=True, read_back=False)
    pixels = bench.image(0) + bench.image(1)
    bench.simulate(host, tmp_path, images=2, pixels=pixels)
    assert bench.seen() == bench.scores[:2].ravel().tolist()


def test_identity(tmp_path):
    """Everything that the table calls constant, and the hash; zero where nothing is said."""

    async def host(ctx, bench):
        expected = expected_identity(bench.tables, bench.program)
        for name, fields in expected.items():
            assert await bench.read(ctx, name) == fields
        words = [(await bench.read(ctx, "table_hash", n))["value"] for n in range(8)]
        assert "".join(f"{word:08x}" for word in words) == DIGEST
        assert set(expected) == {r.name for r in REGISTERS if r.fields[0].access == "constant"}

    Bench().simulate(host, tmp_path)


def test_waits_for_permission(tmp_path):
    """No byte is taken before; `start` permits one image, `enable` all of them."""

    async def host(ctx, bench):
        dut = bench.dut
        waiting = {"busy": 0, "waiting": 1, "refused": 0, "step": 0} | THERE
        await tick(ctx, 60)
        assert await bench.read(ctx, "status") == waiting
        assert not ctx.get(dut.i.ready)
        await bench.write(ctx, "control", start=1)
        await feed(dut.i, bench.image(0))(ctx)
        assert (await bench.read(ctx, "status"))["busy"]
        await tick(ctx, bench.model.total)
        assert await bench.read(ctx, "status") == waiting
        assert bench.seen() == bench.scores[0].tolist()
        await bench.write(ctx, "control", enable=1)
        await feed(dut.i, bench.image(1) + bench.image(2))(ctx)
        await tick(ctx, bench.model.total)
        status = await bench.read(ctx, "status")
        assert (status["busy"], status["waiting"]) == (1, 0)  # the next image is waited for

    bench = Bench()
    bench.simulate(host, tmp_path, images=3)
    assert bench.seen() == bench.scores.ravel().tolist()


def test_counters_of_each_image(tmp_path):
    """Latched at the end of each image, they differ by the model; an interrupt tells when."""

    async def host(ctx, bench):
        await bench.write(ctx, "interrupt_mask", image=1)
        await bench.write(ctx, "control", enable=1, latch_images=1)
        before = dict.fromkeys(COUNTERS, 0)
        for image in range(IMAGES):
            await bench.until_irq(ctx)
            counts = await bench.counts(ctx)
            await bench.write(ctx, "interrupt", image=1)
            assert not ctx.get(bench.dut.irq)
            grown = {name: counts[name] - before[name] for name in COUNTERS}
            idle = sum(grown[f"idle_{cause}"] for cause in IDLE_CAUSES)
            assert grown["planes"] + idle == grown["cycles"]
            assert (grown["images"], grown["planes"]) == (1, bench.model.planes)
            if image:
                assert grown["cycles"] == bench.model.total
                for cause in IDLE_CAUSES:
                    assert grown[f"idle_{cause}"] == bench.model.idle(cause), cause
            before = counts

    bench = Bench()
    pixels = [pixel for image in range(IMAGES) for pixel in bench.image(image)]
    bench.simulate(host, tmp_path, images=IMAGES, pixels=pixels)
    assert bench.seen() == bench.scores.ravel().tolist()


def test_latch_and_clear(tmp_path):
    """Counters are latched when told, all in one cycle, and begin anew when told."""

    async def host(ctx, bench):
        await tick(ctx, 70)
        await bench.write(ctx, "control", latch=1)
        first = await bench.counts(ctx)
        assert 70 <= first["cycles"] <= 75
        assert first["cycles"] == first["idle_stopped"] + first["idle_steps"]
        assert first == await bench.counts(ctx)
        await bench.write(ctx, "control", latch=1, clear=1)
        assert (await bench.counts(ctx))["cycles"] > first["cycles"]
        await bench.write(ctx, "control", latch=1)
        last = await bench.counts(ctx)
        assert last["idle_stopped"] == last["cycles"] < 100

    Bench().simulate(host, tmp_path)


def test_soft_reset_in_mid_image(tmp_path):
    """The image is dropped, the registers stay, and the next image is exact."""

    async def host(ctx, bench):
        dut = bench.dut
        await bench.write(ctx, "scratch", value=0xDEADBEEF)
        await bench.write(ctx, "interrupt_mask", image=1)
        await bench.write(ctx, "control", start=1)
        await feed(dut.i, bench.image(0))(ctx)
        await tick(ctx, 40)
        assert (await bench.read(ctx, "status"))["step"] == 1
        await bench.write(ctx, "control", start=1)  # forgotten, too
        await bench.write(ctx, "control", reset=1)
        await tick(ctx, 60)
        status = await bench.read(ctx, "status")
        assert status == {"busy": 0, "waiting": 1, "refused": 0, "step": 0} | THERE
        assert await bench.read(ctx, "scratch") == {"value": 0xDEADBEEF}
        await bench.write(ctx, "control", start=1, latch_images=1)
        await feed(dut.i, bench.image(1))(ctx)
        await bench.until_irq(ctx)
        assert (await bench.counts(ctx))["images"] == 1

    bench = Bench()
    bench.simulate(host, tmp_path, images=1)
    assert bench.seen() == bench.scores[1].tolist()


def test_unknown_step(tmp_path):
    """The engine stops before it with an error; after a reset it reads the program anew."""

    async def host(ctx, bench):
        await bench.write(ctx, "interrupt_mask", error=1)
        await bench.write(ctx, "control", enable=1)
        for _ in range(2):
            await feed(bench.dut.i, bench.image(0))(ctx)
            await bench.until_irq(ctx)
            await tick(ctx, 300)
            status = {"busy": 1, "waiting": 0, "refused": 1, "step": 1} | THERE
            assert await bench.read(ctx, "status") == status
            error = {"flag": 1, "code": Error.STEP_KIND, "step": 1}
            assert await bench.read(ctx, "error") == error
            assert await bench.read(ctx, "interrupt") == {"image": 0, "error": 1}
            await bench.write(ctx, "error", flag=1)
            assert not ctx.get(bench.dut.irq)
            await bench.write(ctx, "control", enable=1, reset=1)

    bench = Bench(kind=3)
    bench.simulate(host, tmp_path)
    assert bench.seen() == []


def test_wrong_program():
    with pytest.raises(TypeError, match=r"^program must be a NetworkProgram, not 'program'$"):
        NetworkTop("program")


def test_baked_tables_take_no_load(tmp_path):
    """They stay as they are; nothing is an error."""

    async def host(ctx, bench):
        await bench.write(ctx, "control", start=1)
        await bench.load(ctx)
        assert (await bench.read(ctx, "status"))["loaded"]
        assert not (await bench.read(ctx, "error"))["flag"]
        assert await bench.read(ctx, "load_count") == {"value": 0}
        await feed(bench.dut.i, bench.image(0))(ctx)

    bench = Bench()
    bench.simulate(host, tmp_path, images=1)
    assert bench.seen() == bench.scores[0].tolist()


def test_loads_tables(tmp_path):
    """Nothing runs before, and no hash is shown; a load drops the image in work."""

    async def host(ctx, bench):
        async def digest():
            words = [(await bench.read(ctx, "table_hash", n))["value"] for n in range(8)]
            return "".join(f"{word:08x}" for word in words)

        dut, nothing = bench.dut, "0" * 64
        for name, fields in expected_identity(bench.tables, bench.program).items():
            assert await bench.read(ctx, name) == fields
        for image in range(2):
            assert await digest() == nothing
            await bench.write(ctx, "control", start=1)
            await tick(ctx, 60)
            assert (await bench.read(ctx, "status"))["waiting"]
            assert not ctx.get(dut.i.ready)
            words = await bench.load(ctx)
            assert await bench.read(ctx, "load_count") == {"value": words}
            assert await digest() == DIGEST
            await bench.write(ctx, "control", reset=1)  # tables stay
            await bench.write(ctx, "control", start=1)
            await feed(dut.i, bench.image(image))(ctx)
            await tick(ctx, 40)
            status = {"busy": 1, "waiting": 0, "refused": 0, "step": 1}
            assert await bench.read(ctx, "status") == status | THERE
            if image == 0:
                await bench.write(ctx, "control", load=1)
                status = {"busy": 0, "waiting": 1, "refused": 0, "step": 0}
                loading = {"loaded": 0, "loading": 1, "reading_back": 0}
                assert await bench.read(ctx, "status") == status | loading

    bench = Bench(capacity=Capacity(ous=40, elements=500))
    bench.simulate(host, tmp_path, images=1)
    assert bench.seen() == bench.scores[1].tolist()
