"""The last rungs: tables, and the whole network."""

from collections.abc import Sequence

import numpy as np

from arch.network_cycles import NetworkCycles
from arch.read_back import read_backs
from arch.registers import COUNTERS, IDLE_CAUSES
from host.device import Counters
from host.inference import infer, measure
from host.ladder.probe_rungs import first_wrong_step
from host.ladder.rung import Bench, Failed, Run, Rung

__all__ = ["FRAMES", "IMAGE", "TABLES", "THROUGHPUT"]

_RESULT_BYTES = 4
_WAITS = ("stopped", "load", "output")
"""Why an engine idles that waits for its streams."""
_TIMING = "the timing report of place and route; a lower clock"


def _tables(bench: Bench) -> list[str]:
    device, target = bench.device, bench.target
    device.check(target, tables=False)
    lines = []
    if target.loadable:
        device.load(target, bench.progress)
        lines.append(f"loaded {len(target.load_image) // 4} words, CRC right")
    device.check(target)
    lines.append(f"table hash {target.tables.sha256[:16]}... is that of {target.origin}")
    return [*lines, _read_back(bench)]


def _read_back(bench: Bench) -> str:
    """Compare what lies in every memory for tables with the tables."""
    if not bench.device.engine.fields("capabilities")["read_back"]:
        return "no read-back is built in: only the hash was compared"
    expected = list(read_backs(bench.target.program))
    for done, memory in enumerate(expected):
        crc, word = bench.device.read_back(
            memory=memory.memory, first=memory.first, parts=memory.parts
        )
        if (crc, word) != (memory.crc, memory.word):
            raise Failed(
                f"memory {memory.name} has CRC {crc:08x} over its {memory.parts} words of 32 bits, "
                f"the tables have {memory.crc:08x}",
                means="block RAM was not initialised, a load was disturbed, or a write port is "
                "wired wrong",
                look="whether another memory is wrong, too; load again; " + _TIMING,
            )
        bench.progress(done + 1, len(expected))
    parts = sum(memory.parts for memory in expected)
    return f"{parts} words of {len(expected)} memories read back, every CRC right"


def _image(bench: Bench) -> list[str]:
    image = bench.images[:1]
    results, (counters,) = measure(bench.device, bench.target, image, seconds=bench.seconds)
    _compare(bench, image, results.values, results.index)
    model = bench.reference.cycles(image[0])
    fits = bench.target.image_bytes <= bench.device.link_registers.fields("buffers")["image_bytes"]
    _compare_counters(bench, counters, model, exact=fits)
    return [
        (
            f"{bench.target.last.result.size} results are those of the golden model, class "
            f"{results.index[0]}"
        ),
        f"{model.total} cycles, {model.planes} planes, utilisation "
        f"{model.utilisation:.1%}: all counters as the cycle model says"
        + ("" if fits else ", but for the waits for an image that is larger than the buffer"),
    ]


def _frames(bench: Bench) -> list[str]:
    count = bench.frames
    images = np.resize(bench.images, (count, *bench.images.shape[1:]))
    device = bench.device
    device.engine.write("control", reset=1, clear=1)
    results = infer(device, bench.target, images, progress=bench.progress, seconds=bench.seconds)
    counters = device.counters(latch=False)
    _compare(bench, images, results.values, results.index)
    if counters["images"] != count % (1 << bench.target.program.shape.counter_bits):
        raise Failed(
            f"the engine counted {counters['images']} images, {count} were given",
            means="an image was lost or doubled between link and engine",
            look="the counters of the link: ohmforge host DIR counters",
        )
    moved = count * (bench.target.image_bytes + bench.target.results * _RESULT_BYTES)
    bench.run = Run(
        images=images,
        results=results,
        counters=counters,
        link_seconds=moved * device.link.wire_seconds,
    )
    distinct = len({image.tobytes() for image in images})
    return [
        (
            f"{count} images back to back ({distinct} different ones), all results those of the "
            "golden model, none lost or doubled"
        )
    ]


