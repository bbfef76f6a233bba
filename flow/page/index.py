"""Bits of the index: as the hardware reads them, by format, and the entropy bound."""

from typing import Any

from flow.page.run import Run
from flow.page.scale import strip_scale

__all__ = ["index"]


def index(run: Run) -> dict[str, Any] | None:
    """Every layer with the bits of its index, and what of a scale they reach."""
    report = run.report
    if "layers" not in report:
        return None
    formats = list(report["layers"][0]["index_bits_by_format"]) if report["layers"] else []
    rows = [
        {
            "name": layer["name"],
            "segments": layer["segments"],
            "kept": layer["segments_kept"],
            "bound": layer["index_entropy_bits"],
            "bits": [
                layer["index_bits"],
                *(layer["index_bits_by_format"].get(name, 0) for name in formats),
            ],
        }
        for layer in report["layers"]
    ]
    for row in rows:
        row["rates"] = [bits / row["segments"] for bits in row["bits"]]
        row["bound_rate"] = row["bound"] / row["segments"]
    most = max((rate for row in rows for rate in row["rates"]), default=1.0)
    return {
        "formats": ["hardware", *formats],
        "rows": rows,
        "total": {
            "segments": sum(row["segments"] for row in rows),
            "kept": sum(row["kept"] for row in rows),
            "bound": sum(row["bound"] for row in rows),
            "bits": [sum(bits) for bits in zip(*(row["bits"] for row in rows), strict=True)],
        },
        "scale": strip_scale(0, max(most, 1.0)),
    }
