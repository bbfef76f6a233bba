"""Why a layer engine issues no plane in some of its cycles; exact when neither stream stalls.

``docs/network-engine.md`` defines the causes; :mod:`hw.cycle_cause` tells them apart in hardware.
"""

from arch.cycles import LayerCycles, tile_sum

__all__ = ["layer_idle"]

_FULL = 3
"""Cycles from the command until the input buffer shows a position, beside its loading."""
_RESULT = 6
"""Cycles from the codes of the last plane of a position until its first sum leaves the bank:
shift-and-add, accumulate."""
_OUTPUT = 8
"""Cycles from the last sum that leaves its bank to the last output."""


def layer_idle(cycles: LayerCycles, *, late: int = 0) -> dict[str, int]:
    """Follow the positions of a layer through the engine, and say why planes are missing.

    Positions are loaded one after the other as if the input buffer were never full: it is only
    while enough planes are ahead that nothing waits for inputs. The index is never waited for.

    Parameters
    ----------
    cycles : LayerCycles
        The layer.
    late : int
        Cycles that the first beat of inputs comes later than in the cycle after the start.

    Returns
    -------
    dict of str to int
        Cycles by cause, ``balance``, ``window``, ``input`` and ``output``, after the one that takes
        the command, up to the one of the last output, of all tiles: with the planes they are
        ``(cycles.total + late) * cycles.tiles``.
    """
    window = collecting = output = 0
    last_plane = 0  # of the positions so far; cycle 0 takes the command
    last_sum = before = 0  # of the last position, and of the one before it
    for position in range(cycles.positions):
        full = late + _FULL + (position + 1) * cycles.load
        waits = (
            full + cycles.fetch + cycles.queue + 1
        )  # from when on the first OU is there, with its inputs
        bank = before + 1 if position >= 2 else 0
        taken = max(waits, last_plane, bank)
        if taken > last_plane:
            idle = last_plane + 1  # the first cycle without a plane
            window += max(0, full - idle)
            collecting += max(0, waits - max(full, idle)) + 1
            output += taken - max(waits, idle)
        last_plane = taken + cycles.compute
        before = last_sum
        last_sum = max(last_plane + cycles.conversion + _RESULT, last_sum + 1) + cycles.drain - 1
    output += last_sum + _OUTPUT + tile_sum(cycles.tiles) - last_plane
    # A tile with fewer planes is ahead of the slowest, or waits for the same: until it is not ahead
    # any more it has waited for the planes that it has not.
    behind = sum(cycles.compute - planes for planes in cycles.others)
    return {
        "balance": cycles.positions * behind,
        "window": cycles.tiles * window,
        "input": cycles.tiles * collecting,
        "output": cycles.tiles * output,
    }
