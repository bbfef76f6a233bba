"""Idle cycles of a layer by cause: sums, and cases that can be counted by hand.

The hardware is compared in ``tests/hw/test_network_engine.py``, cycle by cycle.
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.cycles import LayerCycles
from arch.idle_cycles import layer_idle


@settings(max_examples=400, deadline=None)
@given(
    load=st.integers(1, 70),
    ous=st.integers(1, 9),
    act_bits=st.integers(1, 8),
    drain=st.integers(1, 70),
    fetch=st.integers(1, 8),
    positions=st.integers(1, 12),
    late=st.integers(0, 2),
    conversion=st.integers(1, 20),
    others=st.lists(st.integers(1, 9), max_size=3),
)
def test_planes_and_idle_cycles_are_all_cycles(
    load, ous, act_bits, drain, fetch, positions, late, conversion, others
):
    cycles = LayerCycles(
        positions=positions,
        load=load,
        compute=ous * act_bits,
        drain=drain,
        fetch=min(fetch, act_bits),
        conversion=conversion,
        others=tuple(min(ous, count) * act_bits for count in others),
    )
    idle = layer_idle(cycles, late=late)
    assert min(idle.values()) >= 0
    assert cycles.planes + sum(idle.values()) == (cycles.total + late) * (1 + len(others))


def layer(positions, *, load=4, compute=80, drain=5):
    return LayerCycles(positions=positions, load=load, compute=compute, drain=drain, fetch=1)


@pytest.mark.parametrize(
    ("cycles", "window", "waits_input", "output"),
    [
        # One position: its loading, fetch and two more cycles, its drain and 17 more.
        (layer(1), 4 + 2, 3, 5 + 17),
        # Computing sets the pace: nothing more is lost.
        (layer(9), 6, 3, 22),
        # Loading: of every 100 cycles 20 are idle, the last three of them for its first OU.
        (layer(9, load=100), 102 + 8 * 17, 9 * 3, 22),
        # Draining: planes end in cycle 169, the third position waits for the first bank, whose last
        # sum leaves in 298; its planes end in 379, and the last sum of three drains leaves in 698.
        (layer(3, drain=200), 6, 3 + 1, (299 - 170) + (698 + 8 - 379)),
    ],
)
def test_causes(cycles, window, waits_input, output):
    causes = {"window": window, "input": waits_input, "output": output}
    assert layer_idle(cycles) == {"balance": 0} | causes
    # Three more tiles: two with as many planes, one with 8 fewer, which is ahead so long. What they
    # hold is added, which takes a cycle.
    tiles = replace(cycles, others=(80, 72, 80))
    causes["output"] += 1
    assert layer_idle(tiles) == {"balance": 8 * cycles.positions} | {
        name: 4 * idle for name, idle in causes.items()
    }
