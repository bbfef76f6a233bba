"""A device in Python, byte by byte: frames in, frames out, an engine behind them."""

import zlib
from collections.abc import Mapping, Sequence

from arch.link_frame import (
    ANSWER,
    HEADER_BYTES,
    LINK_VERSION,
    OVERHEAD_BYTES,
    START,
    Frame,
    FrameReader,
    Kind,
    Status,
    encode_frame,
    pattern,
)
from arch.link_registers import LINK_BASE, LINK_MAP, TRACE_BASE
from arch.link_shape import LinkShape
from arch.network_program import NetworkProgram
from arch.tables import MappingTables
from cosim.virtual.engine import VirtualEngine, VirtualWatch
from cosim.virtual.network import VirtualProbe
from cosim.virtual.registers import VirtualRegisters

__all__ = ["VirtualDevice"]

_COUNTERS = ("frames", "repeats", "damaged", "silences", "bad_stops", "ignored")
_WORD = 4


class VirtualDevice:
    """A device that takes bytes and gives bytes.

    Parameters
    ----------
    tables : MappingTables
        What its engine holds or can be given.
    program : NetworkProgram
        Made from them.
    shape : LinkShape
        Its link.
    others
        As of :class:`cosim.virtual.engine.VirtualEngine`.
    """

    def __init__(
        self,
        tables: MappingTables,
        program: NetworkProgram,
        shape: LinkShape,
        others: Sequence[tuple[MappingTables, NetworkProgram]] = (),
    ) -> None:
        self.shape = shape
        self.engine = VirtualEngine(tables, program, others)
        self.engine.results_max = shape.results
        self._registers = VirtualRegisters(
            LINK_MAP,
            constants={
                "features": {"probe": shape.probe, "payload_max": shape.payload_max},
                "clock": {"hertz": shape.clock_hz},
                "wire": {"divisor": shape.divisor, "idle_bits": shape.idle_bits},
                "build": {"value": shape.build},
                "buffers": {"image_bytes": shape.image_bytes, "results": shape.results},
            },
            state=self._state,
            act=self._act,
        )
        self._cycle = 0
        self.hard_reset()

    def hard_reset(self) -> None:
        """As after power on."""
        self._reader = FrameReader(self.shape.payload_max)
        self._counts = dict.fromkeys(_COUNTERS, 0)
        self._sequence: int | None = None  # nothing but SYNC is done before the first
        self._answer = b""
        self._held = False
        self._registers.reset()
        self._seen = VirtualProbe(values=None, results=None)
        self.engine.watch = VirtualWatch()
        self.engine.hard_reset()
        self.engine.waiting.clear()
        self.engine.results.clear()
        self._since = self._cycle

    def advance(self, cycle: int) -> None:
        """Let the engine work until a cycle of the clock."""
        self._cycle = max(cycle, self._cycle)
        self.engine.advance(self._cycle - self._since)

    def silence(self) -> None:
        """The line was silent for ``idle_bits``."""
        if self._held:
            self._counts["silences"] += 1
        self._held = False
        self._reader.silence()

    def take(self, data: bytes) -> tuple[int, bytes]:
        """Take bytes up to the end of the first frame: how many, and the answer, if it has one.

        What comes while an answer is sent is for :meth:`ignore`.
        """
        at = 0
        while at < len(data):
            # A frame that comes whole is taken whole, all else byte by byte: the same, but slower.
            size = 1 if self._held else max(1, _frame_size(data[at : at + HEADER_BYTES]))
            piece = data[at : at + size] if at + size <= len(data) else data[at : at + 1]
            before = self._reader.damaged
            frames = self._reader.feed(piece)
            lost = self._reader.damaged - before
            self._counts["damaged"] += lost
            self._held = not frames and not lost and (self._held or piece[0] == START)
            at += len(piece)
            if frames:
                return at, self._respond(frames[0])
        return len(data), b""

    def ignore(self, count: int) -> None:
        """So many bytes came while a request was answered; until the line is silent all is lost."""
        if count:
            self._counts["ignored"] += count
            self._reader.drop()
            self._held = False

    def _respond(self, frame: Frame) -> bytes:
        if frame.kind == Kind.SYNC:
            self._sequence = frame.sequence
            return self._send(frame, *self._do(frame))
        if frame.sequence == self._sequence:
            self._counts["repeats"] += 1
            self._counts["frames"] += 1
            return self._answer
        if self._sequence is None or frame.sequence != (self._sequence + 1) % 256:
            return self._send(frame, Status.SEQUENCE, b"", keep=False)
        self._sequence = frame.sequence
        return self._send(frame, *self._do(frame))

    def _send(self, frame: Frame, status: Status, payload: bytes, *, keep: bool = True) -> bytes:
        answer = Frame(
            kind=frame.kind | ANSWER, sequence=frame.sequence, payload=bytes([status]) + payload
        )
        data = encode_frame(answer)
        self._counts["frames"] += 1
        if keep:
            self._answer = data
        return data

    def _do(self, frame: Frame) -> tuple[Status, bytes]:
        payload = frame.payload
        actions = {
            Kind.SYNC: self._sync,
            Kind.READ: self._read,
            Kind.WRITE: self._write,
            Kind.PUT: self._put,
            Kind.GET: self._get,
            Kind.ECHO: self._echo,
            Kind.PATTERN: self._pattern,
        }
        if frame.kind not in actions:
            return Status.KIND, b""
        return actions[Kind(frame.kind)](payload)

    def _sync(self, payload: bytes) -> tuple[Status, bytes]:
        if len(payload) != 4:
            return Status.LENGTH, b""
        return Status.DONE, payload + _u16(LINK_VERSION) + _u16(self.shape.payload_max)

    def _read(self, payload: bytes) -> tuple[Status, bytes]:
        if len(payload) != 8:
            return Status.LENGTH, b""
        address, step, count = _number(payload[:4]), _number(payload[4:6]), _number(payload[6:])
        if 1 + count * _WORD > self.shape.payload_max:
            return Status.LENGTH, b""
        words = b""
        for place in range(count):
            word = self._read_word(address + place * step)
            if word is None:
                return Status.ADDRESS, words
            words += word.to_bytes(_WORD, "little")
        return Status.DONE, words

    def _write(self, payload: bytes) -> tuple[Status, bytes]:
        if len(payload) < 6 or (len(payload) - 6) % _WORD:
            return Status.LENGTH, b""
        address, step = _number(payload[:4]), _number(payload[4:6])
        count = (len(payload) - 6) // _WORD
        for place in range(count):
            at = 6 + place * _WORD
            if not self._write_word(address + place * step, _number(payload[at : at + _WORD])):
                return Status.ADDRESS, _u16(place)
        return Status.DONE, _u16(count)

    def _put(self, payload: bytes) -> tuple[Status, bytes]:
        if len(payload) > self._room:
            return Status.NO_ROOM, _u16(self._room)
        self.engine.waiting += payload
        return Status.DONE, _u16(self._room)

    def _get(self, payload: bytes) -> tuple[Status, bytes]:
        most = _number(payload)
        if len(payload) != 2 or 1 + most * _WORD > self.shape.payload_max:
            return Status.LENGTH, b""
        results = self.engine.results
        words = [results.popleft() for _ in range(min(most, len(results)))]
        return Status.DONE, b"".join(word.to_bytes(_WORD, "little") for word in words)

    def _echo(self, payload: bytes) -> tuple[Status, bytes]:
        if 1 + len(payload) > self.shape.payload_max:
            return Status.LENGTH, b""
        return Status.DONE, payload

    def _pattern(self, payload: bytes) -> tuple[Status, bytes]:
        if len(payload) != 6 or 1 + _number(payload[4:]) > self.shape.payload_max:
            return Status.LENGTH, b""
        return Status.DONE, pattern(_number(payload[:4]), _number(payload[4:]))

    @property
    def _room(self) -> int:
        return self.shape.image_bytes - len(self.engine.waiting)

    def _read_word(self, address: int) -> int | None:
        if address % _WORD:
            return None
        if address < LINK_BASE:
            word = self.engine.registers.read(address)
            if word is None:
                self.engine.access_fault()
            return word
        return self._registers.read(address - LINK_BASE) if address < TRACE_BASE else None

    def _write_word(self, address: int, word: int) -> bool:
        if address % _WORD:
            return False
        if address < LINK_BASE:
            there = self.engine.registers.write(address, word)
            if not there:
                self.engine.access_fault()
            return there
        return address < TRACE_BASE and self._registers.write(address - LINK_BASE, word)

    def _state(self, name: str, number: int) -> Mapping[str, int]:
        if name.startswith("probe_"):
            return self._probe_state(name, number) if self.shape.probe else {}
        if name == "status":
            return {"room": self._room, "results": len(self.engine.results)}
        return {"value": self._counts.get(name, 0)}

    def _probe_state(self, name: str, number: int) -> Mapping[str, int]:
        watch, select = self.engine.watch, self._registers.setting
        if watch.ended and watch.network is not None:
            self._seen = watch.network.probe(
                watch.image,
                step=select("probe_select", "step"),
                tile=select("probe_select", "tile"),
                ou=select("probe_ou", "number"),
            )
            self.engine.watch = VirtualWatch()
        values, results = self._seen.values, self._seen.results
        if name == "probe_status":
            return {"ou": int(values is not None), "step": int(results is not None)}
        if name == "probe_results":
            return {"value": 0 if results is None else len(results)}
        if name == "probe_check":
            data = b"" if results is None else results.astype("<i4").tobytes()
            return {"value": zlib.crc32(data)}
        if name == "probe_value" and values is not None and number < len(values):
            return {"value": int(values[number]) & 0xFFFF_FFFF}
        return {}

    def _act(self, name: str, written: Mapping[str, int]) -> None:
        if name == "control" and "flush" in written:
            self.engine.waiting.clear()
            self.engine.results.clear()
        if name == "probe_control" and self.shape.probe:
            self.engine.watch = VirtualWatch(armed=True)
            self._seen = VirtualProbe(values=None, results=None)
        if name == "control" and "clear" in written:
            self._counts = dict.fromkeys(_COUNTERS, 0)


def _frame_size(head: bytes) -> int:
    """Bytes of the frame that begins so; 0 if none does."""
    if len(head) < HEADER_BYTES or head[0] != START:
        return 0
    return _number(head[3:]) + OVERHEAD_BYTES


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "little")
