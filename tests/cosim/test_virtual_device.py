"""Virtual device: frame by frame what docs/link.md says of a device."""

import dataclasses

import numpy as np
import pytest

from arch.engine_error import Error
from arch.link_frame import ANSWER, Frame, FrameReader, Kind, Status, encode_frame, pattern
from arch.link_registers import LINK_BASE, LINK_MAGIC, LINK_MAP
from arch.read_back import read_backs
from arch.registers import COUNTERS, ENGINE_MAP, MAGIC
from cosim.virtual.device import VirtualDevice
from cosim.virtual.line import VirtualLine
from tests.host.small_device import SHAPE, golden, images_of, target_of
from tests.hw.link import conversations
from tests.hw.link.conversations import CONVERSATIONS

IDLE = SHAPE.idle_bits / SHAPE.baud


class Host:
    """Sends frames as they are given, and reads what comes."""

    def __init__(self, target=None, shape=SHAPE):
        self.target = target or target_of()
        self.device = VirtualDevice(self.target.tables, self.target.program, shape)
        self.line = VirtualLine(self.device)

    def send(self, kind, payload=b"", *, sequence=1):
        self.line.write(encode_frame(Frame(kind=kind, sequence=sequence, payload=payload)))
        return self.receive()

    def receive(self):
        """The answer, or None: its status and what follows."""
        frames = FrameReader(1024).feed(self.line.read(1.0))
        if not frames:
            return None
        assert frames[0].kind & ANSWER
        return frames[0].payload[0], frames[0].payload[1:]

    def sync(self):
        assert self.send(Kind.SYNC, b"abcd", sequence=0)[0] == Status.DONE

    def register(self, name, description=ENGINE_MAP, base=0, *, sequence):
        at = base + description.find(name).at
        status, payload = self.send(Kind.READ, numbers(at, 4, 1), sequence=sequence)
        assert status == Status.DONE
        return int.from_bytes(payload, "little")


def numbers(address, *others):
    return address.to_bytes(4, "little") + b"".join(n.to_bytes(2, "little") for n in others)


def words(*values):
    return b"".join(value.to_bytes(4, "little") for value in values)


def test_sync_tells_version_and_payload():
    host = Host()
    status, payload = host.send(Kind.SYNC, b"\1\2\3\4", sequence=200)
    assert (status, payload) == (Status.DONE, b"\1\2\3\4\1\0\0\1")
    assert host.send(Kind.ECHO, b"x", sequence=201) == (Status.DONE, b"x")


