"""Registers of a virtual device: what the bus of a real one does with an address map."""

from collections.abc import Callable, Mapping

from arch.register import WORD_BITS, Access, AddressMap, Register

__all__ = ["VirtualRegisters"]

_MASK = (1 << WORD_BITS) - 1

State = Callable[[str, int], Mapping[str, int]]
"""Fields of a register, by its name and number in a row, that the device sets."""
Act = Callable[[str, Mapping[str, int]], None]
"""What a write of a register does: told the pulses, words and events that were written as ones."""


class VirtualRegisters:
    """Words by their address.

    Parameters
    ----------
    description : AddressMap
        The registers.
    constants : mapping of str to mapping of str to int
        Fields by register that say what the device is; zero unless given.
    state : callable
        Gives the fields that the device sets, events included.
    act : callable
        Called when a register with pulses, words or events is written.
    """

    def __init__(
        self,
        description: AddressMap,
        *,
        constants: Mapping[str, Mapping[str, int]],
        state: State,
        act: Act,
    ) -> None:
        self._constants = constants
        self._state = state
        self._act = act
        self._settings: dict[tuple[str, str, int], int] = {}
        self._places: dict[int, tuple[Register, int, int]] = {}
        for register in description.registers:
            for number in range(register.count):
                for word in range(register.words):
                    at = register.at + (number * register.words + word) * WORD_BITS // 8
                    self._places[at] = (register, number, word)

    def reset(self) -> None:
        """Set every setting to zero."""
        self._settings.clear()

    def setting(self, register: str, field: str, number: int = 0) -> int:
        """What the host has written."""
        return self._settings.get((register, field, number), 0)

    def read(self, at: int) -> int | None:
        """The word at a byte address; None if nothing is there. The two lowest bits are ignored."""
        place = self._places.get(at & ~3)
        if place is None:
            return None
        register, number, part = place
        state = self._state(register.name, number)
        word = 0
        for field, low, inside, bits in register.pieces(part):
            if field.value is not None:
                value = field.value
            elif field.access == Access.CONSTANT:
                value = self._constants.get(register.name, {}).get(field.name, 0)
            elif field.access == Access.SETTING:
                value = self.setting(register.name, field.name, number)
            else:
                value = state.get(field.name, 0)
            word |= (value >> inside & (1 << bits) - 1) << low
        return word

    def write(self, at: int, word: int) -> bool:
        """Write a word; whether anything is there."""
        place = self._places.get(at & ~3)
        if place is None:
            return False
        register, number, part = place
        acts: dict[str, int] = {}
        for field, low, _, bits in register.pieces(part):
            value = (word & _MASK) >> low & (1 << bits) - 1
            if field.access == Access.SETTING:
                self._settings[register.name, field.name, number] = value
            elif field.access == Access.WORD or (
                value and field.access in (Access.PULSE, Access.EVENT)
            ):
                acts[field.name] = value
        if acts:
            self._act(register.name, acts)
        return True
