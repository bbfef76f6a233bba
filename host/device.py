"""A device behind a link: who it is, its tables, its images, its counters."""

from collections.abc import Callable
from dataclasses import dataclass

from arch.engine_error import Error
from arch.link_frame import Kind, Status
from arch.link_registers import LINK_BASE, LINK_MAGIC, LINK_MAP
from arch.registers import COUNTERS, ENGINE_MAP, MAGIC, VERSION
from host.errors import DeviceError
from host.link import Link
from host.register_file import RegisterFile, words_a_write, words_of, write_words
from host.target import Target

__all__ = ["Counters", "Device", "Identity", "Progress"]

Progress = Callable[[int, int], None]
"""Told how much of how much is done."""
Counters = dict[str, int]
"""Value of each of :data:`arch.registers.COUNTERS`."""
_READ_BACK_SECONDS = 60.0
_CONSTANTS = (
    "magic",
    "version",
    "capabilities",
    "crossbar",
    "operation_unit",
    "formats",
    "program",
    "memory",
    "shape",
)


def _nothing(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a device says of itself.

    Parameters
    ----------
    engine : dict of str to dict of str to int
        Fields of every constant register of the engine.
    link : dict of str to dict of str to int
        Likewise, of the link.
    table_hash : tuple of int
        Eight words; all zero while nothing is loaded.
    """

    engine: dict[str, dict[str, int]]
    link: dict[str, dict[str, int]]
    table_hash: tuple[int, ...]

    @property
    def loadable(self) -> bool:
        """Whether its tables are loaded at run time."""
        return bool(self.engine["capabilities"]["loadable"])

    @property
    def tables_sha256(self) -> str:
        """Hash of the tables that it holds, or nothing."""
        return "".join(f"{word:08x}" for word in self.table_hash) if any(self.table_hash) else ""


class Device:
    """A network engine behind a link.

    Every method may raise :exc:`host.errors.DeviceError`; what comes from the device is checked
    before it is used. After an error the device can be used again, see :meth:`recover`.

    Parameters
    ----------
    link : Link
        The way to it.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self.engine = RegisterFile(link, ENGINE_MAP, 0)
        self.link_registers = RegisterFile(link, LINK_MAP, LINK_BASE)

    def identify(self) -> Identity:
        """Read who the device is.

        Raises
        ------
        :exc:`host.errors.DeviceError`
            If it is no device of Ohmforge, or of another major version.
        """
        link = {name: self.link_registers.fields(name) for name in ("magic", "version")}
        if link["magic"]["value"] != LINK_MAGIC:
            raise DeviceError(
                f"the link reads {link['magic']['value']:#010x} where a link of Ohmforge has "
                f"{LINK_MAGIC:#010x}; configure the device with a bitstream of ohmforge"
            )
        engine = {name: self.engine.fields(name) for name in ("magic", "version")}
        if engine["magic"]["value"] != MAGIC:
            raise DeviceError(
                f"the engine reads {engine['magic']['value']:#010x} where one of Ohmforge has "
                f"{MAGIC:#010x}; configure the device with a bitstream of ohmforge"
            )
        for what, major, known in (
            ("engine", engine["version"]["major"], VERSION[0]),
            ("link", link["version"]["major"], LINK_MAP.version[0]),
        ):
            if major != known:
                raise DeviceError(
                    f"the registers of the {what} are of version {major}, this driver knows "
                    f"{known}; use the driver that the bitstream was made with"
                )
        engine |= {name: self.engine.fields(name) for name in _CONSTANTS[2:]}
        others = ("features", "clock", "wire", "build", "buffers", "trace_shape")
        link |= {name: self.link_registers.fields(name) for name in others}
        return Identity(
            engine=engine, link=link, table_hash=tuple(self.engine.values("table_hash"))
        )

    def check(self, target: Target, *, tables: bool = True) -> Identity:
        """Refuse a device that is not the one for ``target``.

        Parameters
        ----------
        tables : bool
            Whether it must hold the tables, too; they may be loaded afterwards.
        """
        identity = self.identify()
        target.check(identity.engine)
        if tables:
            status = self.engine.fields("status")
            if not status["loaded"]:
                raise DeviceError(
                    "the device holds no tables: load them first (ohmforge host load)"
                )
            target.check_hash(identity.table_hash)
        return identity

    def load(self, target: Target, progress: Progress = _nothing) -> None:
        """Load the tables of ``target``.

        Raises
        ------
        :exc:`host.errors.DeviceError`
            If the engine loads none, or refuses them; it then holds no tables.
        """
        if not target.loadable:
            raise DeviceError("the tables are baked into the device: it loads none")
        words = words_of(target.load_image)
        self.engine.write("error", flag=1)
        self.engine.write("control", load=1)
        at, most = self.engine.address("load_word"), words_a_write(self.link)
        for first in range(0, len(words), most):
            write_words(self.link, at, words[first : first + most], step=0)
            progress(min(first + most, len(words)), len(words))
        status, count = self.engine.fields("status"), self.engine.value("load_count")
        self._check_load(status, count, len(words))
        target.check_hash(self.engine.values("table_hash"))

    def _check_load(self, status: dict[str, int], count: int, words: int) -> None:
        if status["loaded"] and count == words:
            return
        error = self.error()
        if error:
            raise DeviceError(
                f"the device refuses the tables after {count} of {words} words: {error}"
            )
        raise DeviceError(
            f"the device took {count} of {words} words of the tables and waits for more; load again"
        )

    def error(self) -> str:
        """The first error since the flag was cleared: name, step and what it means; or nothing."""
        fields = self.engine.fields("error")
        if not fields["flag"]:
            return ""
        try:
            error = Error(fields["code"])
        except ValueError:
            return (
                f"error {fields['code']} in step {fields['step']}, which this driver does not know"
            )
        return f"{error.name} in step {fields['step']}: {error.text}"

    def recover(self) -> None:
        """Drop the image in work and all that waits, clear the error; tables stay."""
        self.engine.write("control", reset=1)
        self.link_registers.write("control", flush=1)
        self.engine.write("error", flag=1)
        self.engine.write("interrupt", image=1)
        waits = self.link_registers.fields("status")
        buffers = self.link_registers.fields("buffers")
        if waits["results"] or waits["room"] != buffers["image_bytes"]:
            raise DeviceError(
                f"the device keeps {waits['results']} results and has room for {waits['room']} of "
                f"{buffers['image_bytes']} bytes after a reset of the engine; configure it anew"
            )

    def counters(self, *, latch: bool = True) -> Counters:
        """The counters of the engine, all of the same cycle.

        Parameters
        ----------
        latch : bool
            Whether they are latched now; else they are those of the last image that ended.
        """
        if latch:
            kept = self.engine.fields("control")
            self.engine.write(
                "control", latch=1, enable=kept["enable"], latch_images=kept["latch_images"]
            )
        seen = self.engine.span(COUNTERS[0], COUNTERS[-1])
        return {name: seen[name][0] for name in COUNTERS}

    def link_counters(self) -> Counters:
        """The counters of the link."""
        seen = self.link_registers.span("frames", "ignored")
        return {name: values[0] for name, values in seen.items()}

    def put(self, data: bytes) -> tuple[bool, int]:
        """Give bytes of images; whether they were taken, and for how many there is room now."""
        answer = self.link.request(Kind.PUT, data)
        if answer.status not in (Status.DONE, Status.NO_ROOM) or len(answer.payload) != 2:
            raise DeviceError(f"the device answered {answer.status.name} to bytes of an image")
        return answer.status == Status.DONE, int.from_bytes(answer.payload, "little")

    def get(self, most: int) -> list[int]:
        """Take up to so many results, as words; see ``docs/link.md``."""
        most = min(most, (self.link.payload_max - 1) // 4)
        answer = self.link.request(Kind.GET, most.to_bytes(2, "little"))
        count, odd = divmod(len(answer.payload), 4)
        if answer.status != Status.DONE or odd or count > most:
            raise DeviceError(
                f"the device answered {answer.status.name} and {len(answer.payload)} bytes when "
                f"asked for {most} results"
            )
        return words_of(answer.payload)

    def read_back(self, *, memory: int, first: int, parts: int) -> tuple[int, int]:
        """CRC-32 and last part of what lies in a memory for tables; drops the image in work.

        Parameters
        ----------
        memory : int
            Place of the memory among the sections of a load image.
        first : int
            The word of the memory with which it begins.
        parts : int
            How many parts of 32 bits.
        """
        self.engine.write("error", flag=1)
        self.engine.write("read_back_memory", value=memory)
        self.engine.write("read_back_first", value=first)
        self.engine.write("read_back_parts", value=parts)
        self.engine.write("control", read_back=1)
        clock = self.link.transport.seconds
        end = clock() + _READ_BACK_SECONDS
        while self.engine.fields("status")["reading_back"]:
            if clock() > end:
                raise DeviceError(f"the read-back of memory {memory} does not end")
        if error := self.error():
            raise DeviceError(f"memory {memory} cannot be read back: {error}")
        return self.engine.value("read_back_crc"), self.engine.value("read_back_word")

    def echo(self, data: bytes) -> bytes:
        """What the device gives back of bytes."""
        return self.link.request(Kind.ECHO, data).payload

    def pattern(self, seed: int, count: int) -> bytes:
        """Bytes of the pattern generator of the device, see :func:`arch.link_frame.pattern`."""
        payload = seed.to_bytes(4, "little") + count.to_bytes(2, "little")
        return self.link.request(Kind.PATTERN, payload).payload

    def close(self) -> None:
        """Give the line back."""
        self.link.transport.close()