def test_sequence_numbers():
    host = Host()
    host.sync()
    put = b"\5" * 10
    assert host.send(Kind.PUT, put) == (Status.DONE, (1024 - 10).to_bytes(2, "little"))
    # Repeated: answered in the same words, and not done again.
    assert host.send(Kind.PUT, put) == (Status.DONE, (1024 - 10).to_bytes(2, "little"))
    assert len(host.device.engine.waiting) == 10
    assert host.send(Kind.PUT, put, sequence=3) == (Status.SEQUENCE, b"")
    assert host.send(Kind.PUT, put, sequence=2) == (Status.DONE, (1024 - 20).to_bytes(2, "little"))


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        (99, b"", (Status.KIND, b"")),
        (Kind.SYNC, b"abc", (Status.LENGTH, b"")),
        (Kind.READ, b"", (Status.LENGTH, b"")),
        (Kind.READ, numbers(0, 4, 64), (Status.LENGTH, b"")),
        (Kind.READ, numbers(0x40, 0, 2), (Status.DONE, bytes(8))),
        (Kind.READ, numbers(0, 0, 1), (Status.DONE, words(MAGIC))),
        (Kind.READ, numbers(LINK_BASE, 0, 1), (Status.DONE, words(LINK_MAGIC))),
        (Kind.READ, numbers(0x8000, 4, 1), (Status.ADDRESS, b"")),
        (Kind.READ, numbers(0x4000, 4, 1), (Status.ADDRESS, b"")),
        (Kind.READ, numbers(0x42, 4, 1), (Status.ADDRESS, b"")),
        (Kind.READ, numbers(0x10040, 4, 1), (Status.ADDRESS, b"")),
        (Kind.WRITE, numbers(0x41, 4) + words(1), (Status.ADDRESS, b"\0\0")),
        (Kind.WRITE, numbers(0x40, 4) + b"abc", (Status.LENGTH, b"")),
        (Kind.WRITE, numbers(0x40, 0) + words(1, 2), (Status.DONE, b"\2\0")),
        (Kind.WRITE, numbers(0xF00, 4) + words(1), (Status.ADDRESS, b"\0\0")),
        (Kind.GET, b"\1", (Status.LENGTH, b"")),
        (Kind.GET, b"\100\0", (Status.LENGTH, b"")),
        (Kind.GET, b"\77\0", (Status.DONE, b"")),
        (Kind.ECHO, bytes(255), (Status.DONE, bytes(255))),
        (Kind.ECHO, bytes(256), (Status.LENGTH, b"")),
        (Kind.PATTERN, words(77) + b"\xff\0", (Status.DONE, pattern(77, 255))),
        (Kind.PATTERN, words(77) + b"\0\1", (Status.LENGTH, b"")),
    ],
)
def test_requests(kind, payload, expected):
    host = Host()
    host.sync()
    assert host.send(kind, payload) == expected


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversations(name):
    """Those of docs/link.md, as the dispatcher has them, too."""
    shape = dataclasses.replace(
        SHAPE,
        payload_max=conversations.PAYLOAD_MAX,
        image_bytes=conversations.IMAGE_BYTES,
        results=conversations.RESULTS,
    )
    host, last = Host(shape=shape), None
    for asked in CONVERSATIONS[name]:
        request = Frame(kind=asked.kind, sequence=asked.number, payload=asked.payload)
        host.line.write(encode_frame(request))
        (frame,) = FrameReader(1024).feed(host.line.read(1.0))
        if asked.status is None:
            assert frame == last, asked
            continue
        payload = bytes([asked.status]) + asked.answer
        expected = Frame(kind=asked.kind | ANSWER, sequence=asked.number, payload=payload)
        assert frame == expected, asked
        last = last if asked.status == Status.SEQUENCE else frame


def test_no_room():
    host = Host(shape=dataclasses.replace(SHAPE, image_bytes=64))
    host.sync()
    assert host.send(Kind.PUT, bytes(65)) == (Status.NO_ROOM, b"\100\0")
    assert host.send(Kind.PUT, bytes(64), sequence=2) == (Status.DONE, b"\0\0")


def test_reading_ends_where_there_is_nothing():
    host = Host()
    host.sync()
    end = ENGINE_MAP.registers[-1].end
    status, payload = host.send(Kind.READ, numbers(end - 8, 4, 3))
    assert (status, len(payload)) == (Status.ADDRESS, 8)
    error = host.register("error", sequence=2)
    assert error & 0xFFFF == Error.ADDRESS << 8 | 1


@pytest.mark.parametrize("damage", ["check", "long"])
def test_damage_is_dropped_until_silence(damage):
    host = Host()
    host.sync()
    frame = bytearray(encode_frame(Frame(kind=Kind.ECHO, sequence=1, payload=b"abc")))
    if damage == "check":
        frame[-1] ^= 1
    else:
        frame[4] = 2  # 515 bytes
    host.line.write(bytes(frame))
    assert host.line.read(IDLE / 2) == b""
    assert host.send(Kind.ECHO, b"abc") is None
    assert host.send(Kind.ECHO, b"abc") == (Status.DONE, b"abc")
    assert host.register("damaged", LINK_MAP, LINK_BASE, sequence=2) == 1


def test_silence_drops_what_has_begun():
    host = Host()
    host.sync()
    frame = encode_frame(Frame(kind=Kind.ECHO, sequence=1, payload=b"abc"))
    host.line.write(frame[:7])
    host.line.read(IDLE * 1.1)
    assert host.send(Kind.ECHO, b"abc") == (Status.DONE, b"abc")
    assert host.register("silences", LINK_MAP, LINK_BASE, sequence=2) == 1


