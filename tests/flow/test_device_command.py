"""`ohmforge device`: a board that is none, for hosts that come and go."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from arch.link_frame import Frame, Kind, encode_frame
from arch.link_record import read_link
from arch.network_timeline import NetworkTimeline
from cosim.golden import GoldenNetwork
from flow import cli
from flow.host_run import HostRun
from host.device import Device
from host.inference import infer
from host.link import Link
from host.serial_port import SerialPort
from tests.cosim.linked_engine import HARDWARE, save_tables
from tests.flow.finished_run import write_finished
from tests.flow.traced_device import different_cycles, waveform

pytestmark = pytest.mark.cosim

ROOT = Path(__file__).parents[2]
SECONDS = 10.0
"""That an answer may take: the machine of the tests can be slow."""
IMAGES = 20
COMMAND = """\
import signal
from flow import cli
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background process may ignore it
cli.main()
"""


def make_run(path, **tables):
    """A run directory, with a place for the simulator that other tests build in, too."""
    hardware = {f"hardware.{name}": value for name, value in HARDWARE.items()}
    write_finished(path, configuration=hardware)
    if tables:
        shutil.rmtree(path / "map" / "tables")
        save_tables(path / "map" / "tables", **tables)
    (path / "device").mkdir()
    (ROOT / "sim_build").mkdir(exist_ok=True)
    (path / "device" / "build").symlink_to(ROOT / "sim_build")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose engine loads its tables."""
    return make_run(tmp_path_factory.mktemp("device") / "run")


def start(run, *options):
    """The command in a process of its own, once it serves; and the port."""
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "device", str(run), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    port = process.stdout.readline().strip()
    assert port, process.communicate()[1]
    return process, port


@pytest.fixture(scope="module")
def port(run):
    """A device that serves; the path of its link."""
    process, path = start(run, "--link", str(run / "port"))
    assert str((run / "port").readlink()) == path
    yield run / "port"
    process.terminate()
    process.communicate(timeout=60)


def command(words, capsys):
    """Exit status, output and errors of ``ohmforge``."""
    with pytest.raises(SystemExit) as ended:
        cli.main([*words, "--quiet"])
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def open_device(run, port):
    shape, board = read_link(run / "device" / "link.json")
    assert board == "simulation"
    return Device(Link(SerialPort(str(port), shape.baud), shape, timeout=SECONDS, seed=1))


def simulators(run):
    """Processes that work in the directory of the simulation."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        try:
            found += [place] * (place.readlink() == run / "device" / "simulation")
        except OSError:  # it has ended, or is another user's
            continue
    return found


def test_ladder_with_tables_in_turn(tmp_path, run, port, capsys):
    """The same build runs another pruning result, too, and only what it holds."""
    other = make_run(tmp_path / "other", seed=1, ratio=0.3)
    names = ["--names", str(run / "device" / "names.json"), "--port", str(port)]
    for place, stranger in ((run, other), (other, run)):
        climb = ["host", str(place), *names, "selftest", "--images", str(IMAGES)]
        status, out, err = command(climb, capsys)
        assert (status, err) == (0, "")
        assert "8 of 8 rungs passed" in out
        status, _, err = command(["host", str(stranger), *names, "infer"], capsys)
        assert status == 2
        assert err.count("\n") == 1
        assert "the device holds other tables" in err


def test_hosts_that_come_and_go(run, port):
    """Each finds the device as it needs it, whatever the one before left behind."""
    device = open_device(run, port)
    target = HostRun.open(run).target(device.identify())
    device.load(target)
    device.close()
    rng = np.random.default_rng(2)
    images = rng.integers(0, 256, (IMAGES, *target.in_shape))
    expected = GoldenNetwork(target.tables).run(images)[target.last.name].reshape(IMAGES, -1)
    half = encode_frame(Frame(kind=Kind.ECHO, sequence=2, payload=bytes(100)))[:50]
    for left_behind in (b"", half, rng.bytes(3000), b"\x7e" * 9):
        shape, _ = read_link(run / "device" / "link.json")
        line = SerialPort(str(port), shape.baud)
        line.write(left_behind)
        line.close()
        device = open_device(run, port)
        seen = infer(device, target, images, seconds=SECONDS)
        assert (seen.values == expected).all()
        device.close()


@pytest.mark.parametrize("step", ["conv", "scores"])
def test_trace(step, run, port, tmp_path, capsys):
    """The waveform of a step shows in every cycle what the model of the cycles says."""
    device = open_device(run, port)
    target = HostRun.open(run).target(device.identify())
    device.load(target)
    device.close()
    wave = tmp_path / "step.vcd"
    words = ["host", str(run), "--port", str(port), "trace", "-o", str(wave), "--step", step]
    status, out, err = command(words, capsys)
    assert (status, err) == (0, "")
    assert f"wrote {wave} and {wave.with_suffix('.gtkw')}" in out
    assert "full" not in out
    timeline = NetworkTimeline(target.tables, target.program)
    wrong, cycles = different_cycles(waveform(wave), timeline, step)
    assert not wrong, wrong[:3]
    assert cycles > 100


def test_nothing_to_do(run, port):
    """Simulated time stands still, but for what goes over the wire."""
    device = open_device(run, port)
    before = device.counters()["cycles"]
    time.sleep(1.0)
    counts = device.link.counts
    moved = counts.sent + counts.received
    after = device.counters()["cycles"]
    device.close()
    moved = counts.sent + counts.received - moved
    # At most a silence of the wire, and the time in which answers may begin.
    assert 0 < after - before < 40 * moved + 200_000


def test_one_at_a_time(run, port, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["device", str(run)])
    assert ended.value.code == 2
    message = f"ohmforge: {run / 'device'}: another ohmforge device is at work in it\n"
    assert capsys.readouterr().err.endswith(message)


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        (signal.SIGINT, 130, "ohmforge: interrupted"),
        (signal.SIGTERM, 0, ""),
        (signal.SIGKILL, -9, ""),
    ],
)
def test_ends(tmp_path, number, status, said):
    """With nothing left behind, not even after a kill but for the link."""
    other = make_run(tmp_path / "run")
    process, _ = start(other, "--link", str(tmp_path / "port"), "--quiet")
    while not simulators(other):
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert err.strip() == said
    while simulators(other):
        time.sleep(0.05)  # pytest-timeout ends it
    assert (tmp_path / "port").is_symlink() == (number == signal.SIGKILL)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--clock", "0"], "--clock must be more than 0 MHz, not 0.0"),
        (["--clock", "1", "--baud", "500000"], "--clock and --baud do not go together: a bit must"),
        (["--link", "/"], "/: is already there; remove it or choose another"),
    ],
)
def test_wrong_options(tmp_path, capsys, words, message):
    save_tables(tmp_path / "run")
    with pytest.raises(SystemExit) as ended:
        cli.main(["device", str(tmp_path / "run"), "--quiet", *words])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(f"ohmforge: {message}")


def test_no_run(tmp_path, capsys):
    for path, message in (
        (tmp_path / "none", "no such directory"),
        (tmp_path, "manifest.json: cannot be read: No such file or directory"),
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main(["device", str(path)])
        assert ended.value.code == 2
        assert capsys.readouterr().err.endswith(f"{message}\n")
