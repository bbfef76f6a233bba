"""The table of the layers."""

from typing import Any

from flow.page.run import Run

__all__ = ["layers"]


def layers(run: Run) -> dict[str, Any] | None:
    """Every layer and the totals, with the share of the bits that are index."""
    report = run.report
    if "layers" not in report:
        return None
    ratios = report.get("search", {}).get("ratios", {})
    tables = run.tables.layers if run.tables else ()
    return {
        "positions": {table.spec.name: table.spec.positions for table in tables},
        "rows": [
            {**layer, "ratio": ratios.get(layer["name"]), "share": _index_share(layer)}
            for layer in report["layers"]
        ],
        "totals": {**report["totals"], "share": _index_share(report["totals"])},
    }


def _index_share(counts: Any) -> float | None:
    bits = counts["index_bits"] + counts["cell_bits_stored"]
    return counts["index_bits"] / bits if bits else None
