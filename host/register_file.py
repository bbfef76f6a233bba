"""Registers of a device by name, over a link."""

from collections.abc import Sequence

from arch.link_frame import Kind, Status
from arch.register import WORD_BITS, AddressMap
from host.errors import DeviceError
from host.link import Link
from host.link_answer import Answer

__all__ = ["RegisterFile", "read_words", "write_words"]

_BYTES = WORD_BITS // 8
_WRITE_HEADER = 6
_STATUS = 1


def read_words(link: Link, address: int, count: int, *, step: int = _BYTES) -> list[int]:
    """Words of 32 bits; in as many requests as it takes.

    Parameters
    ----------
    address : int
        Byte address of the first, as a host sees it.
    count : int
        How many.
    step : int
        From one address to the next; 0 reads one address again and again.

    Raises
    ------
    :exc:`host.errors.DeviceError`
        If there is nothing at an address, or the answer makes no sense.
    """
    words: list[int] = []
    most = (link.payload_max - _STATUS) // _BYTES
    while len(words) < count:
        asked = min(most, count - len(words))
        at = address + len(words) * step
        answer = link.request(Kind.READ, _numbers(at, step, asked))
        _check_status(answer, "reads", at + len(answer.payload) // _BYTES * step)
        if len(answer.payload) != asked * _BYTES:
            raise DeviceError(
                f"the device answered with {len(answer.payload)} bytes instead of {asked} words"
            )
        words += words_of(answer.payload)
    return words


def write_words(link: Link, address: int, words: Sequence[int], *, step: int = _BYTES) -> None:
    """Write words of 32 bits, at most as many as one request takes; else as :func:`read_words`.

    Raises
    ------
    :exc:`ValueError`
        If they do not fit one request, see :func:`words_a_write`.
    """
    payload = _numbers(address, step) + b"".join(word.to_bytes(_BYTES, "little") for word in words)
    answer = link.request(Kind.WRITE, payload)
    written = int.from_bytes(answer.payload[:2], "little")
    _check_status(answer, "writes", address + written * step)
    if len(answer.payload) != 2 or written != len(words):
        raise DeviceError(f"the device says that it wrote {written} words instead of {len(words)}")


def words_a_write(link: Link) -> int:
    """Words that one request can write."""
    return (link.payload_max - _WRITE_HEADER) // _BYTES


def words_of(payload: bytes) -> list[int]:
    """Bytes as words, the least significant byte first."""
    return [
        int.from_bytes(payload[at : at + _BYTES], "little") for at in range(0, len(payload), _BYTES)
    ]


def _numbers(*values: int) -> bytes:
    """The head of a request: 32 bits, then 16 each."""
    first, *others = values
    return first.to_bytes(4, "little") + b"".join(value.to_bytes(2, "little") for value in others)


def _check_status(answer: Answer, what: str, at: int) -> None:
    if answer.status == Status.ADDRESS:
        raise DeviceError(
            f"the device has nothing at address {at:#06x}, which the driver {what}; use the driver "
            "that its bitstream was made with"
        )
    if answer.status != Status.DONE:
        raise DeviceError(f"the device answered {answer.status.name} to an access at {at:#06x}")


class RegisterFile:
    """The registers of one address map.

    Parameters
    ----------
    link : Link
        Where the device is.
    description : AddressMap
        Its registers.
    base : int
        Byte address of the map, as a host sees it.
    """

    def __init__(self, link: Link, description: AddressMap, base: int) -> None:
        self._link = link
        self._map = description
        self._base = base

    def address(self, name: str, number: int = 0) -> int:
        """Byte address of a register, or of the one with that number in a row."""
        register = self._map.find(name)
        if not 0 <= number < register.count:
            raise ValueError(f"there are {register.count} of {name}, so none is number {number}")
        return self._base + register.at + number * register.bits // 8

    def fields(self, name: str, number: int = 0) -> dict[str, int]:
        """All fields of a register, or of the one with that number in a row."""
        register = self._map.find(name)
        words = read_words(self._link, self.address(name, number), register.words)
        value = sum(word << place * WORD_BITS for place, word in enumerate(words))
        return {f.name: value >> f.low & (1 << f.bits) - 1 for f in register.fields}

    def value(self, name: str, number: int = 0) -> int:
        """The field of a register that has but one."""
        (value,) = self.fields(name, number).values()
        return value

    def values(self, name: str) -> list[int]:
        """The fields of registers in a row that have but one, with one request."""
        return self.span(name, name)[name]

    def span(self, first: str, last: str) -> dict[str, list[int]]:
        """Values of the registers from one to another, gaps read as well, with one access.

        Only of registers without gaps between them.
        """
        registers = self._map.registers
        names = [register.name for register in registers]
        chosen = registers[names.index(first) : names.index(last) + 1]
        count = (chosen[-1].end - chosen[0].at) * 8 // WORD_BITS
        words = read_words(self._link, self._base + chosen[0].at, count)
        values: dict[str, list[int]] = {}
        for register in chosen:
            at = (register.at - chosen[0].at) * 8 // WORD_BITS
            values[register.name] = [
                sum(
                    words[at + number * register.words + place] << place * WORD_BITS
                    for place in range(register.words)
                )
                for number in range(register.count)
            ]
        return values

    def write(self, name: str, /, **values: int) -> None:
        """Write a register of one word; fields that are not named become zero."""
        fields = {field.name: field for field in self._map.find(name).fields}
        word = 0
        for field, value in values.items():
            if not 0 <= value < 1 << fields[field].bits:
                raise ValueError(f"{name}.{field} must have {fields[field].bits} bits, not {value}")
            word |= value << fields[field].low
        write_words(self._link, self.address(name), [word])
