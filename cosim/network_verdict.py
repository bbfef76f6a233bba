"""Judge one run of a network: every feature map, every score, every cycle."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from arch.network_cycles import NetworkCycles
from arch.network_program import NetworkProgram
from arch.network_shape import INDEX_BITS
from arch.network_step import Step
from cosim.counter_verdict import counts_of_images, counts_of_model, wrong_counters
from cosim.network_case import NetworkResult, StepResult
from cosim.network_driver import NetworkRun

__all__ = ["expected_results", "judge_network"]

_ANY = -1
"""Address of a result that is not stored."""


def expected_results(
    program: NetworkProgram, images: np.ndarray, maps: Mapping[str, np.ndarray]
) -> np.ndarray:
    """What every step of every image must give, in the order in which it comes.

    Parameters
    ----------
    program : NetworkProgram
        The steps, and where their results go.
    images : int array, shape (n, C, H, W)
        Inputs of the network.
    maps : mapping of str to int array, shape (n, C, H, W)
        What the golden model gives for each layer and operation.

    Returns
    -------
    int64 array, shape (n, results of an image, 2)
        Value and address; the address is -1 where none matters.
    """
    parts = []
    for step in program.steps:
        values = images & 0xFF if step.walk is None else maps[step.name]
        at = np.full(step.result.shape, _ANY)
        if step.result.at is not None:
            at = step.result.at + np.arange(at.size).reshape(at.shape)
        pair = np.stack(np.broadcast_arrays(values, at), axis=-1)
        if step.channels_inner:
            pair = pair.transpose(0, 2, 3, 1, 4)
        parts.append(pair.reshape(len(images), -1, 2))
    return np.concatenate(parts, axis=1).astype(np.int64)


def judge_network(
    done: NetworkRun,
    expected: np.ndarray,
    program: NetworkProgram,
    models: Sequence[NetworkCycles],
    *,
    stall: int,
    after_reset: bool,
) -> NetworkResult:
    """Compare a run with the golden model and with the model of the cycles.

    Every result of every step must have its value and its address, the scores must leave with
    their last flags, the planes of the model must have been issued, and without stalls each step
    must take its cycles. The first step of a run begins before its first byte is there,
    so that its cycles say nothing. The counters must agree with all of this, see
    :func:`cosim.counter_verdict.wrong_counters`. ``problem`` says which of these does not hold, the
    first of them.

    Parameters
    ----------
    done : NetworkRun
        The run.
    expected : int64 array
        From :func:`expected_results`.
    program : NetworkProgram
        The steps.
    models : sequence of NetworkCycles
        What each image must take.
    stall, after_reset
        As in :class:`cosim.network_case.NetworkResult`.
    """
    count = expected.shape[1]
    wrong = _differences(done.results, expected.reshape(-1, 2))
    scores = _expected_scores(expected, program)
    wrong_scores = _differences(done.scores, scores.reshape(-1, 2))
    cycles_model = [step.cycles for model in models for step in model.steps]
    steps = tuple(
        StepResult(
            name=program.steps[number].name,
            cycles=cycles,
            cycles_model=cycles_model[place % len(cycles_model)],
            planes=planes if program.steps[number].kind == "layer" else 0,
        )
        for place, (number, cycles, planes) in enumerate(done.steps.tolist())
    )
    bits = program.shape.counter_bits
    counters = counts_of_images(done.counters, bits=bits)

    def judged_counters() -> str:
        return wrong_counters(counters, steps, models, exact=not stall, bits=bits)

    checks: tuple[tuple[bool, Callable[[], str]], ...] = (
        (len(wrong) > 0, lambda: _first(done, expected, int(wrong[0]), program)),
        (not len(wrong) + len(wrong_scores) and done.hung, judged_counters),
        (done.hung, lambda: f"hangs after {len(done.results)} results, {done.waiting}"),
        (len(wrong_scores) > 0, lambda: _first_score(done, scores, int(wrong_scores[0]), program)),
        (True, lambda: _wrong_work(steps, models, exact=not stall)),
        (True, judged_counters),
    )
    problem = next((text for failed, say in checks if failed and (text := say())), "")
    images = np.unique(np.concatenate([wrong // count, wrong_scores // scores.shape[1]]))
    return NetworkResult(
        stall=stall,
        after_reset=after_reset,
        images=len(expected),
        compared=expected.shape[0] * count + scores.shape[0] * scores.shape[1],
        mismatches=len(wrong) + len(wrong_scores),
        wrong_images=tuple(images[images < len(expected)].tolist()),
        steps=steps,
        counters=counters,
        counters_model=tuple(counts_of_model(model, bits=bits) for model in models),
        clocks=done.clocks,
        seconds=done.seconds,
        problem=problem,
    )


def _expected_scores(expected: np.ndarray, program: NetworkProgram) -> np.ndarray:
    """What must leave for every image, as :class:`NetworkRun` has it; shape (n, scores, 2)."""
    scores = expected[:, expected.shape[1] - program.steps[-1].result.size :, 0]
    if program.shape.argmax:
        winner = scores.argmax(axis=1)[:, None]  # the first of equals
        largest = np.take_along_axis(scores, winner, axis=1)
        return np.stack([largest, winner + (1 << INDEX_BITS)], axis=-1)
    flags = np.zeros_like(scores)
    flags[:, -1] = 1
    return np.stack([scores, flags], axis=-1)


def _differences(seen: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Places of wrong, missing and surplus pairs, ascending."""
    wrong = np.ones(max(len(seen), len(expected)), dtype=bool)
    common = min(len(seen), len(expected))
    same = seen[:common] == expected[:common]
    wrong[:common] = ~(same[:, 0] & (same[:, 1] | (expected[:common, 1] == _ANY)))
    return np.flatnonzero(wrong)


