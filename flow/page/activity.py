"""When each step of an image runs, how much of it an OU works, and why not the rest."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from arch.errors import InputError
from arch.network_cycles import network_cycles
from arch.network_program import build_network_program
from arch.registers import IDLE_CAUSES, find_register
from flow.hardware_section import HardwareSection
from flow.page.run import Run
from flow.page.scale import strip_scale

__all__ = ["activity"]


def activity(run: Run) -> dict[str, Any] | None:
    """The steps of an image one after the other; None if neither report nor tables tell."""
    found = run.report.get("image_steps") or _closed_form(run)
    if found is None:
        return None
    steps, tiles = found["steps"], found["tiles"]
    total = sum(step["cycles"] for step in steps)
    rows, start = [], 0
    for step in steps:
        rows.append({**step, "start": start, "share": step["planes"] / (step["cycles"] * tiles)})
        start += step["cycles"]
    idle = {
        cause: cycles
        for cause in IDLE_CAUSES
        if (cycles := sum(step["idle"].get(cause, 0) for step in steps))
    }
    planes = sum(step["planes"] for step in steps)
    return {
        "image": found["image"],
        "rows": rows,
        "tiles": tiles,
        "total": total,
        "planes": planes,
        "skipped": sum(step["skipped"] for step in steps),
        "utilisation": planes / (total * tiles),
        "idle": idle,
        "idle_total": sum(idle.values()),
        "most_idle": max(idle.values(), default=1),
        "meanings": {
            cause: find_register(f"idle_{cause}").text.partition(": ")[2] for cause in idle
        },
        "scale": strip_scale(0, total, tight=True),
        "skips": bool(run.hardware.get("skip_zero_planes")),
    }


def _closed_form(run: Run) -> Mapping[str, Any] | None:
    """What holds for every image, of a run whose report does not tell."""
    section = run.report.get("configuration", {}).get("hardware", {})
    if run.tables is None or section.get("skip_zero_planes"):
        return None
    try:
        hardware = HardwareSection(**section) if section else HardwareSection()
    except ValidationError as error:
        raise InputError(f"records of the run: hardware: {error.errors()[0]['msg']}") from error
    program = build_network_program(run.tables, **hardware.network_built_as)
    return {"image": None, **network_cycles(run.tables, program).to_dict()}
