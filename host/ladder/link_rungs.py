"""The first rungs: registers and the link."""

import random

from arch.engine_error import Error
from arch.link_frame import START, Kind, Status, pattern
from arch.register import WORD_BITS
from arch.registers import ADDRESS_BITS
from host.device import Device
from host.ladder.rung import Bench, Failed, Rung

__all__ = ["LOOPBACK", "REGISTERS"]

_ONES = (1 << WORD_BITS) - 1
_MARK = 0x5AC3_96F0
_SEED = 0x0BADCAFE
_ROUNDS = 8
_WORST = 10
"""A request in so many that is repeated is too many."""


def _registers(bench: Bench) -> list[str]:
    device = bench.device
    identity = device.identify()
    walk = [1 << bit for bit in range(WORD_BITS)]
    values = [0, _ONES, *walk, *(_ONES ^ one for one in walk), 0x5555_5555, 0xAAAA_AAAA]
    for done, value in enumerate(values):
        device.engine.write("scratch", value=value)
        seen = device.engine.value("scratch")
        if seen != value:
            raise Failed(
                f"scratch reads {seen:#010x} after {value:#010x} was written",
                means="bits of the bus are stuck or swapped: the design was built wrong, or timing "
                "does not hold",
                look="the timing report of place and route; a lower clock",
            )
        bench.progress(done + 1, len(values))
    aliases = _aliases(device)
    version = identity.engine["version"]
    return [
        (
            f"engine {version['major']}.{version['minor']}, link "
            f"{identity.link['version']['major']}.{identity.link['version']['minor']}, build "
            f"{identity.link['build']['value']:08x}, {identity.link['clock']['hertz'] / 1e6:g} MHz"
        ),
        f"{len(values)} values through scratch, no alias at {aliases} addresses",
    ]


def _aliases(device: Device) -> int:
    """Look for the scratch register at every address that differs in one bit; how many."""
    device.engine.write("scratch", value=_MARK)
    device.engine.write("error", flag=1)
    at = device.engine.address("scratch")
    others = [at ^ 1 << bit for bit in range(2, ADDRESS_BITS)]
    nothing = 0
    for other in others:
        answer = device.link.request(
            Kind.READ, other.to_bytes(4, "little") + (4).to_bytes(2, "little") + b"\x01\x00"
        )
        nothing += answer.status == Status.ADDRESS
        if answer.payload == _MARK.to_bytes(4, "little"):
            raise Failed(
                f"address {other:#05x} reads as the scratch register at {at:#05x}",
                means="an address line is stuck or missing",
                look="the build: configure the device with another bitstream of the same tables",
            )
    code = device.engine.fields("error")
    device.engine.write("error", flag=1)
    if nothing and (not code["flag"] or code["code"] != Error.ADDRESS):
        raise Failed(
            f"error reads {code} after {nothing} accesses where no register is",
            means="the error path of the bus does not work",
            look="docs/registers.md, error; whether the bitstream is of this version",
        )
    return len(others)


def _loopback(bench: Bench) -> list[str]:
    device, random_bytes = bench.device, random.Random(_SEED)
    device.link_registers.write("control", clear=1)
    before = (device.link.counts.requests, device.link.counts.repeats)
    longest = device.link.payload_max - 1
    every = bytes(range(256))
    sent = [b"", every[: min(256, longest)], bytes([START]) * longest, bytes(longest)]
    sent += [b"\xff" * longest, every[::-1][:longest]]
    sent += [random_bytes.randbytes(random_bytes.randint(1, longest)) for _ in range(_ROUNDS)]
    if longest < len(every):
        sent += [every[at : at + longest] for at in range(0, len(every), longest)]
    moved = 0
    for done, data in enumerate(sent):
        _same(device.echo(data), data, "ECHO")
        seed = random_bytes.getrandbits(WORD_BITS)
        _same(device.pattern(seed, longest), pattern(seed, longest), "PATTERN")
        moved += 2 * len(data) + longest
        bench.progress(done + 1, len(sent))
    counts, seen = device.link.counts, device.link_counters()
    requests, repeats = counts.requests - before[0], counts.repeats - before[1]
    wrong = {name: seen[name] for name in ("damaged", "silences", "bad_stops", "ignored")}
    told = ", ".join(f"{name} {count}" for name, count in wrong.items())
    if repeats * _WORST > requests:
        raise Failed(
            f"{repeats} of {requests} requests had to be repeated; the device counted {told}",
            means="the line is noisy, or the baud rates differ by some percent (bad_stops)",
            look="cable and ground; a bitstream with a lower baud rate; the clock that it states",
        )
    return [
        (
            f"{moved} bytes in {requests} requests of up to {device.link.payload_max} bytes, all "
            "byte values, both directions"
        ),
        f"{repeats} repeated; the device counted {told}",
    ]


def _same(seen: bytes, expected: bytes, what: str) -> None:
    if seen != expected:
        place = next(
            (at for at, pair in enumerate(zip(seen, expected, strict=False)) if pair[0] != pair[1]),
            min(len(seen), len(expected)),
        )
        raise Failed(
            f"{what} of {len(expected)} bytes gave {len(seen)}, the first wrong one at {place}",
            means="the buffer of the link does not hold what it should: the frame's own check was "
            "right",
            look="the timing report of place and route; on iCE40 whether block RAM was ready",
        )


REGISTERS = Rung(
    name="registers",
    title="magic and scratch walk",
    climb=_registers,
    means="the line does not work at all: wrong port, wrong baud rate, no bitstream, or a reset "
    "that is held",
    look="the LEDs of the board: idle must be on; then --port and --baud",
)
LOOPBACK = Rung(
    name="link",
    title="link loopback with a pattern generator",
    climb=_loopback,
    means="short frames pass and long ones do not: the baud rates differ, or the line is noisy",
    look="cable and ground; the baud rate in link.json",
)
