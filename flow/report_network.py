"""What the report says of whole images on the network engine, as tables for a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

__all__ = ["counter_table", "cycle_table"]

_NETWORKS = {
    "dense": "dense",
    "pruned": "pruned",
    "skipping": "pruned, planes skipped",
}


def cycle_table(networks: Mapping[str, Any]) -> Table:
    """Cycles of an image: dense, pruned, and pruned with planes skipped.

    Parameters
    ----------
    networks : mapping
        ``image_cycles`` of the report.
    """
    table = _table("cycles an image", "cycles", "fewest", "most", "OU issue", "images", "from")
    for key, name in _NETWORKS.items():
        figures = networks[key]
        table.add_row(
            name,
            f"{figures['cycles']:,.0f}",
            f"{figures['fewest']:,}",
            f"{figures['most']:,}",
            f"{100 * figures['ou_issue_utilisation']:.1f} %",
            f"{figures['images']:,}",
            "RTL" if figures["measured"] else "model",
        )
    return table


def counter_table(counters: Mapping[str, Any]) -> Table:
    """What the last image added to each counter of the device, beside what the model says.

    Parameters
    ----------
    counters : mapping
        ``cosim.network.counters`` of the report.
    """
    table = _table("counters, last image", "device", "model")
    for name, count in counters.items():
        table.add_row(name, f"{count['rtl']:,}", f"{count['model']:,}")
    return table


def _table(first: str, *columns: str) -> Table:
    table = Table()
    table.add_column(first, justify="left", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table
