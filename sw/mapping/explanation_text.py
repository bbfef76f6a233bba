"""Explanations as text for people: a line a fact, its name in front."""

from collections.abc import Iterable, Iterator, Sequence

from arch.layer_timeline import OuTimes
from sw.mapping.cycle_explanation import CycleExplanation, PlaneWork, TileMoment
from sw.mapping.explanation import OuExplanation, WeightExplanation, WeightPlace
from sw.mapping.hardware_view import OuSchedule, PositionTimes
from sw.mapping.index_entry import IndexEntry, IndexField

__all__ = ["cycle_lines", "ou_lines", "weight_lines"]

_NAME = 16
_TABLE = 66
_MAY_SKIP = (
    "this engine skips planes without a one, so cycles depend on the image: these are of an image "
    "none of whose planes is skipped"
)
_CLEAN = "if nothing stalls, and for every image but the first after a reset"


def weight_lines(explanation: WeightExplanation) -> list[str]:
    """A weight: its place in the network, its segment, where it is stored, when it is used."""
    place = explanation.place
    head = f"weight ({explanation.row}, {explanation.col}) of layer {explanation.layer} is "
    if explanation.outside:
        return _outside(explanation, head)
    value = "0: it was pruned" if place is None else str(explanation.weight)
    lines = [
        head + value,
        _line("network", f"{explanation.source}; output channel {explanation.col}"),
        _line("segment", explanation.segment),
        *_rank(explanation),
    ]
    if place is None:
        return [*lines, _line("stored", "nowhere: no OU holds the segment")]
    return [
        *lines,
        _line("OU", str(place.at).removeprefix("OU ")),
        _line("word line", f"{place.word_line} of the crossbar, {place.lane} of the OU"),
        _line("bit lines", _bit_lines(place)),
        _line("cells", _cells(place)),
        _line("", f"weight = {explanation.code}"),
        *_index(place.index, place.index.of_weight(place.lane, place.column)),
        *_schedule(place.schedule),
    ]


def _outside(explanation: WeightExplanation, head: str) -> list[str]:
    place = explanation.place
    stored = "nowhere: no OU holds the segment"
    if place is not None:
        stored = f"as 0 in {place.at}, with a segment that reaches over the border of a group"
    return [
        f"{head}0: it is outside its group",
        _line("network", f"{explanation.source}; output channel {explanation.col}"),
        _line("groups", explanation.outside),
        _line("stored", stored),
    ]


def ou_lines(explanation: OuExplanation) -> list[str]:
    """An OU: what it reads, holds and adds to, and when."""
    return [
        f"layer {explanation.layer}, {explanation.at}",
        *_matrix(explanation.inputs, explanation.outputs, _by_line(explanation)),
        *_index(explanation.index, explanation.index.fields),
        *_schedule(explanation.schedule, explanation.plane),
    ]


def cycle_lines(explanation: CycleExplanation) -> list[str]:
    """A cycle: which step, and for each tile the plane that it issues or why there is none."""
    lines = [_cycle_head(explanation), _line("waveform", _waveform(explanation))]
    for moment in explanation.tiles:
        if len(explanation.tiles) > 1:
            lines.append(f"tile {moment.tile}")
        lines += _moment(moment)
    return [*lines, _line("holds", _MAY_SKIP if explanation.may_skip else _CLEAN)]


def _cycle_head(explanation: CycleExplanation) -> str:
    if explanation.step is None:
        return (
            f"cycle {explanation.cycle} of {explanation.total} of layer {explanation.layer} on "
            f"the layer engine"
        )
    return (
        f"cycle {explanation.cycle} of {explanation.total} of an image is cycle "
        f"{explanation.in_step} of step {explanation.step}, {explanation.step_kind} "
        f"{explanation.step_name} (cycles {explanation.step_first} to {explanation.step_last})"
    )


def _waveform(explanation: CycleExplanation) -> str:
    """Which signals of the Verilog have which values in this cycle."""
    if explanation.step is None:
        return f"control.cycles is {explanation.cycle - 1}"
    return f"engine.control.number is {explanation.step}, .cycles is {explanation.in_step}"


def _moment(moment: TileMoment) -> Iterator[str]:
    work = moment.work
    if work is None:
        yield _line("no plane", f"{moment.cause}: {moment.reason}")
        if moment.position is not None:
            yield _line("next", f"output position {moment.position}")
        return
    yield _line("position", f"{work.position} (output row {work.row}, column {work.col})")
    if work.at is None:
        yield _line("plane", f"{work.plane} of no OU: the tile has none of this layer")
        return
    yield _line("OU", str(work.at).removeprefix("OU "))
    yield _line(
        "",
        f"tile{moment.tile}.controller.o__payload.ou is {work.address}, its address in the "
        f"memories",
    )
    yield _line(
        "plane", f"{work.plane}: bit {work.plane} of each input, which weighs {1 << work.plane}"
    )
    yield from _matrix(work.inputs, work.outputs, work.weights, work)


