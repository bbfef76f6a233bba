"""Cosimulation of small networks: right hardware passes, wrong hardware is named."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.network_shape import WORD_BITS
from arch.table_files import load, save
from cosim.cosimulation import STALLS
from cosim.networks import cosimulate_network
from hw.emit import write_verilog
from sw.mapping import map_network
from sw.mapping.cycle_explanation import explain_cycle
from sw.mapping.hardware_view import HardwareView
from tests.cosim.waveform import values_at_edges
from tests.sw.integer_layers import residual_network

pytestmark = pytest.mark.cosim

BUILDS = Path(__file__).parents[2] / "sim_build"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Tables of a network with operations between its layers, its Verilog, and images."""
    directory = tmp_path_factory.mktemp("network")
    geometry = Geometry()
    tables = save(map_network(residual_network(geometry), geometry), directory / "tables")
    (directory / "verilog").mkdir()
    program = build_network_program(tables)
    write_verilog(program, directory / "verilog")
    images = np.random.default_rng(1).integers(-128, 128, (3, 2, 9, 7))
    return directory, program, images


def altered(network, tmp_path, change):
    """The Verilog with one change; it must be possible."""
    directory, *_ = network
    target = tmp_path / "verilog"
    target.mkdir()
    text = (directory / "verilog" / "network_engine.v").read_text()
    wrong = change(text)
    assert wrong != text
    (target / "network_engine.v").write_text(wrong)
    (target / "names.json").write_text((directory / "verilog" / "names.json").read_text())
    return target


def simulate(network, verilog, tmp_path, **options):
    directory, _, images = network
    return cosimulate_network(
        directory / "tables",
        verilog,
        images,
        tmp_path / "simulation",
        build_root=BUILDS,
        **options,
    )


def test_right_hardware(network, tmp_path):
    """Every feature map of every image, with and without stalls, and after a reset."""
    directory, program, _ = network
    done = simulate(network, directory / "verilog", tmp_path)
    assert done.problems == ()
    assert done.waves is None
    assert [(run.stall, run.after_reset) for run in done.runs] == [
        (0, False),
        (max(STALLS["random"]), False),
        (0, True),
        (0, True),
    ]
    assert [run.images for run in done.runs] == [3, 3, 3, 1]
    elements = sum(step.result.size for step in program.steps) + program.steps[-1].result.size
    for run in done.runs:
        assert (run.mismatches, run.wrong_images) == (0, ())
        assert run.compared == run.images * elements
        names = [step.name for step in program.steps]
        assert [step.name for step in run.steps] == names * run.images
        assert len(run.counters) == run.images
        if not run.stall:
            assert all(step.cycles == step.cycles_model for step in run.steps[1:])
    assert done.cycles_per_second > 0
    assert len(list(ElementTree.parse(done.junit).iter("testcase"))) == 6


def change_bit(memory, number, bit):
    """Flip a bit of a word of a memory in the Verilog."""

    def change(text):
        word = re.compile(rf"\b{memory}\[{number}\] = \d+'([dh])([0-9a-f]+);").search(text)
        base = 16 if word[1] == "h" else 10
        value = int(word[2], base) ^ 1 << bit
        digits = f"{value:x}" if base == 16 else f"{value}"
        return text[: word.start(2)] + digits + text[word.end(2) :]

    return change


def change_step(program, name, field, bit):
    """Flip a bit of a field of a step in the Verilog."""
    place = bit
    for entry in program.shape.step_layout.fields:
        if entry.name == field:
            break
        place += entry.width
    step = [step.name for step in program.steps].index(name)
    word, bit = divmod(place, WORD_BITS)
    return change_bit("steps", step * program.shape.step_words + word, bit)


@pytest.fixture(scope="module")
def wrong_weight(network, tmp_path_factory):
    """What is found where a weight is wrong; a waveform is there without being asked for."""
    place = tmp_path_factory.mktemp("wrong_weight")
    verilog = altered(network, place, change_bit("cells", 0, 5))
    return simulate(network, verilog, place, stalls=(0,), resets=False)


def test_a_wrong_weight_is_named(wrong_weight):
    """By image, layer, position and channel."""
    assert re.fullmatch(
        r"image \d, layer conv, position \d+, channel \d: expected -?\d+, seen -?\d+",
        wrong_weight.problems[0],
    )
    assert wrong_weight.runs[0].mismatches > 0
    assert wrong_weight.waves is not None
    assert wrong_weight.waves.read_text().startswith("$version")


