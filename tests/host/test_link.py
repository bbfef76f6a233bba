"""Link: requests, repeats, and what it says when there is nobody."""

import pytest

from arch.link_frame import ANSWER, Frame, FrameReader, Kind, Status, encode_frame
from host.errors import DeviceError, DeviceWasReset, NoAnswer
from host.link import Link
from tests.host.small_device import SHAPE, device_of, target_of


class Scripted:
    """A line on which each request is answered by a function."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.waiting = []
        self.now = 0.0

    def write(self, data):
        (frame,) = FrameReader(1024).feed(data)
        self.requests.append(frame)
        self.waiting += [answer for answer in self.answer(frame) if answer]

    def read(self, seconds):
        self.now += min(seconds, 0.001) if self.waiting else seconds
        return self.waiting.pop(0) if self.waiting else b""

    def seconds(self):
        return self.now

    def close(self):
        pass


def answer(frame, payload, *, sequence=None, kind=None):
    return encode_frame(
        Frame(
            kind=(frame.kind if kind is None else kind) | ANSWER,
            sequence=frame.sequence if sequence is None else sequence,
            payload=payload,
        )
    )


def sync(frame, *, version=1, payload_max=256, nonce=None):
    payload = b"\0" + (nonce or frame.payload)
    return answer(
        frame, payload + version.to_bytes(2, "little") + payload_max.to_bytes(2, "little")
    )


def synced(then):
    """A link that begins a conversation, then answers as ``then`` says."""
    line = Scripted(lambda f: [sync(f)] if f.kind == Kind.SYNC else then(f))
    return Link(line, SHAPE, seed=1, repeats=2), line


def test_numbers_follow():
    link, line = synced(lambda f: [answer(f, b"\0")])
    for _ in range(600):
        link.request(Kind.ECHO)
    numbers = [frame.sequence for frame in line.requests]
    assert numbers == [number % 256 for number in range(601)]
    assert link.counts.syncs == 1
    assert link.counts.repeats == 0


def test_other_frames_are_passed_over():
    def then(frame):
        late = answer(frame, b"\0late", sequence=frame.sequence - 1)
        other = answer(frame, b"\0other", kind=Kind.READ)
        empty = answer(frame, b"")
        return [b"noise", late + other + empty, answer(frame, b"\0right")]

    link, _ = synced(then)
    assert link.request(Kind.ECHO).payload == b"right"
    assert link.counts.passed_over == 3


def test_damaged_answer_is_asked_for_again_after_silence():
    tries = []

    def then(frame):
        tries.append(frame)
        whole = answer(frame, b"\0abc")
        return [whole[:-1] + bytes([whole[-1] ^ 1])] if len(tries) == 1 else [whole]

    link, line = synced(then)
    began = line.now
    assert link.request(Kind.ECHO).payload == b"abc"
    assert tries[0] == tries[1]
    assert link.counts.damaged == link.counts.repeats == 1
    assert line.now - began > SHAPE.idle_bits / SHAPE.baud


def test_nobody_there_is_said_once():
    link = Link(Scripted(lambda f: []), SHAPE, repeats=2)
    with pytest.raises(NoAnswer, match=r"does not answer \(tried 3 times, nothing at all came\)"):
        link.sync()


def test_noise_is_no_device():
    link = Link(Scripted(lambda f: [b"\x7e\xff\xff\xff\xff" * 9]), SHAPE, repeats=1)
    with pytest.raises(NoAnswer, match=r"what came was no answer\): is the baud rate 1000000"):
        link.sync()


def test_another_answer_to_sync_is_not_ours():
    link = Link(Scripted(lambda f: [sync(f, nonce=b"\1\2\3\4")]), SHAPE, repeats=1)
    with pytest.raises(NoAnswer):
        link.sync()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"version": 2}, "speaks version 2 of the link, this driver 1"),
        ({"payload_max": 0}, "states a longest payload of 0 bytes"),
        ({"payload_max": 65535}, "states a longest payload of 65535 bytes"),
    ],
)
def test_device_of_another_kind(fields, message):
    link = Link(Scripted(lambda f: [sync(f, **fields)]), SHAPE, repeats=1)
    with pytest.raises(DeviceError, match=message):
        link.sync()


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (Status.SEQUENCE, DeviceWasReset, "has forgotten the conversation"),
        (Status.KIND, DeviceError, r"refuses a ECHO request \(KIND\)"),
        (Status.LENGTH, DeviceError, r"refuses a ECHO request \(LENGTH\)"),
        (99, DeviceError, "answers with status 99"),
    ],
)
def test_refusals(status, error, message):
    link, _ = synced(lambda f: [answer(f, bytes([status]))])
    with pytest.raises(error, match=message):
        link.request(Kind.ECHO)


def test_goes_on_after_giving_up():
    silent = []
    link, _ = synced(lambda f: silent or [answer(f, b"\0")])
    link.request(Kind.ECHO)
    silent.append(b"")
    with pytest.raises(NoAnswer, match="answers no more"):
        link.request(Kind.ECHO)
    silent.clear()
    assert link.request(Kind.ECHO).status == Status.DONE
    assert link.counts.syncs == 2


def test_wrong_arguments():
    for fields in ({"timeout": 0.0}, {"repeats": -1}):
        with pytest.raises(ValueError, match="timeout must be positive and repeats at least 0"):
            Link(Scripted(lambda f: []), SHAPE, **fields)
    link, _ = synced(lambda f: [answer(f, b"\0")])
    with pytest.raises(ValueError, match="a payload of 257 bytes is too long"):
        link.request(Kind.ECHO, bytes(257))


def test_a_reset_never_goes_unnoticed():
    device = device_of(target_of())
    for requests in range(1, 300, 7):
        device.link.sync()
        for _ in range(requests):
            device.echo(b"x")
        device.link.transport.device.hard_reset()
        with pytest.raises(DeviceWasReset):
            device.echo(b"x")
