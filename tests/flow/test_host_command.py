"""``ohmforge host``: what it prints, how it ends, and one line for everything that is wrong."""

import dataclasses
import json
import os

import numpy as np
import pytest

from arch.capacity import Capacity
from arch.known_images import write_known_images
from arch.link_record import link_record
from arch.network_program import build_network_program
from arch.shape_record import shape_record
from arch.table_files import load, save
from flow import cli
from flow.run_directory import RunDirectory
from host.target import Target
from tests.host.small_device import SHAPE, golden, images_of, tables_of, target_of, virtual
from tests.host.test_serial_port import behind_a_terminal

COUNT = 12


@pytest.fixture
def run(tmp_path):
    """A run directory until its tables, with images; two classes are not those of the results."""
    path = RunDirectory.create(tmp_path / "run").path
    save(tables_of(), path / "map" / "tables")
    target = target_of()
    images = images_of(target, COUNT)
    labels = golden(target, images).argmax(axis=1)
    labels[:2] = (labels[:2] + 1) % 4
    (path / "quantise").mkdir()
    write_known_images(path / "quantise" / "images.npz", images, labels)
    return path


def write_engine(directory, *, link=SHAPE, **built_as):
    """``names.json`` and ``link.json`` of an engine for the tables."""
    directory.mkdir(parents=True)
    program = build_network_program(tables_of(), **built_as)
    names = {"memories": {}, "skip_zero_planes": program.shape.engine.skip_zero_planes}
    names |= {"argmax": program.shape.argmax, "lanes": program.shape.lanes}
    names["counter_bits"] = program.shape.counter_bits
    if program.shape.engine.loadable:
        names |= {"load_image": "tables.bin", "shape": shape_record(program.shape)}
    (directory / "names.json").write_text(json.dumps(names))
    (directory / "link.json").write_text(json.dumps(link_record(link, board="test")))


