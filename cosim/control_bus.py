"""The control bus, driven from inside the simulator by the names of registers and fields."""

from typing import Any

from cocotb.triggers import RisingEdge, Timer

from arch.register import WORD_BITS
from arch.registers import find_register
from cosim.driver import CLOCK_NS

__all__ = ["BusError", "ControlBus"]


class BusError(Exception):
    """The device answered that there is nothing at an address."""


class ControlBus:
    """Accesses to registers, one at a time, while no run is going.

    Parameters
    ----------
    dut : cocotb handle
        A bench with a control bus.
    """

    def __init__(self, dut: Any) -> None:
        self._dut = dut

    async def read_word(self, at: int) -> int:
        """The word at a byte address; raises BusError if there is none."""
        await self._access(at, write=0, data=0)
        word: int = self._dut.access_read.value.to_unsigned()
        return word

    async def write_word(self, at: int, data: int) -> None:
        """Write a word; raises BusError if there is none."""
        await self._access(at, write=1, data=data)

    async def answers(self, at: int, *, write: bool) -> bool:
        """Whether there is anything at a byte address; a write is one of zero."""
        try:
            await self._access(at, write=int(write), data=0)
        except BusError:
            return False
        return True

    async def fields(self, name: str, number: int = 0) -> dict[str, int]:
        """All fields of a register, or of the one with that number in a row."""
        register = find_register(name)
        first = register.at + number * register.bits // 8
        word = 0
        for part in range(register.words):
            word |= await self.read_word(first + part * WORD_BITS // 8) << part * WORD_BITS
        return {f.name: word >> f.low & ((1 << f.bits) - 1) for f in register.fields}

    async def write(self, name: str, **values: int) -> None:
        """Write a register of one word; fields that are not named become zero."""
        register = find_register(name)
        low = {field.name: field.low for field in register.fields}
        await self.write_word(register.at, sum(v << low[field] for field, v in values.items()))

    async def _access(self, at: int, *, write: int, data: int) -> None:
        dut = self._dut
        dut.burst.value = 0
        dut.access_at.value = at
        dut.access_write.value = write
        dut.access_data.value = data
        dut.access.value = 1
        await RisingEdge(dut.accessed)
        refused = bool(dut.refused.value)
        dut.access.value = 0
        await Timer(2 * CLOCK_NS, "ns")  # until the bench has seen it
        if refused:
            raise BusError(f"nothing answers at {at:#x}")
