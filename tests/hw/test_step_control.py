# amaranth: UnusedElaboratable=no
"""Step control: words become steps, one after the other."""

import pytest
from amaranth import unsigned
from amaranth.lib import data

from hw.step_control import StepControl
from hw.testing import run, sample, tick

LAYOUT = data.StructLayout({"program_last": 1, "number": unsigned(20), "rest": unsigned(17)})
WORD_BITS, STEP_WORDS = 8, 5


def words_of(steps, word_bits=WORD_BITS):
    """Steps, the last one marked, as words."""
    words = []
    for place, (number, rest) in enumerate(steps):
        word = int(place == len(steps) - 1) | number << 1 | rest << 21
        mask = (1 << word_bits) - 1
        words += [word >> low & mask for low in range(0, LAYOUT.size, word_bits)]
    return words


def control(steps, *, logic=False):
    return StepControl(words_of(steps), word_bits=WORD_BITS, layout=LAYOUT, logic=logic)


STEPS = [(0, 1), ((1 << 20) - 1, 0), (12345, (1 << 17) - 1)]


@pytest.mark.parametrize("logic", [False, True])
@pytest.mark.parametrize("steps", [STEPS[:1], STEPS[:2], STEPS])
def test_runs_all_steps_again_and_again(steps, logic, tmp_path):
    """Every step is there from its start until it is done; each fetch takes as long."""
    dut = control(steps, logic=logic)

    async def testbench(ctx):
        ctx.set(dut.ready, 1)
        for turn in range(2 * len(steps) + 1):
            waited = 0
            while not await sample(ctx, dut.start):
                waited += 1
            assert waited == STEP_WORDS + 2
            number, rest = steps[turn % len(steps)]
            for length in range(4):
                if length == 3:
                    ctx.set(dut.done, 1)
                seen = await sample(ctx, dut.step.number, dut.step.rest, dut.number, dut.start)
                assert seen == [number, rest, turn % len(steps), 0]
            ctx.set(dut.done, 0)

    run(dut, testbench, vcd=tmp_path / "control.vcd")


def test_counts_the_cycles_of_a_step(tmp_path):
    """From the end of the step before; the cycles of all steps are all cycles."""
    dut = control(STEPS)
    total = []

    async def testbench(ctx):
        ctx.set(dut.ready, 1)
        total.clear()
        cycle = ended = 0
        for length in (1, 2, 9, 1):
            while not await sample(ctx, dut.start):
                cycle += 1
            await tick(ctx, length - 1)
            ctx.set(dut.done, 1)
            cycles = await sample(ctx, dut.cycles)
            ctx.set(dut.done, 0)
            cycle += 1 + length
            assert cycles == cycle - ended
            assert cycles == STEP_WORDS + 3 + length
            ended = cycle
            total.append(cycles)

    run(dut, testbench, vcd=tmp_path / "control.vcd")
    assert len(total) == 4


def test_waits_until_ready(tmp_path):
    dut = control(STEPS)

    async def testbench(ctx):
        for _ in range(20):
            assert not await sample(ctx, dut.start)
        ctx.set(dut.ready, 1)
        assert not await sample(ctx, dut.start)
        assert await sample(ctx, dut.start)
        assert not await sample(ctx, dut.start)

    run(dut, testbench, vcd=tmp_path / "control.vcd")


def test_wrong_words():
    with pytest.raises(ValueError, match=r"^a step takes 5 words, so 9 are no whole steps$"):
        StepControl(words_of(STEPS)[:9], word_bits=WORD_BITS, layout=LAYOUT)
    with pytest.raises(ValueError, match=r"^word 0 is 256, which does not fit 8 bits$"):
        StepControl([256] * 5, word_bits=WORD_BITS, layout=LAYOUT)
    with pytest.raises(ValueError, match=r"^a memory needs at least one word$"):
        StepControl([], word_bits=WORD_BITS, layout=LAYOUT)
    with pytest.raises(ValueError, match=r"^word_bits must be at least 1, not 0$"):
        StepControl([0], word_bits=0, layout=LAYOUT)


def test_waits_for_permission_before_the_first_step_alone(tmp_path):
    dut = control(STEPS)

    async def testbench(ctx):
        ctx.set(dut.ready, 1)
        ctx.set(dut.permit, 0)
        for cycle in range(20):
            seen = await sample(ctx, dut.start, dut.running, dut.stopped)
            assert seen == [0, 0, cycle > STEP_WORDS]
        ctx.set(dut.permit, 1)
        for number in range(len(STEPS)):
            while not await sample(ctx, dut.start):
                assert not ctx.get(dut.stopped)
            ctx.set(dut.permit, 0)
            assert await sample(ctx, dut.running, dut.number) == [1, number]
            ctx.set(dut.done, 1)
            assert await sample(ctx, dut.running)
            ctx.set(dut.done, 0)
            assert not ctx.get(dut.running)
        await tick(ctx, STEP_WORDS + 2)
        assert await sample(ctx, dut.start, dut.stopped, dut.refused) == [0, 1, 0]

    run(dut, testbench, vcd=tmp_path / "control.vcd")