def _first(done: NetworkRun, expected: np.ndarray, place: int, program: NetworkProgram) -> str:
    if place >= expected.shape[0] * expected.shape[1]:
        return f"gives more than the results of {len(expected)} images"
    image, number = divmod(place, expected.shape[1])
    for step in program.steps:
        if number < step.result.size:
            break
        number -= step.result.size
    where = f"image {image}, {_part(step)} {step.name}, {_element(step, number)}"
    if place >= len(done.results):
        return f"{where}: is missing; {done.waiting}"
    value, at = done.results[place].tolist()
    want, want_at = expected.reshape(-1, 2)[place].tolist()
    if value != want:
        return f"{where}: expected {want}, seen {value}"
    return f"{where}: written at address {at}, expected {want_at}"


def _part(step: Step) -> str:
    return "of the" if step.kind == "input" else step.kind


def _element(step: Step, number: int) -> str:
    channels, height, width = step.result.shape
    if step.channels_inner:
        position, channel = divmod(number, channels)
    else:
        channel, position = divmod(number, height * width)
    return f"position {position}, channel {channel}"


def _first_score(done: NetworkRun, scores: np.ndarray, place: int, program: NetworkProgram) -> str:
    many = scores.shape[0] * scores.shape[1]
    if place >= many:
        return f"gave {len(done.scores)} scores, expected {many}"
    image, number = divmod(place, scores.shape[1])
    if place >= len(done.scores):
        return f"image {image}: score {number} did not leave the engine"
    value, last = done.scores[place].tolist()
    if program.shape.argmax:
        mask = (1 << INDEX_BITS) - 1
        want, index = scores[image, 0].tolist()
        return (
            f"image {image}: result {last & mask} left as the largest, {value}, "
            f"expected result {index & mask}, {want}"
        )
    return (
        f"image {image}: score {number} left as {value} with last flag {last}, "
        f"expected {scores[image, number, 0]}"
    )


def _wrong_work(
    steps: tuple[StepResult, ...], models: Sequence[NetworkCycles], *, exact: bool
) -> str:
    expected = [(image, step) for image, model in enumerate(models) for step in model.steps]
    if len(steps) != len(expected):
        return f"ended {len(steps)} steps, expected {len(expected)}"
    for place, (step, (image, model)) in enumerate(zip(steps, expected, strict=True)):
        if step.planes != model.planes:
            return (
                f"image {image}, {step.name}: issued {step.planes} planes, expected {model.planes}"
            )
        if exact and place and step.cycles != step.cycles_model:
            return (
                f"image {image}, {step.name}: took {step.cycles} cycles, "
                f"expected {step.cycles_model}"
            )
    return ""