def host(capsys, *words):
    """Exit status, output, and what went to the standard error."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["host", *map(str, words)])
    seen = capsys.readouterr()
    return ended.value.code, seen.out, seen.err


def refused(capsys, *words):
    """The one line about what is wrong."""
    status, out, err = host(capsys, *words)
    assert (status, out) == (2, ""), err
    (line,) = err.splitlines()
    return line.removeprefix("ohmforge: ")


def test_infer(run, capsys):
    status, out, _ = host(capsys, run, "--port", "golden", "infer")
    assert status == 0
    lines = out.splitlines()
    assert lines[0].startswith("image 0 ")
    assert " not " in lines[0]
    assert lines[2].endswith("right")
    assert lines[10] == "... and 2 more (--json has all)"
    assert lines[-1] == "accuracy 83.33%: 10 of 12 classes right"
    status, out, _ = host(capsys, run, "infer", "--images", "3", "--json", "--port=golden")
    found = json.loads(out)
    assert (found["images"], found["right"], found["from"]) == (3, 1, "the test split")
    assert len(found["results"]) == 3
    line = refused(capsys, run, "--port", "golden", "infer", "--images", "13")
    assert line == "--images must be at most 12, those of the test split"


def test_images_without_classes_and_without_images(run, capsys):
    path = run / "quantise" / "images.npz"
    images = images_of(target_of(), 2)
    write_known_images(path, images, np.full(2, -1))
    assert json.loads(host(capsys, run, "--port", "golden", "infer", "--json")[1])["right"] is None
    path.unlink()
    out = host(capsys, run, "--port", "golden", "infer")[1]
    assert "100 images of random, seed 1 in" in out
    path.write_bytes(b"no images")
    assert "images.npz: is not an npz file" in refused(capsys, run, "--port", "golden", "infer")


def test_selftest(run, capsys):
    status, out, _ = host(capsys, run, "--port", "golden", "selftest", "--images", "5")
    assert status == 0
    assert out.splitlines()[-1] == "8 of 8 rungs passed"
    status, out, _ = host(
        capsys, run, "selftest", "--until", "tables", "--json", "--port", "golden"
    )
    found = json.loads(out)
    assert (status, found["passed"], found["failed"]) == (0, 3, 0)
    assert [rung["state"] for rung in found["rungs"]] == ["passed"] * 3
    line = refused(capsys, run, "--port", "golden", "selftest", "--until", "roof")
    assert line.startswith("--until: no rung 'roof'; choose 1 to 8 or registers, link")


def test_loadable(run, capsys):
    write_engine(run / "device", capacity=Capacity(), skip_zero_planes=True)
    status, out, _ = host(capsys, run, "--port", "golden", "info")
    assert status == 0
    assert "tables loadable, planes skipped" in out
    assert "tables   none loaded" in out
    assert host(capsys, run, "--port", "golden", "load")[1].startswith("loaded ")
    assert host(capsys, run, "--port", "golden", "infer")[0] == 0
    assert host(capsys, run, "--port", "golden", "selftest", "--images", "2")[0] == 0


def test_counters_and_status(run, capsys):
    out = host(capsys, run, "--port", "golden", "counters")[1]
    assert "engine  idle_stopped" in out
    assert "link    damaged         0" in out
    found = json.loads(host(capsys, run, "--port", "golden", "counters", "--json")[1])
    assert found["engine"]["planes"] == 0
    out = host(capsys, run, "--port", "golden", "status")[1]
    assert "room 1024" not in out  # that of any link
    assert "error   none" in out
    assert json.loads(host(capsys, run, "--port", "golden", "status", "--json")[1])["error"] == ""


def test_a_device_behind_a_port(run, capsys):
    write_engine(run / "device", capacity=Capacity())
    tables = load(run / "map" / "tables")
    target = Target.of(tables, built_as={"capacity": Capacity()})
    with behind_a_terminal(virtual(target)) as (path, _):
        assert host(capsys, run, "--port", path, "load")[0] == 0
        assert host(capsys, run, "--port", path, "infer", "--images", 3)[0] == 0
        status, out, err = host(capsys, run, "--port", path, "selftest", "--images", 3)
        assert (status, out.splitlines()[-1]) == (0, "8 of 8 rungs passed"), out + err
    with behind_a_terminal(virtual(target_of(loadable=True))) as (path, _):  # cannot compute them
        assert host(capsys, run, "--port", path, "load")[0] == 0
        line = refused(capsys, run, "--port", path, "infer")
        assert "after 0 of 12 images, in step input: STEP_KIND in step 0: A step is of no" in line


def test_wrong_devices(run, capsys):
    with behind_a_terminal(virtual(target_of(0.9))) as (path, _):
        words = (run, "--port", path, "--timeout", "2")
        assert "other tables" in refused(capsys, *words, "infer")
        status, out, _ = host(capsys, *words, "info")
        assert status == 1
        assert "match    the device holds other tables" in out
        status, out, _ = host(capsys, *words, "selftest")
        assert status == 1
        assert "3 tables     failed        the device holds other tables" in out
        assert "usually means: the bitstream is of other tables" in out
        assert out.splitlines()[-1] == "2 of 8 rungs passed, tables failed, 5 not climbed"
    with behind_a_terminal(virtual(target_of(tiles=2))) as (path, _):
        line = refused(capsys, run, "--port", path, "--timeout", "2", "infer")
        assert line.startswith(f"the device is another engine than {run} needs: capabilities.tiles")
    larger = target_of(loadable=True)
    shape = dataclasses.replace(larger.program.shape, depth=larger.program.shape.depth * 2)
    larger = type(larger).of(larger.tables, shape=shape)
    with behind_a_terminal(virtual(larger)) as (path, _):
        line = refused(capsys, run, "--port", path, "--timeout", "2", "infer")
        assert "memory.elements is" in line


def test_wrong_ports(run, capsys, tmp_path):
    assert refused(capsys, run, "info").startswith("name the port of the device: --port PATH")
    line = refused(capsys, run, "--port", tmp_path / "tty", "info")
    assert line.startswith(f"{tmp_path}/tty: no such port; ")
    ours, theirs = os.openpty()
    try:
        words = ("--port", os.ttyname(theirs), "--timeout", "0.02")
        assert refused(capsys, run, *words, "info").startswith("the device does not answer (tried")
    finally:
        os.close(ours)
        os.close(theirs)


def test_wrong_arguments(run, capsys, tmp_path):
    line = refused(capsys, run, "--port", "golden", "--timeout", "0", "info")
    assert line == "--timeout must be more than 0 seconds, not 0.0"
    line = refused(capsys, run, "--port", "golden", "--baud", "3", "info")
    assert line.startswith("--baud: a bit must take 4 to 65535 cycles")
    (tmp_path / "names.json").write_text("{}")
    line = refused(capsys, run, "--port", "golden", "--names", tmp_path / "names.json", "info")
    assert line.endswith("names.json: is not names.json of an engine")
    assert "nowhere" in refused(capsys, tmp_path / "nowhere", "--port", "golden", "info")
    slow = dataclasses.replace(SHAPE, baud=115200)
    write_engine(run / "fpga" / "one")
    write_engine(run / "fpga" / "two", link=slow)
    line = refused(capsys, run, "--port", tmp_path / "tty", "info")
    assert line.endswith(
        "have links of 115200 and 1000000 bits a second; say which with --names or --baud"
    )


def test_simulation_that_ends_says_why(tmp_path, capsys):
    empty = tmp_path / "nothing"
    empty.mkdir()
    line = refused(capsys, empty, "--port", "simulation", "--quiet", "info")
    assert "the simulated device ended: ohmforge: " in line
    assert "nothing" in line