def test_refuses_an_unknown_step(tmp_path):
    """It is never started, also if it is known later."""
    dut = control(STEPS)

    async def testbench(ctx):
        ctx.set(dut.ready, 1)
        while not await sample(ctx, dut.start):
            pass
        ctx.set(dut.known, 0)  # looked at before a step begins, not while it runs
        assert await sample(ctx, dut.running, dut.refused) == [1, 0]
        ctx.set(dut.done, 1)
        await tick(ctx)
        ctx.set(dut.done, 0)
        for cycle in range(20):
            ctx.set(dut.known, cycle > STEP_WORDS + 2)
            seen = await sample(ctx, dut.start, dut.stopped, dut.refused, dut.running)
            refused = cycle > STEP_WORDS + 1
            assert seen == [0, refused, refused, 0]
        assert ctx.get(dut.number) == 1

    run(dut, testbench, vcd=tmp_path / "control.vcd")


def loaded(steps, *, room, word_bits=WORD_BITS):
    """A control with a memory for ``room`` steps, and what loads some."""
    size = -(-LAYOUT.size // word_bits)
    dut = StepControl(room * size, word_bits=word_bits, layout=LAYOUT)

    async def load(ctx, words=None):
        for at, word in enumerate(words_of(steps, word_bits) if words is None else words):
            ctx.set(dut.load.en, 1)
            ctx.set(dut.load.at, at)
            ctx.set(dut.load.data, word)
            await tick(ctx)
        ctx.set(dut.load.en, 0)

    return dut, load


@pytest.mark.parametrize(("room", "word_bits"), [(3, 8), (5, 8), (4, 10)])
def test_runs_what_was_loaded(room, word_bits, tmp_path):
    """Not before `hold` ends; the step behind which none was loaded is said, full memory or not."""
    steps = [*STEPS, (5, 6)] if room == 4 else STEPS  # a full memory of 16 words
    dut, load = loaded(steps, room=room, word_bits=word_bits)

    async def testbench(ctx):
        ctx.set(dut.ready, 1)
        ctx.set(dut.hold, 1)
        await load(ctx)
        for _ in range(20):
            assert await sample(ctx, dut.start, dut.stopped) == [0, 1]
        ctx.set(dut.hold, 0)
        for turn in range(2 * len(steps)):
            waited = 0
            while not await sample(ctx, dut.start):
                waited += 1
            assert waited == -(-LAYOUT.size // word_bits) + 2
            ctx.set(dut.hold, turn == 0)  # looked at before the first step alone
            place = turn % len(steps)
            seen = await sample(ctx, dut.step.number, dut.step.rest, dut.number, dut.over)
            assert seen == [*steps[place], place, place == len(steps) - 1]
            ctx.set(dut.done, 1)
            await tick(ctx)
            ctx.set(dut.done, 0)

    run(dut, testbench, vcd=tmp_path / "control.vcd")


@pytest.mark.parametrize(
    ("words", "over"), [(2 * STEP_WORDS, 0), (STEP_WORDS, 1), (STEP_WORDS - 1, 1)]
)
def test_over_after_a_shorter_load(words, over, tmp_path):
    """What was loaded before does not count; neither does a step of which words are missing."""
    dut, load = loaded(STEPS, room=3)

    async def testbench(ctx):
        ctx.set(dut.hold, 1)
        await load(ctx)
        await load(ctx, words_of(STEPS)[:words])
        ctx.set(dut.hold, 0)
        await tick(ctx, STEP_WORDS + 1)
        assert ctx.get(dut.over) == over

    run(dut, testbench, vcd=tmp_path / "control.vcd")


@pytest.mark.parametrize("running", [False, True])
def test_a_fault_ends_a_step(running, tmp_path):
    """One that runs, also in the cycle in which it is done, and one that waits."""
    dut, load = loaded(STEPS, room=3)

    async def testbench(ctx):
        ctx.set(dut.hold, 1)
        await load(ctx)
        ctx.set(dut.hold, 0)
        ctx.set(dut.ready, running)
        await tick(ctx, STEP_WORDS + 4)
        assert ctx.get(dut.running) == running
        ctx.set(dut.fault, 1)
        ctx.set(dut.done, running)
        await tick(ctx)
        ctx.set(dut.fault, 0)
        ctx.set(dut.done, 0)
        ctx.set(dut.ready, 1)
        for _ in range(20):
            seen = await sample(ctx, dut.refused, dut.stopped, dut.running, dut.start)
            assert seen == [1, 1, 0, 0]

    run(dut, testbench, vcd=tmp_path / "control.vcd")


def test_logic_has_no_memory():
    dut = control(STEPS, logic=True)
    assert "read_back" not in dut.signature.members
    with pytest.raises(ValueError, match=r"^steps that are loaded cannot be logic$"):
        StepControl(2 * STEP_WORDS, word_bits=WORD_BITS, layout=LAYOUT, logic=True)
