"""Whether an engine with a host link fits an FPGA, and at which pruning ratio it would."""

from dataclasses import dataclass, replace

from arch.errors import InputError
from arch.fpga_parts import FPGA_PARTS, FpgaPart, blocks_of
from arch.host import HostSpec
from arch.layer import LayerSpec
from arch.link_memories import link_memories
from arch.link_shape import LinkShape
from arch.network_shape import NetworkShape
from arch.registers import COUNTER_BITS
from arch.tables import MappingTables
from flow.check_network import check_network
from flow.check_target import Need, Target, target_for
from flow.hardware_section import HardwareSection

__all__ = ["check_fit", "device_target", "fitting_ratio"]

_LUTS_LINK = 1200
"""Look-up tables of a link without trace and probe, as synthesised."""
_LUTS_COUNTER_BIT = 17
"""Look-up tables of one bit of all counters, likewise."""
_CELLS_COUNTER_BIT = 33
"""Cells of one bit of all counters in a part whose flip-flops take the place of a look-up table."""
_SHARED = ("ice40-up5k",)
"""Such parts."""
_ESTIMATE_MARGIN = 1.2
"""An estimate that is beyond a part by less than this refuses nothing: synthesis will tell."""
_RATIO_STEPS = 100
"""Ratios are tried in steps of one in so many."""
_MEMORIES = "memory blocks"


def device_target(shape: NetworkShape, link: LinkShape, part: str) -> Target:
    """What an engine with a link needs of a part.

    Parameters
    ----------
    part : str
        A key of :data:`arch.fpga_parts.FPGA_PARTS`.
    """
    target = target_for(shape, part)
    blocks = _link_blocks(link, target.part)
    bit = _CELLS_COUNTER_BIT if part in _SHARED else _LUTS_COUNTER_BIT
    luts = _LUTS_LINK + bit * shape.counter_bits - _LUTS_COUNTER_BIT * COUNTER_BITS
    more = {_MEMORIES: blocks, "look-up tables": luts}
    return replace(
        target,
        needs=tuple(
            replace(need, needed=need.needed + more.get(need.resource, 0)) for need in target.needs
        ),
    )


def _link_blocks(link: LinkShape, part: FpgaPart) -> int:
    return sum(
        memory.count * blocks_of(memory.words, memory.bits, part)
        for memory in link_memories(link).values()
    )


@dataclass(frozen=True, kw_only=True)
class _Short:
    """What is too little, and what would help."""

    need: Need
    help: str

    def __str__(self) -> str:
        about = "" if self.need.exact else "about "
        return (
            f"{about}{self.need.needed:,} {self.need.resource} needed, {self.need.there:,} "
            f"there{self.help}"
        )


def check_fit(
    tables: MappingTables,
    hardware: HardwareSection,
    shape: NetworkShape,
    link: LinkShape,
    part: str,
) -> Target:
    """Refuse an engine that does not fit a part; give what it needs.

    Parameters
    ----------
    tables, hardware
        From which ``shape`` was made.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If it does not fit: which resource, how much of it is needed and there, and where the tables
        are the reason, the pruning ratio at which they would fit.
    """
    target = device_target(shape, link, part)
    short = []
    for need in target.needs:
        room = need.there if need.exact else round(need.there * _ESTIMATE_MARGIN)
        if need.needed <= room:
            continue
        text = ""
        if need.resource == _MEMORIES:
            ratio = fitting_ratio(tables, hardware, link, part)
            text = ", and no prune.ratio would make it fit"
            if ratio is not None:
                text = f"; with prune.ratio {ratio:g} in every layer it would fit"
        short.append(_Short(need=need, help=text))
    if short:
        title = FPGA_PARTS[part].title
        raise InputError(f"does not fit {title}: {'; '.join(str(each) for each in short)}")
    return target


def fitting_ratio(
    tables: MappingTables, hardware: HardwareSection, link: LinkShape, part: str
) -> float | None:
    """The smallest ratio, in hundredths, with which the memories fit; None if there is none.

    The OUs of each layer are those that :func:`sw.mapping.expected.expected_ous` expects when so
    many of its segments are pruned at random.
    """
    specs: list[LayerSpec | HostSpec] = [table.spec for table in tables.layers]
    specs += tables.host

    def fits(hundredths: int) -> bool:
        ratios = {table.spec.name: hundredths / _RATIO_STEPS for table in tables.layers}
        try:
            found = check_network(specs, tables.geometry, ratios, **hardware.network_built_as)
        except InputError:  # the capacity is less than so many segments need
            return False
        needs = {need.resource: need for need in device_target(found.shape, link, part).needs}
        return not needs[_MEMORIES].missing

    low, high = 0, _RATIO_STEPS  # the last of them keeps an OU a layer
    if not fits(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return low / _RATIO_STEPS
