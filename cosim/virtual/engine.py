"""The network engine of a virtual device: the golden model behind the registers of a real one."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arch.engine_error import Error
from arch.identity import expected_identity
from arch.load_image import load_image, sections
from arch.network_program import NetworkProgram
from arch.registers import COUNTERS, ENGINE_MAP, hash_words
from arch.shape_record import shape_identity
from arch.tables import MappingTables
from cosim.virtual.load import VirtualLoader
from cosim.virtual.network import VirtualNetwork
from cosim.virtual.read_back import VirtualReadBack
from cosim.virtual.registers import VirtualRegisters

__all__ = ["VirtualEngine", "VirtualWatch"]


@dataclass(kw_only=True)
class VirtualWatch:
    """What the probe of a device looks at.

    Parameters
    ----------
    armed : bool
        The image that begins next is looked at.
    network : VirtualNetwork or None
        What computes the image that is looked at; None if there is none.
    image : bytes
        That image.
    ended : bool
        It has ended.
    """

    armed: bool = False
    network: VirtualNetwork | None = None
    image: bytes = b""
    ended: bool = False


class VirtualEngine:
    """A network engine at the level of bytes and registers.

    An image takes the cycles of :mod:`arch.network_cycles`, and those in which the engine waits
    for it; the counters tell them apart as those of the hardware do.

    Parameters
    ----------
    tables : MappingTables
        What it holds, or for an engine that loads its tables, what it can be given.
    program : NetworkProgram
        Made from them, for this engine.
    others : sequence of tuple of (MappingTables, NetworkProgram)
        Further tables that it can be given; it accepts others but cannot compute with them.
    """

    def __init__(
        self,
        tables: MappingTables,
        program: NetworkProgram,
        others: Sequence[tuple[MappingTables, NetworkProgram]] = (),
    ) -> None:
        self._program = program
        self._shape = program.shape
        self._loadable = program.shape.engine.loadable
        self._seen = VirtualReadBack()
        self._own = VirtualNetwork(tables, program)
        self._known = {}
        self._loader: VirtualLoader | None = None
        if self._loadable:
            self._known = {load_image(each): (t, each) for t, each in ((tables, program), *others)}
            self._loader = VirtualLoader(shape_identity(self._shape), sections(self._shape))
        self.registers = VirtualRegisters(
            ENGINE_MAP,
            constants=expected_identity(tables, program),
            state=self._state,
            act=self._act,
        )
        self.waiting = bytearray()
        self.results: deque[int] = deque()
        self.results_max = 1
        self._now = self._end = 0
        self._phase = "stopped"
        self._held = bytearray()
        self._pending: deque[int] = deque()
        self._wanted = self._refused = False
        self.watch = VirtualWatch()
        self.hard_reset()

    def hard_reset(self) -> None:
        """As after power on: nothing is loaded, every register is zero."""
        self._now = 0
        self._counters = dict.fromkeys(COUNTERS, 0)
        self._latched = dict.fromkeys(COUNTERS, 0)
        self._network: VirtualNetwork | None = None if self._loadable else self._own
        self._flag = self._code = self._error_step = self._image_event = 0
        if self._loader is not None:
            self._loader = VirtualLoader(shape_identity(self._shape), sections(self._shape))
        self.registers.reset()
        self._begin_anew()

    @property
    def loaded(self) -> bool:
        """Whether tables are there."""
        return self._loader is None or self._loader.loaded

    def advance(self, now: int) -> None:
        """Work until the cycle ``now``: take bytes of ``waiting``, give words to ``results``."""
        while self._now < now or self._phase == "work":
            if self._phase == "stopped":
                if not self._permitted():
                    self._idle("stopped", now)
                    return
                self._phase, self._wanted = "load", False
            elif self._phase == "load":
                if not self._take_bytes():
                    self._idle("load", now)
                    return
                self._phase = "work"
            elif self._phase == "work":
                if self._end > now:
                    return
                self._complete()
            else:
                while self._pending and len(self.results) < self.results_max:
                    self.results.append(self._pending.popleft())
                if self._pending:
                    self._idle("output", now)
                    return
                self._end_image()

    def access_fault(self) -> None:
        """The bus was used where no register is."""
        self._fail(Error.ADDRESS)

    def _permitted(self) -> bool:
        if not self.loaded or self._refused:
            return False
        if not (self._wanted or self.registers.setting("control", "enable")):
            return False
        if self._network is None:  # tables that it was not made with
            self._refused = True
            self._fail(Error.STEP_KIND)
        return not self._refused

    def _take_bytes(self) -> bool:
        """Take bytes of the image; whether it is complete."""
        network = self._network
        if network is None:
            return False
        missing = network.image_bytes - len(self._held)
        self._held += self.waiting[:missing]
        del self.waiting[:missing]
        if len(self._held) < network.image_bytes:
            return False
        image = bytes(self._held)
        self._image = network.run(image)
        if self.watch.armed:
            self.watch = VirtualWatch(network=network, image=image)
        self._end = self._now + self._image.cycles
        return True

    def _complete(self) -> None:
        self._now = self._end
        self.watch.ended = self.watch.network is not None
        self._count(self._image.counters)
        self._pending = deque(self._image.words)
        self._phase = "give"

    def _end_image(self) -> None:
        self._count({"images": 1})
        self._image_event = 1
        if self.registers.setting("control", "latch_images"):
            self._latched = dict(self._counters)
        self._phase, self._held = "stopped", bytearray()

    def _idle(self, cause: str, now: int) -> None:
        cycles = now - self._now
        self._count({"cycles": cycles, f"idle_{cause}": cycles * self._shape.engine.tiles})
        self._now = now

    def _count(self, grown: Mapping[str, int]) -> None:
        for name, count in grown.items():
            total = self._counters[name] + count
            self._counters[name] = total % (1 << self._shape.counter_bits)

    def _begin_anew(self) -> None:
        """Drop the image, as a reset of the engine does."""
        self._phase, self._end = "stopped", self._now
        self._held = bytearray()
        self._pending.clear()
        self._wanted = self._refused = False

    def _fail(self, error: Error) -> None:
        if not self._flag:
            self._flag, self._code, self._error_step = 1, int(error), 0

    def _act(self, name: str, written: Mapping[str, int]) -> None:
        if name == "control":
            self._control(written)
        elif name == "error":
            self._flag = 0
        elif name == "interrupt":
            self._image_event = 0
        elif name == "load_word" and self._loader is not None:
            error = self._loader.take(written["value"])
            if error != Error.NONE:
                self._fail(error)
            if self._loader.loaded:
                self._network = self._loaded_network()

    def _control(self, written: Mapping[str, int]) -> None:
        load = "load" in written and self._loader is not None
        if load and self._loader is not None:
            self._loader.begin()
            self._network = None
        if "reset" in written or load:
            self._begin_anew()
        elif "read_back" in written:
            self._begin_anew()
            self._read_back()
        if "latch" in written:
            self._latched = dict(self._counters)
        if "clear" in written:
            self._counters = dict.fromkeys(COUNTERS, 0)
        if "start" in written:
            self._wanted = True

    def _read_back(self) -> None:
        there = sections(self._shape)
        if self._loader is None:
            memories = {name: words for name, (_, words) in self._program.memories.items()}
        else:
            memories = {section.name: self._loader.memory(section.name) for section in there}
        asked = {
            name: self.registers.setting(f"read_back_{name}", "value")
            for name in ("memory", "first", "parts")
        }
        if not self._seen.read(there, memories, **asked):
            self._fail(Error.READ_BACK)

    def _loaded_network(self) -> VirtualNetwork | None:
        words = self._loader.words if self._loader else []
        found = self._known.get(b"".join(word.to_bytes(4, "little") for word in words))
        return VirtualNetwork(*found) if found else None

    def _state(self, name: str, number: int) -> Mapping[str, int]:
        if name in self._latched:
            return {"value": self._latched[name]}
        if name == "table_hash":
            if self._loader is not None:
                return {"value": self._loader.digest[number]}
            return {"value": hash_words(self._own.tables_sha256)[number]}
        if name == "status":
            busy = self._phase != "stopped"
            return {
                "busy": int(busy),
                "waiting": int(not busy and not self._refused),
                "refused": int(self._refused),
                "loaded": int(self.loaded),
                "loading": int(self._loader is not None and self._loader.loading),
            }
        if name == "error":
            return {"flag": self._flag, "code": self._code, "step": self._error_step}
        if name == "interrupt":
            return {"image": self._image_event, "error": self._flag}
        if name in ("read_back_crc", "read_back_word"):
            return {"value": getattr(self._seen, name.removeprefix("read_back_"))}
        if name == "load_count":
            return {"value": self._loader.count if self._loader else 0}
        return {}
