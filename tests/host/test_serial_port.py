"""Serial port: a device behind a pseudo-terminal, and ports that cannot be used."""

import contextlib
import errno
import os
import select
import termios
import threading
import tty

import pytest

from arch.link_frame import FrameReader
from host.device import Device
from host.errors import DeviceError, PortError
from host.inference import infer
from host.link import Link
from host.serial_port import SerialPort
from tests.host.small_device import SHAPE, golden, images_of, target_of, virtual


@contextlib.contextmanager
def behind_a_terminal(hardware):
    """Serve a device; gives the path, and a function that pulls it out."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    path = os.ttyname(theirs)
    ended = threading.Event()

    def serve():
        cycle = 0
        while not ended.is_set():
            if not select.select([ours], [], [], 0.02)[0]:
                hardware.silence()
                continue
            data = os.read(ours, 4096)
            while data:
                cycle += 100_000
                hardware.advance(cycle)
                taken, answer = hardware.take(data)
                data = data[taken:]
                os.write(ours, answer)

    thread = threading.Thread(target=serve)
    thread.start()

    def unplug():
        if not ended.is_set():
            ended.set()
            thread.join()
            os.close(ours)
            os.close(theirs)

    try:
        yield path, unplug
    finally:
        unplug()


def test_images_and_a_cable_that_is_pulled():
    target = target_of(loadable=True)
    with behind_a_terminal(virtual(target)) as (path, unplug):
        port = SerialPort(path, SHAPE.baud)
        device = Device(Link(port, SHAPE, timeout=5.0))
        device.load(target)
        images = images_of(target, 5)
        assert (infer(device, target, images).values == golden(target, images)).all()
        with pytest.raises(PortError, match="another program uses it"):
            SerialPort(path, SHAPE.baud)
        unplug()
        with pytest.raises(PortError, match="the port has gone: was it unplugged"):
            device.identify()
        port.close()


def test_port_on_which_nobody_answers():
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    try:
        port = SerialPort(os.ttyname(theirs), SHAPE.baud)
        device = Device(Link(port, SHAPE, timeout=0.02, repeats=1))
        with pytest.raises(DeviceError, match=r"does not answer \(tried 2 times, nothing at all"):
            device.identify()
        sent = FrameReader(1024).feed(os.read(ours, 100))
        assert len(sent) == 2  # the same bytes, twice
        port.close()
    finally:
        os.close(ours)
        os.close(theirs)


def test_port_whose_bytes_never_leave(monkeypatch):
    """It is not waited for: nothing bounds how long the system waits for a port to be empty."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)

    def hangs(descriptor):
        raise AssertionError(f"nobody ends the wait for {descriptor}")

    port = SerialPort(os.ttyname(theirs), SHAPE.baud)
    try:
        monkeypatch.setattr(termios, "tcdrain", hangs)
        port.write(b"request")
        assert os.read(ours, 100) == b"request"
    finally:
        port.close()
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("call", ["tcsetattr", "tcflush"])
def test_port_that_goes_while_it_is_opened(call, monkeypatch):
    """The system says so with another exception than for reading and writing."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)

    def gone(*_given):
        raise termios.error(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(termios, call, gone)
    try:
        with pytest.raises(PortError, match=r"cannot be opened at 1000000 bits a second: .*Input/"):
            SerialPort(os.ttyname(theirs), SHAPE.baud)
    finally:
        os.close(ours)
        os.close(theirs)


def test_port_that_is_not_there(tmp_path):
    with pytest.raises(PortError, match=r"ttyUSB77: no such port; (there are|this machine has)"):
        SerialPort(str(tmp_path / "ttyUSB77"), 1_000_000)


@pytest.mark.parametrize("kind", ["file", "directory", "device"])
def test_no_port(kind, tmp_path):
    path = tmp_path / "port"
    if kind == "file":
        path.write_text("")
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to("/dev/null")
    with pytest.raises(PortError, match=r"/port: is no serial port; (there are|this machine has)"):
        SerialPort(str(path), 1_000_000)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do anything")
def test_port_that_is_not_permitted(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    path.chmod(0)
    with pytest.raises(PortError, match="not permitted; on Linux join the group"):
        SerialPort(str(path), 1_000_000)
