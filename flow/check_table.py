"""What `ohmforge check` found, as tables and lines for a terminal."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from arch.work_memories import memories_of
from flow.check import Check, Sizes
from flow.check_network import LayerCheck, NetworkCheck
from flow.check_target import Need, Target, blocks_needed
from flow.check_time import ASSUMED_IMAGES, SearchTime
from sw.examine import Verdict

__all__ = ["check_tables"]

_MINUTE, _HOUR = 60, 3600


def check_tables(check: Check) -> RenderableType:
    """Every operation with its verdict; if none is refused, sizes, memories and what they mean."""
    parts: list[RenderableType] = [_operations(check)]
    if check.sizes is not None:
        parts += [_memories(check.sizes), *(Text(line) for line in _lines(check.sizes))]
    return Group(*parts)


def _operations(check: Check) -> Table:
    shape = " x ".join(map(str, check.in_shape))
    table = Table(title=f"{check.name}: images of {shape}", title_justify="left")
    for name in ("operation", "", "output", "what becomes of it"):
        table.add_column(name, justify="left", vertical="bottom")
    for name in _COUNTS if check.sizes is not None else ():
        table.add_column(name, justify="right", no_wrap=True, vertical="bottom")
    for verdict in check.verdicts:
        table.add_row(*map(Text, _row(verdict, check.sizes)))
    if check.sizes is not None:
        table.add_section()
        table.add_row("total", "", "", "", "", *_total(check.sizes))
    return table


_COUNTS = (
    "rows x\ncolumns",
    "OUs\ndense",
    "\npruned",
    "crossbars\ndense",
    "\npruned",
    "cycles\ndense",
    "\npruned",
)


def _row(verdict: Verdict, sizes: Sizes | None) -> list[str]:
    shape = "?" if verdict.shape is None else " x ".join(map(str, verdict.shape))
    row = [verdict.place, verdict.operation, shape, _becomes(verdict)]
    if sizes is None:
        return row
    if verdict.verdict == "mapped":
        return row + _counts(sizes, str(verdict.step))
    cycles = [""] * 2
    if verdict.verdict == "engine" and verdict.step is not None:
        cycles = [_cycles(network, verdict.step) for network in (sizes.dense, sizes.pruned)]
    return row + [""] * 5 + cycles


def _becomes(verdict: Verdict) -> str:
    if verdict.reason.startswith("into "):
        return f"{verdict.verdict} {verdict.reason}"
    return f"{verdict.verdict}: {verdict.reason}" if verdict.reason else verdict.verdict


def _counts(sizes: Sizes, step: str) -> list[str]:
    found: list[LayerCheck] = [
        next(layer for layer in network.layers if layer.spec.name == step)
        for network in (sizes.dense, sizes.pruned)
    ]
    spec = found[0].spec
    return [
        f"{spec.rows:,} x {spec.cols:,}",
        *(f"{layer.ous:,}" for layer in found),
        *(f"{layer.crossbars:,}" for layer in found),
        *(_cycles(network, step) for network in (sizes.dense, sizes.pruned)),
    ]


def _cycles(network: NetworkCheck, step: str) -> str:
    return f"{network.step_cycles(step):,}"


def _total(sizes: Sizes) -> list[str]:
    both = (sizes.dense, sizes.pruned)
    return [
        *(f"{network.ous:,}" for network in both),
        *(f"{network.crossbars:,}" for network in both),
        *(f"{network.cycles.total:,}" for network in both),
    ]


def _memories(sizes: Sizes) -> Table:
    part = sizes.target.part
    table = Table(title="memories of the network engine, pruned", title_justify="left")
    table.add_column("memory")
    for name in ("words", "bits", "kbit", f"blocks of {part.title}"):
        table.add_column(name, justify="right")
    blocks = blocks_needed(sizes.pruned.shape, part)
    memories = memories_of(sizes.pruned.shape)
    for name, memory in memories.items():
        words = f"{memory.words:,}" if memory.count == 1 else f"{memory.count} x {memory.words:,}"
        kbit = memory.total_bits / 1024
        table.add_row(name, words, str(memory.bits), f"{kbit:,.1f}", f"{blocks[name]:,}")
    table.add_section()
    kbit = sum(memory.total_bits for memory in memories.values()) / 1024
    table.add_row("total", "", "", f"{kbit:,.1f}", f"{sum(blocks.values()):,}")
    return table


def _lines(sizes: Sizes) -> Iterator[str]:
    pruned = sizes.pruned
    yield (
        f"{sizes.weights:,} weights, {sizes.macs:,} multiply-accumulates an image; an OU works in "
        f"{100 * pruned.cycles.utilisation:.1f} % of the cycles of the pruned network"
    )
    yield (
        f"index {pruned.index_bits:,} bits, cells {pruned.cell_bits:,} bits; pruned numbers are "
        "those expected if segments go at random"
    )
    yield from _fit(sizes.target)
    if sizes.search is not None:
        yield _search(sizes.search)


def _fit(target: Target) -> Iterator[str]:
    if target.fits:
        yield f"fits {target.part.title}: {', '.join(_need(need) for need in target.needs)}"
        return
    short = [need for need in target.needs if need.missing]
    yield (
        f"does not fit {target.part.title}: "
        + "; ".join(f"{_need(need)}: {need.missing:,} too many" for need in short)
    )


def _need(need: Need) -> str:
    about = "" if need.exact else "about "
    return f"{about}{need.needed:,} of {need.there:,} {need.resource}"


def _search(search: SearchTime) -> str:
    assumed = ""
    if search.assumed:
        assumed = f", for {ASSUMED_IMAGES[0]:,} training images (assumed: the data are not read)"
    return (
        f"the search takes about {_duration(search.seconds)} on this machine{assumed}: an "
        "estimate, often off by a factor of two"
    )


def _duration(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < 2 * _HOUR:
        return f"{round(seconds / _MINUTE)} minutes"
    return f"{seconds / _HOUR:,.0f} hours"