def test_explained_cycles_are_those_of_the_waveform(network, wrong_weight):
    """The signals that an explanation of a cycle names have the values that it says."""
    directory, program, _ = network
    hardware = HardwareView(load(directory / "tables"), program.layers, program)
    engine = ("network_bench", "engine", "engine")
    tile = (*engine, "layers", "tile0", "controller")
    cycles = values_at_edges(
        wrong_weight.waves,
        ("network_bench", "engine", "clk"),
        (*engine, "control", "number"),
        (*engine, "control", "cycles"),
        (*tile, "o__valid"),
        (*tile, "o__payload.ou"),
        (*tile, "o__payload.tag.first"),
        (*tile, "plane"),
    )
    seen = {}  # of the last image
    for step, cycle, *signals in cycles:
        seen[step, cycle] = signals
    explained = [
        explain_cycle(hardware, cycle) for cycle in range(1, hardware.network.total + 1, 7)
    ]
    planes = 0
    for found in explained:
        (moment,) = found.tiles
        valid, ou, first, turn = seen[found.step, found.in_step]
        assert valid == (moment.work is not None), found
        if moment.work is not None:
            assert ou == moment.work.address, found
            assert moment.work.plane == 7 - turn, found
            assert first == (turn == 0), found
            planes += 1
    assert planes > 50


def test_a_wrong_address_is_named(network, tmp_path):
    _, program, _ = network
    verilog = altered(network, tmp_path, change_step(program, "sum", "store_at", 0))
    done = simulate(network, verilog, tmp_path, stalls=(0,), resets=False, waves="never")
    at = next(step.result.at for step in program.steps if step.name == "sum")
    where = "image 0, operation sum, position 0, channel 0"
    named, read_back = done.problems
    assert named == f"{where}: written at address {at ^ 1}, expected {at}"
    assert read_back.startswith("holds_the_tables: memory step holds something else")


def test_a_hang_is_named(network, tmp_path):
    """A layer that expects more windows than it gets never ends; the next step waits."""
    _, program, _ = network
    verilog = altered(network, tmp_path, change_step(program, "conv", "positions", 5))
    done = simulate(network, verilog, tmp_path, stalls=(0,), resets=False, waves="never")
    assert re.fullmatch(
        r"image 0, operation sum, position 0, channel 0: is missing; in step sum; i waits .*",
        done.problems[0],
    )


def test_planes_are_skipped(network, tmp_path):
    """Exact with stalls and after a reset; the images take different cycles, as the model says.

    Only the class of each image leaves the engine.
    """
    directory, *_ = network
    program = build_network_program(load(directory / "tables"), skip_zero_planes=True, argmax=True)
    verilog = tmp_path / "verilog"
    verilog.mkdir()
    write_verilog(program, verilog)
    images = network[2] & 0b0101_0000
    images[1, :, 3:] = 0
    images[2] = 0
    done = simulate((directory, program, images), verilog, tmp_path)
    assert done.problems == ()
    elements = sum(step.result.size for step in program.steps)
    for run in done.runs:
        assert run.compared == run.images * (elements + 1)
        steps = [
            run.steps[n : n + len(program.steps)]
            for n in range(0, len(run.steps), len(program.steps))
        ]
        planes = [sum(step.planes for step in part) for part in steps]
        assert planes == sorted(planes, reverse=True)
        assert len(set(planes)) == run.images
        if not run.stall:
            assert all(step.cycles == step.cycles_model for step in run.steps[1:])
            assert len({sum(step.cycles_model for step in part) for part in steps}) == run.images


def test_an_unknown_step_is_an_error(network, tmp_path):
    """The engine stops before a step of no kind that there is, and says so."""
    _, program, _ = network
    verilog = altered(network, tmp_path, change_step(program, "conv", "kind", 1))
    done = simulate(network, verilog, tmp_path, stalls=(0,), resets=False, waves="never")
    assert re.fullmatch(
        r"image 0, layer conv, position 0, channel 0: is missing; in step conv; .*"
        r"; error STEP_KIND",
        done.problems[0],
    )
