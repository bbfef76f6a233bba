"""When simulated time passes, and how long the wire is silent: the server on a wire that counts."""

import json
import threading
from multiprocessing import Pipe

import pytest

from cosim.device_case import DeviceCase
from cosim.device_server import COUNT, GAP, DeviceServer, Message

DIVISOR, IDLE_BITS, WORK = 8, 100, 40_000
CASE = DeviceCase(socket="", divisor=DIVISOR, baud=1000, idle_bits=IDLE_BITS, work_cycles=WORK)
BYTE = 10 * DIVISOR


class Wire:
    """Knows how long what it plays takes; answers each byte with the next, after a while."""

    def __init__(self, *, answer_after=1000, busy_for=0):
        self.clocks = self.silent = self.untouched = self.pause = 0
        self.held, self.sent = [], b""
        self._answer_after, self._busy_for = answer_after, busy_for
        self._left, self._answer, self._answer_at = 0, b"", 0

    @property
    def playing(self):
        return self._left > 0

    @property
    def lights(self):
        return ("busy",) if self.untouched < self._busy_for else ("idle",)

    def put(self, items):
        self.held += [int(item) & (1 << 29) - 1 for item in items]
        self._left += self.held[-1]

    def send(self, data):
        self.sent += data
        self._left += BYTE * len(data)
        self._answer += bytes(byte + 1 & 255 for byte in data)
        self._answer_at = self.clocks + self._left + self._answer_after

    def run(self, cycles):
        played = min(cycles, self._left)
        self._left -= played
        self.clocks += cycles
        rest = cycles - played
        self.silent = self.silent + rest if not played else rest
        self.untouched = self.untouched + rest if not played else rest
        self.pause += cycles
        if self._answer and self.clocks >= self._answer_at:
            answer, self._answer = self._answer, b""
            self.untouched = 0
            self.pause = 4 * DIVISOR
            return answer
        return b""


@pytest.fixture
def serve():
    """Starts a server for a wire; gives the end of the other process."""
    ours, theirs = Pipe()
    threads = []

    def start(wire):
        server = DeviceServer(wire, theirs, CASE)
        threads.append(threading.Thread(target=server.run))
        threads[-1].start()
        return ours

    yield start
    ours.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive(), "it does not end with the connection"


def until_waiting(connection):
    """Answers, bytes that were taken, and the last status, until there is nothing to do."""
    answer, taken = b"", 0
    while connection.poll(10):
        message = connection.recv_bytes()
        kind, data = Message(message[0]), message[1:]
        if kind == Message.ANSWER:
            answer += data
        elif kind == Message.TAKEN:
            (taken,) = COUNT.unpack(data)
        elif (status := json.loads(data))["waiting"]:
            return answer, taken, status
    raise AssertionError("it goes on and on")


def test_answers_and_stands_still(serve):
    wire = Wire()
    connection = serve(wire)
    assert until_waiting(connection)[2]["cycles"] == 0
    until_waiting(connection)  # a device that was switched on
    for count, data in enumerate((b"abc", b"xyz"), 1):
        connection.send_bytes(GAP.pack(0.0) + data)
        answer, taken, status = until_waiting(connection)
        assert answer == bytes(byte + 1 for byte in data)
        assert taken == 3 * count
        assert status["cycles"] == wire.clocks
        assert not connection.poll(0.05)
        assert wire.clocks == status["cycles"]
    assert wire.held == []


def test_silence_of_the_host_is_silence_of_the_wire(serve):
    wire = Wire(answer_after=0)
    connection = serve(wire)
    until_waiting(connection)
    until_waiting(connection)
    wire.silent = 0  # whatever the wire has had by now
    connection.send_bytes(GAP.pack(0.02) + b"a")  # 20 bits at 1000 baud
    until_waiting(connection)
    assert wire.held == [20 * DIVISOR]
    wire.silent = 15 * DIVISOR  # of which the wire has had these
    connection.send_bytes(GAP.pack(0.02) + b"a")
    until_waiting(connection)
    assert wire.held == [20 * DIVISOR, 5 * DIVISOR]
    wire.silent = 0
    connection.send_bytes(GAP.pack(3600.0) + b"a")  # more than it takes to drop a frame is no use
    until_waiting(connection)
    assert IDLE_BITS * DIVISOR < wire.held[-1] < 2 * IDLE_BITS * DIVISOR


@pytest.mark.parametrize(
    ("busy", "least", "most"), [(0, 10_000, 25_000), (30_000, 30_000, 39_000), (10**9, WORK, 10**6)]
)
def test_works_on_while_the_engine_is_busy(serve, busy, least, most):
    """But not for ever, if it waits for the rest of an image."""
    wire = Wire(busy_for=busy)
    connection = serve(wire)
    until_waiting(connection)
    until_waiting(connection)
    assert least <= wire.clocks <= most
