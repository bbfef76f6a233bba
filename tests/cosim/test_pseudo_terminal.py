"""The pseudo-terminal: programs come and go, and nothing blocks."""

import os
import termios

import pytest

from arch.errors import InputError
from cosim.pseudo_terminal import PseudoTerminal

EVERY_BYTE = bytes(range(256))


@pytest.fixture
def terminal(tmp_path):
    terminal = PseudoTerminal(tmp_path / "port")
    yield terminal
    terminal.close()


def test_every_byte_passes_both_ways(terminal):
    for _ in range(2):  # the second program finds what the first did
        theirs = os.open(terminal.path, os.O_RDWR | os.O_NOCTTY)
        os.write(theirs, EVERY_BYTE)
        assert terminal.read() == EVERY_BYTE
        assert terminal.write(EVERY_BYTE) == len(EVERY_BYTE)
        assert os.read(theirs, 1024) == EVERY_BYTE
        os.close(theirs)
    assert terminal.read() == b""


def test_what_nobody_reads_is_lost(terminal):
    block = bytes(1 << 16)
    assert terminal.write(block) < len(block)
    assert terminal.write(block) == 0
    theirs = os.open(terminal.path, os.O_RDWR | os.O_NOCTTY)
    termios.tcflush(theirs, termios.TCIFLUSH)  # as a driver does when it opens a port
    terminal.write(b"now")
    assert os.read(theirs, 1024) == b"now"
    os.close(theirs)


def test_link(tmp_path):
    link = tmp_path / "port"
    link.symlink_to("/dev/pts/nothing")  # left behind by a device that was killed
    first = PseudoTerminal(link)
    assert str(link.readlink()) == first.path
    with pytest.raises(InputError, match=r"port: is already there; remove it or choose another$"):
        PseudoTerminal(link)
    first.close()
    assert not link.is_symlink()
    second = PseudoTerminal(link)
    link.unlink()
    link.write_text("another's")
    second.close()
    assert link.read_text() == "another's"
    with pytest.raises(InputError, match=r"none: no such directory$"):
        PseudoTerminal(tmp_path / "none" / "port")