def _rank(explanation: WeightExplanation) -> Iterator[str]:
    state = "pruned" if explanation.place is None else "kept"
    kept = f"{explanation.segments_kept} of the {explanation.segments} segments of the layer"
    why = f"{kept} are kept"
    if explanation.ratio is not None:
        why = f"the ratio of {explanation.ratio:g} keeps {kept}, those of largest norm"
    if explanation.rank is not None:
        rank = explanation.rank
        why = f"its norm {rank.norm:.4g} is number {rank.rank} of {rank.segments}; {why}"
    yield _line(state, why)


def _bit_lines(place: WeightPlace) -> str:
    first, last = place.bit_lines[0], place.bit_lines[-1]
    lines = str(first) if first == last else f"{first} to {last}"
    return f"{lines} of the crossbar, weight column {place.column} of the OU"


def _cells(place: WeightPlace) -> str:
    levels = f"levels {_numbers(place.levels)}"
    if place.levels_negative is not None:
        levels += f" in the positive array and {_numbers(place.levels_negative)} in the negative"
    return f"{levels}, least significant slice first"


def _index(entry: IndexEntry, fields: Iterable[IndexField]) -> Iterator[str]:
    yield _line("index", f"memory {entry.memory}, address {entry.address}: {entry.digits}")
    for field in fields:
        bits = f"[{field.high}]" if field.high == field.low else f"[{field.high}:{field.low}]"
        yield _line("", f"{field.name:<11}{bits:<10}= {field.value:<5}{field.meaning}")


def _schedule(schedule: OuSchedule, plane: int | None = None) -> Iterator[str]:
    yield _line(
        "layer engine",
        f"{schedule.total} cycles after the one that takes the command, "
        f"output positions: {schedule.positions}",
    )
    planes = "planes" if plane is None else f"plane {plane}"
    head = f"{'position':<18}{'inputs loaded':<16}{'inputs read':<16}{planes}"
    yield _line("", head)
    for times in schedule.times:
        yield _line("", _row(times, times.layer, plane))
    if schedule.step is None:
        yield _line("network", "no network engine: the layers do not follow from each other")
    else:
        yield _line(
            "network engine",
            f"step {schedule.step}, cycles {schedule.step_first} to {schedule.step_last} of an "
            f"image; below, cycles of the step",
        )
        yield _line("", f"{head:<{_TABLE}}in cycles of an image")
        for times in schedule.times:
            if times.step is not None and times.image is not None:
                of_image = _planes(times.image, plane)
                yield _line("", f"{_row(times, times.step, plane):<{_TABLE}}{of_image}")
    yield _line("holds", _MAY_SKIP if schedule.may_skip else _CLEAN)


def _row(times: PositionTimes, cycles: OuTimes, plane: int | None) -> str:
    where = f"{times.position} ({times.row}, {times.col})"
    read = _span(cycles.read_first, cycles.read_last)
    return f"{where:<18}{cycles.loaded:<16}{read:<16}{_planes(cycles, plane)}"


def _planes(cycles: OuTimes, plane: int | None) -> str:
    if plane is not None:
        return str(cycles.planes_last - plane)
    return f"{cycles.planes_first} to {cycles.planes_last}"


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _by_line(explanation: OuExplanation) -> list[list[int]]:
    value = {(row, col): weight for row, col, weight in explanation.weights}
    return [[value.get((row, col), 0) for col in explanation.outputs] for row in explanation.inputs]


def _matrix(
    inputs: Sequence[int],
    outputs: Sequence[int],
    weights: Sequence[Sequence[int]],
    work: PlaneWork | None = None,
) -> Iterator[str]:
    """A line a word line: its input and its weights, in the columns of the outputs."""
    heads = ["-" if output < 0 else f"output {output}" for output in outputs]
    yield _line("word line", "input  " + "".join(f"{head:>12}" for head in heads))
    for lane, row in enumerate(inputs):
        if row < 0:
            yield f"  {lane:<{_NAME - 2}}-"
            continue
        cells = (
            "" if output < 0 else str(weights[lane][column])
            for column, output in enumerate(outputs)
        )
        reads = ""
        if work is not None and work.elements[lane] is not None:
            reads = f"   reads {work.elements[lane]}"
        text = f"  {lane:<{_NAME - 2}}{row:<7}{''.join(f'{cell:>12}' for cell in cells)}{reads}"
        yield text.rstrip()


def _line(name: str, text: str) -> str:
    return f"{name:<{_NAME}}{text}"


def _numbers(values: Iterable[int]) -> str:
    return " ".join(map(str, values))