def _throughput(bench: Bench) -> list[str]:
    run = bench.run
    if run is None:
        _frames(bench)
        run = bench.run
    if run is None:
        raise ValueError("no images ran back to back")
    models = [bench.reference.cycles(image) for image in bench.images[: len(run.images)]]
    models = [models[number % len(models)] for number in range(len(run.images))]
    wrap = 1 << bench.target.program.shape.counter_bits
    for cause in ("planes", *IDLE_CAUSES):
        if cause in _WAITS:
            continue
        seen = run.counters["planes" if cause == "planes" else f"idle_{cause}"]
        each = [model.planes if cause == "planes" else model.idle(cause) for model in models]
        if cause != "steps" and seen != sum(each) % wrap:
            raise Failed(
                f"{cause}: {seen} in {len(models)} images, the cycle model says {sum(each)}",
                means="the engine does not do what the model does, though its results are right",
                look=f"ohmforge host DIR trace; {_TIMING}",
            )
    clock = bench.device.link_registers.value("clock")
    alone = clock * len(models) / sum(model.total for model in models)
    seconds = max(run.results.seconds, 1e-9)
    waited = _waited(run, models, wrapped=2 * clock * seconds * models[0].tiles >= wrap)
    return [
        (
            f"{len(models) / seconds:.1f} images/s by the clock of the line; the engine alone "
            f"would do {alone:.1f} at {clock / 1e6:g} MHz"
        ),
        (
            f"images and results were on the wire {min(1.0, run.link_seconds / seconds):.1%} of "
            f"the time; the engine {waited}, and works as the cycle model says"
        ),
    ]


def _waited(run: Run, models: Sequence[NetworkCycles], *, wrapped: bool) -> str:
    """How long the engine waited for the link, unless its counters may have wrapped since."""
    if wrapped:
        return "has counters too short to say how long it waited for the link"
    waits = sum(run.counters[f"idle_{cause}"] for cause in _WAITS) - sum(
        model.idle(cause) for model in models for cause in _WAITS
    )
    share = waits / (run.counters["cycles"] * models[0].tiles)
    return f"waited for the link in {share:.1%} of its cycles"


def _compare(bench: Bench, images: np.ndarray, values: np.ndarray, index: np.ndarray) -> None:
    """Raise Failed unless results are those of the golden model."""
    different = bench.reference.results(bench.images[: len(images)])
    expected = np.resize(different, (len(images), different.shape[1]))
    largest = expected.argmax(axis=1)
    if bench.target.program.shape.argmax:
        expected = np.take_along_axis(expected, largest[:, None], axis=1)
    wrong = (values != expected).any(axis=1) | (index != largest)
    if not wrong.any():
        return
    image = int(np.flatnonzero(wrong)[0])
    place = int(np.argmax(values[image] != expected[image]))
    begins = first_wrong_step(bench, images[image])
    raise Failed(
        f"{int(wrong.sum())} of {len(images)} images are wrong, first image {image}: result "
        f"{place} is {values[image, place]}, the golden model says {expected[image, place]}"
        + (f"; {begins}" if begins else ""),
        means="a memory does not hold what it should, or timing does not hold; if the same image "
        "fails each time it is a memory",
        look="the step that is named, else ohmforge host DIR trace; " + _TIMING,
    )


def _compare_counters(
    bench: Bench, counters: Counters, model: NetworkCycles, *, exact: bool
) -> None:
    waits = {"idle_stopped"} | (set() if exact else {"idle_load"})
    expected = {"planes": model.planes, "planes_skipped": model.skipped, "images": 1}
    expected |= {f"idle_{cause}": model.idle(cause) for cause in IDLE_CAUSES}
    if exact:  # cycles of all tiles: those that wrapped cannot be divided
        expected["cycles"] = model.total * model.tiles
    wrap = 1 << bench.target.program.shape.counter_bits
    seen = dict(counters)
    seen["cycles"] = (seen["cycles"] * model.tiles - seen["idle_stopped"]) % wrap
    for name in COUNTERS:
        if name in expected and name not in waits and seen[name] != expected[name] % wrap:
            raise Failed(
                f"{name} grew by {seen[name]}, the cycle model says {expected[name]}",
                means="the device is another build than the tables' own: other tiles, or planes "
                "skipped or not",
                look="ohmforge host DIR info; build the bitstream anew",
            )


_STILL = "ohmforge host DIR status for the error and the step; then a lower clock"
TABLES = Rung(
    name="tables",
    title="tables: loaded, hash, read-back CRC",
    climb=_tables,
    means="the bitstream is of other tables or of another geometry",
    look="ohmforge host DIR info, which shows what the device says of itself",
)
IMAGE = Rung(
    name="image",
    title="the whole network on a known image",
    climb=_image,
    means="the engine stands still in a step, or the streams of the link do",
    look=_STILL,
)
FRAMES = Rung(
    name="frames",
    title="images back to back",
    climb=_frames,
    means="one image passes and many do not: the buffers between link and engine",
    look=_STILL,
)
THROUGHPUT = Rung(
    name="throughput",
    title="throughput against the cycle model",
    climb=_throughput,
    means="the engine stands still in a step, or the streams of the link do",
    look=_STILL,
)
