"""Register block: the registers of a table, behind the control bus."""

from functools import reduce
from operator import or_

from amaranth import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch.register import WORD_BITS, Access
from hw.arguments import check_sizes
from hw.wishbone import Wishbone

__all__ = ["RegisterBlock"]

WORD_BYTES = WORD_BITS // 8


class RegisterBlock(wiring.Component):
    """Give every field of every register to the hardware, and to the bus.

    A register has a member of its name, with a member a field; several in a row are an array of
    such. What the member of a field is depends on who writes it:

    * constant, state: ``In``, what the bus reads; none where the table states the value.
    * setting: ``Out``, what was written last, zero after reset.
    * pulse: ``Out(1)``, high for one cycle when a one is written.
    * event: ``Out(1)``, and beside it ``FIELD_set``, ``In(1)``, which sets it, also in a cycle in
      which it is cleared.
    * word: ``Out``, what was written last, and beside it ``FIELD_written``, ``Out(1)``, which is
      high for one cycle when all of its bytes are written.

    Writes leave bytes alone that are not selected, and bits that the bus does not write. A
    register is zero where it has no field.

    Latency is two cycles from a request to ``ack`` or ``err``, and to what it changes; throughput
    is an access in three cycles; never stalls. What is read is of the cycle after the request, so
    that the next access sees what a pulse did within two cycles.

    Parameters
    ----------
    registers : sequence of :class:`arch.register.Register`
        The table.
    address_bits : int
        Width of the address of a word.

    Members
    -------
    bus : ``In(Wishbone)``
    fault : ``Out(1)``
        An address without a register was asked for; high for one cycle.
    """

    def __init__(self, registers, *, address_bits):
        check_sizes(address_bits=address_bits)
        self._registers = tuple(registers)
        members = {"bus": In(Wishbone(address_bits=address_bits)), "fault": Out(1)}
        end = 0
        for register in self._registers:
            if register.at % WORD_BYTES:
                raise ValueError(f"register {register.name} is at {register.at:#x}, inside a word")
            if register.at < end or register.end > WORD_BYTES << address_bits:
                raise ValueError(f"register {register.name} has no place at {register.at:#x}")
            if register.name in members:
                raise ValueError(f"there are two registers {register.name}")
            end = register.end
            member = Out(wiring.Signature(_members(register)))
            members[register.name] = member if register.count == 1 else member.array(register.count)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        bus = self.bus
        request, asked, serve = Signal(), Signal(), Signal()
        hit, write, word = Signal(), Signal(), Signal(WORD_BITS)
        m.d.comb += [
            request.eq(bus.cyc & bus.stb),
            serve.eq(request & asked),
            write.eq(serve & bus.we),
            self.fault.eq(serve & ~hit),
        ]
        m.d.sync += [
            asked.eq(request & ~asked & ~bus.ack & ~bus.err),
            bus.ack.eq(serve & hit),
            bus.err.eq(serve & ~hit),
            bus.dat_r.eq(word),
        ]
        self._add_defaults(m)
        # A request stays until it is answered: its address is decoded in the cycle before.
        selected, shown, zeros = [], [], []
        for at, fields, pieces in self._words():
            if all(field.value == 0 for field, *_place in pieces):
                zeros.append(bus.adr == at)
                continue
            selected.append(here := Signal(name=f"selected{at:x}"))
            m.d.sync += here.eq(bus.adr == at)
            shown.append(mine := Signal(WORD_BITS, name=f"word{at:x}"))
            for field, low, field_low, bits in pieces:
                lane = slice(low, low + bits)
                part = self._value(fields, field)[field_low : field_low + bits]
                if field.access not in (Access.PULSE, Access.WORD):
                    m.d.comb += mine[lane].eq(part & here.replicate(bits))
                with m.If(write & here):
                    self._write(m, fields, field, part, lane)
        if zeros:  # words that are always zero need no more than an answer
            selected.append(zero := Signal(name="selected_zero"))
            m.d.sync += zero.eq(Cat(zeros).any())
        m.d.comb += [hit.eq(Cat(selected).any()), word.eq(reduce(or_, shown))]
        return m

    @staticmethod
    def _value(fields, field):
        """What the bus reads."""
        return (
            getattr(fields, field.name) if field.value is None else Const(field.value, field.bits)
        )

    def _elements(self):
        """Every register with its member, also those of arrays."""
        for register in self._registers:
            member = getattr(self, register.name)
            for fields in [member] if register.count == 1 else member:
                yield register, fields

    def _words(self):
        """Every word: its address, the member of its register, and the pieces of fields in it."""
        at = {}
        for register, fields in self._elements():
            first = at.get(register.name, register.at // WORD_BYTES)
            at[register.name] = first + register.words
            for number in range(register.words):
                yield first + number, fields, list(register.pieces(number))

    def _add_defaults(self, m):
        """What fields do while the bus does not write them."""
        for register, fields in self._elements():
            for field in register.fields:
                if field.access == Access.PULSE:
                    m.d.sync += getattr(fields, field.name).eq(0)
                elif field.access == Access.WORD:
                    m.d.sync += getattr(fields, f"{field.name}_written").eq(0)
                elif field.access == Access.EVENT:
                    member = getattr(fields, field.name)
                    m.d.sync += member.eq(member | getattr(fields, f"{field.name}_set"))

    def _write(self, m, fields, field, part, here):
        """Write a part of a field: the bits of the bus that are selected."""
        data = self.bus.dat_w[here]
        mask = Cat(select.replicate(8) for select in self.bus.sel)[here]
        if field.access == Access.SETTING:
            m.d.sync += part.eq((part & ~mask) | (data & mask))
        elif field.access == Access.PULSE:
            m.d.sync += part.eq(data & mask)
        elif field.access == Access.WORD:
            written = getattr(fields, f"{field.name}_written")
            m.d.sync += [part.eq(data), written.eq(mask.all())]
        elif field.access == Access.EVENT:
            with m.If(data & mask):
                m.d.sync += part.eq(getattr(fields, f"{field.name}_set"))


def _members(register):
    members = {}
    for field in register.fields:
        if field.value is not None:
            continue
        if field.access in (Access.PULSE, Access.EVENT) and field.bits != 1:
            raise ValueError(f"{register.name}.{field.name} must have one bit, not {field.bits}")
        way = In if field.access in (Access.CONSTANT, Access.STATE) else Out
        members[field.name] = way(field.bits)
        if field.access == Access.EVENT:
            members[f"{field.name}_set"] = In(1)
        if field.access == Access.WORD:
            if field.bits > WORD_BITS or field.low % WORD_BITS:
                raise ValueError(f"{register.name}.{field.name} must be in one word, from bit 0")
            members[f"{field.name}_written"] = Out(1)
    return members
