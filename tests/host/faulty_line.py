"""A line to a virtual device that damages what goes over it, by a seed."""

import random

from cosim.virtual.line import VirtualLine

KINDS = (
    "flip",
    "lose",
    "double",
    "insert",
    "truncate",
    "silence",
    "reset",
    "garbage",
    "answer flip",
    "answer lose",
    "answer double",
    "answer insert",
    "answer lost",
    "answer garbage",
    "answer late",
    "answer twice",
)


class FaultyLine:
    """A transport with faults of one kind.

    Parameters
    ----------
    device
        The virtual device.
    kind
        One of ``KINDS``.
    seed
        Of the places.
    share
        Of the writes, or reads, that are damaged.
    """

    def __init__(self, device, kind, seed, share=0.1):
        self.line = VirtualLine(device)
        self.device = device
        self.kind = kind
        self.random = random.Random(seed)
        self.share = share
        self.faults = 0
        self.resets = 0
        self.held = b""

    def write(self, data):
        answers = self.kind.startswith("answer")
        if answers or self.random.random() >= self.share:
            self.line.write(data)
            return
        self.faults += 1
        at = self.random.randrange(len(data))
        if self.kind == "truncate":
            self.line.write(data[:at])
        elif self.kind == "silence":
            self.line.write(data[:at])
            self.line.read(self.random.uniform(0.5, 3) * 0.02)
            self.line.write(data[at:])
        elif self.kind == "reset":
            self.line.write(data[:at])
            self.device.hard_reset()
            self.resets += 1
            self.line.write(data[at:])
        elif self.kind == "garbage":
            self.line.write(self.random.randbytes(self.random.randrange(1, 400)) + data)
        else:
            self.line.write(self.damaged(data))

    def read(self, seconds):
        data = self.line.read(seconds)
        if self.held and data:  # what is late comes in front of the next answer
            data, self.held = self.held + data, b""
        if not data or not self.kind.startswith("answer") or self.random.random() >= self.share:
            return data
        self.faults += 1
        kind = self.kind.removeprefix("answer ")
        if kind == "lost":
            return b""
        if kind in ("late", "twice"):
            self.held = data
            return data if kind == "twice" else b""
        if kind == "garbage":
            return self.random.randbytes(self.random.randrange(1, 2000))
        return self.damaged(data)

    def damaged(self, data):
        kind = self.kind.removeprefix("answer ")
        at = self.random.randrange(len(data))
        byte = data[at : at + 1]
        if kind == "flip":
            byte = bytes([byte[0] ^ 1 << self.random.randrange(8)])
        elif kind == "lose":
            byte = b""
        elif kind == "double":
            byte *= 2
        elif kind == "insert":
            byte = bytes([self.random.choice((0x7E, 0, 0xFF, self.random.randrange(256)))]) + byte
        return data[:at] + byte + data[at + 1 :]

    def seconds(self):
        return self.line.seconds()

    def close(self):
        self.line.close()
