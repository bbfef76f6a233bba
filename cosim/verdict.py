"""Judge one run of a layer: what was computed, against what should have been."""

from collections.abc import Callable

import numpy as np

from arch.skipping_cycles import LayerWork
from cosim.layer_case import LayerResult
from cosim.layer_driver import LayerRun

__all__ = ["differences", "judge"]


def differences(seen: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Places of wrong, missing and surplus outputs.

    Parameters
    ----------
    seen : int array, shape (n,)
        Outputs in the order in which they came.
    expected : int array, shape (P, C)
        Outputs of the golden model.

    Returns
    -------
    int array
        Numbers of outputs, ascending; ``P * C`` and more for surplus ones.
    """
    wrong = np.ones(max(len(seen), expected.size), dtype=bool)
    common = min(len(seen), expected.size)
    wrong[:common] = seen[:common] != expected.ravel()[:common]
    return np.flatnonzero(wrong)


def judge(
    done: LayerRun,
    expected: np.ndarray,
    model: LayerWork,
    *,
    layer: str,
    stall: int,
    after_reset: bool,
) -> LayerResult:
    """Compare a run with the golden model and with the model of the cycles.

    Outputs must be equal, the planes of the model must have been issued, and without stalls in its
    cycles. ``problem`` says which of these does not hold, the first of them.

    Parameters
    ----------
    done : LayerRun
        The run.
    expected : int array, shape (P, C)
        Outputs of the golden model.
    model : LayerWork
        What the run must take.
    layer, stall, after_reset
        As in :class:`cosim.layer_case.LayerResult`.
    """
    wrong = differences(done.outputs, expected)
    positions = np.unique(wrong[wrong < expected.size] // expected.shape[1])
    checks: tuple[tuple[bool, Callable[[], str]], ...] = (
        (done.hung, lambda: f"hangs after {len(done.outputs)} outputs: {done.waiting}"),
        (len(wrong) > 0, lambda: _first(done.outputs, expected, int(wrong[0]))),
        (
            done.planes != model.planes,
            lambda: f"issued {done.planes} planes, expected {model.planes}",
        ),
        (
            not stall and done.cycles != model.total,
            lambda: f"took {done.cycles} cycles, expected {model.total}",
        ),
    )
    problem = next((f"layer {layer} {text()}" for failed, text in checks if failed), "")
    return LayerResult(
        layer=layer,
        stall=stall,
        after_reset=after_reset,
        compared=expected.size,
        mismatches=len(wrong),
        wrong_positions=tuple(positions.tolist()),
        cycles=done.cycles,
        planes=done.planes,
        cycles_model=model.total,
        tiles=model.tiles,
        clocks=done.clocks,
        seconds=done.seconds,
        problem=problem,
    )


def _first(seen: np.ndarray, expected: np.ndarray, place: int) -> str:
    if place >= expected.size:
        return f"gave {len(seen)} outputs, expected {expected.size}"
    position, channel = divmod(place, expected.shape[1])
    value = seen[place] if place < len(seen) else "nothing"
    want = expected[position, channel]
    return f"is wrong at position {position}, output {channel}: expected {want}, seen {value}"