def test_bytes_during_an_answer_are_ignored():
    host = Host()
    host.sync()
    frame = encode_frame(Frame(kind=Kind.ECHO, sequence=1, payload=b"abc"))
    host.line.write(frame + encode_frame(Frame(kind=Kind.ECHO, sequence=2, payload=b"x")))
    assert host.receive() == (Status.DONE, b"abc")
    assert host.line.read(0.1) == b""
    assert host.register("ignored", LINK_MAP, LINK_BASE, sequence=2) == 10


def test_an_image():
    host = Host()
    host.sync()
    image = images_of(host.target, 1)
    data = host.target.bytes_of(image)
    host.send(Kind.WRITE, numbers(0x44, 4) + words(1))
    assert host.send(Kind.PUT, data, sequence=2)[0] == Status.DONE
    host.line.read(0.001)
    _, payload = host.send(Kind.GET, b"\10\0", sequence=3)
    values = np.frombuffer(payload, "<i2")[::2]
    assert (values == golden(host.target, image)[0]).all()
    assert payload[3::4] == b"\0\0\0\x80"


def test_registers_answer():
    host = Host(target_of(loadable=True))
    host.sync()
    host.send(Kind.WRITE, numbers(0x44, 4) + words(0x40))
    assert host.register("status", sequence=2) == 0b10010
    host.send(Kind.WRITE, numbers(0x5C, 0) + words(1), sequence=3)
    assert host.register("error", sequence=4) == Error.LOAD_MAGIC << 8 | 1
    assert host.register("load_count", sequence=5) == 1
    assert host.register("status", sequence=6) == 0b00010


def test_tables_that_nobody_gave_it():
    target = target_of(loadable=True)
    other = type(target).of(target_of(0.9).tables, shape=target.program.shape)
    host = Host(target)
    engine = host.device.engine
    engine.registers.write(0x44, 0x40)
    for at in range(0, len(other.load_image), 4):
        word = int.from_bytes(other.load_image[at : at + 4], "little")
        engine.registers.write(0x5C, word)
    assert engine.loaded
    assert engine.registers.read(0x20) == int(other.tables.sha256[:8], 16)
    engine.registers.write(0x44, 1)
    engine.advance(10)
    assert engine.registers.read(0x48) & 0b111 == 0b100  # refused
    assert engine.registers.read(0x4C) == Error.STEP_KIND << 8 | 1


@pytest.mark.parametrize("loadable", [False, True])
def test_read_back(loadable):
    target = target_of(tiles=2, loadable=loadable)
    engine = Host(target).device.engine
    if loadable:
        engine.registers.write(0x44, 0x40)
        for at in range(0, len(target.load_image), 4):
            engine.registers.write(0x5C, int.from_bytes(target.load_image[at : at + 4], "little"))
    for memory in read_backs(target.program):
        engine.registers.write(0x64, memory.memory)
        engine.registers.write(0x68, memory.first)
        engine.registers.write(0x6C, memory.parts)
        engine.registers.write(0x44, 0x80)
        assert engine.registers.read(0x70) == memory.crc
        assert engine.registers.read(0x74) == memory.word
    engine.registers.write(0x6C, 1 << 20)
    engine.registers.write(0x44, 0x80)
    assert engine.registers.read(0x4C) == Error.READ_BACK << 8 | 1


def test_hard_reset():
    host = Host()
    host.sync()
    host.send(Kind.WRITE, numbers(0x40, 4) + words(7))
    host.send(Kind.PUT, bytes(10), sequence=2)
    host.device.hard_reset()
    for number in (0, 1, 3):
        assert host.send(Kind.ECHO, b"", sequence=number) == (Status.SEQUENCE, b"")
    host.sync()
    assert host.register("scratch", sequence=1) == 0
    assert not host.device.engine.waiting
    assert host.device.engine.registers.read(ENGINE_MAP.find(COUNTERS[0]).at) == 0
