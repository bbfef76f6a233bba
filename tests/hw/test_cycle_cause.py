# amaranth: UnusedElaboratable=no
"""Cycle cause: one cause for every state, the first that applies."""

import itertools

from amaranth import ClockDomain, Module

from arch.registers import IDLE_CAUSES
from hw.cycle_cause import CycleCause, CycleCauses
from hw.testing import plain, run

ENGINE = ("stopped", "running", "loading", "operating")
LAYER = ("plane", "ahead", "ou", "taken", "collecting", "more", "window", "record")


def expected(state):
    """The definitions of ``docs/network-engine.md``, each by itself, in their order."""
    waits_for_bank = state["ou"] and not state["taken"]
    on_its_way = state["ou"] or state["collecting"]
    causes = {
        "planes": state["plane"],
        "stopped": state["stopped"],
        "steps": not state["running"],
        "load": state["loading"],
        "operation": state["operating"],
        "balance": state["ahead"],
        "output": waits_for_bank or not (on_its_way or state["more"]),
        "input": on_its_way or (state["window"] and state["record"]),
        "window": not state["window"],
        "index": not state["record"],
    }
    return next(name for name, applies in causes.items() if applies)


def test_every_state(tmp_path):
    dut = CycleCause()
    seen = set()

    async def testbench(ctx):
        for bits in itertools.product((0, 1), repeat=len(ENGINE) + len(LAYER)):
            state = dict(zip(ENGINE + LAYER, bits, strict=True))
            for name in ENGINE:
                ctx.set(getattr(dut, name), state[name])
            ctx.set(dut.layer, {name: state[name] for name in LAYER})
            causes = plain(ctx.get(dut.cause))
            assert [name for name, high in causes.items() if high] == [expected(state)], state
            seen.add(expected(state))

    top = Module()
    top.domains.sync = ClockDomain()  # there is none in the component
    top.submodules.dut = dut
    run(top, testbench, vcd=tmp_path / "cause.vcd")
    assert seen == {"planes", *IDLE_CAUSES}


def test_causes_are_those_of_the_registers():
    assert [name for name, _ in CycleCauses()] == ["planes", *IDLE_CAUSES]
