"""What was compared with the golden model, how often, and with which seeds."""

from typing import Any

from flow.page.run import Run

__all__ = ["verification"]


def verification(run: Run) -> dict[str, Any] | None:
    """Comparisons, runs, seeds and the counters of the device; None before the cosimulation."""
    report = run.report
    cosim = report.get("cosim")
    if cosim is None:
        return None
    configured = report.get("configuration", {}).get("cosim", {})
    network = cosim.get("network")
    return {
        "cosim": cosim,
        "network": network,
        "positions": cosim.get("positions"),
        "stall": configured.get("stall"),
        "counters": (network or {}).get("counters", {}),
        "totals": report["totals"],
        "layers": report["layers"],
        "seed": report["seed"],
        "accuracy": report["accuracy"],
    }
