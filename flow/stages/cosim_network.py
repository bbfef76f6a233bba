"""The part of the cosimulation that runs whole images through the network engine."""

from pathlib import Path
from typing import Any

import numpy as np

from arch.errors import CheckFailed
from arch.network_cycles import network_cycles
from arch.network_program import build_network_program
from arch.table_files import load
from cosim.cosimulation import STALLS, Cosimulation
from cosim.network_case import NetworkResult
from cosim.networks import cosimulate_network
from flow.configuration import Configuration

__all__ = ["cosimulate_images"]


def cosimulate_images(
    tables: Path, verilog: Path, codes: np.ndarray, scratch: Path, configuration: Configuration
) -> tuple[dict[str, Any], Cosimulation[NetworkResult]]:
    """Run images through the network engine; what the report says of it, and what was found.

    Parameters
    ----------
    tables, verilog : Path
        Directories of the mapping tables and of the files of the network engine.
    codes : int array, shape (n, C, H, W)
        Quantised images.
    scratch : Path
        Where the simulation runs, and where simulators are kept.
    configuration : Configuration
        The hardware; stalls, seed and waveforms.

    Raises
    ------
    :exc:`arch.errors.CheckFailed`
        If no run without stalls reached its end.
    """
    settings = configuration.cosim
    done = cosimulate_network(
        tables,
        verilog,
        codes,
        scratch / "network",
        build_root=scratch,
        stalls=STALLS[settings.stall],
        seed=settings.seed,
        waves=settings.waves,
    )
    clean = [run for run in done.runs if not run.stall]
    if not clean:
        reason = done.problems[0] if done.problems else "the simulation ended early"
        raise CheckFailed(f"the network was not simulated: {reason}: see {done.junit.parent}")
    loaded = load(tables)
    program = build_network_program(loaded, **configuration.hardware.network_built_as)
    wrong = {image for run in done.runs for image in run.wrong_images}
    return {
        "images": len(codes),
        "images_match": len(codes) - len(wrong),
        "outputs_compared": sum(run.compared for run in done.runs),
        "mismatches": sum(run.mismatches for run in done.runs),
        "seconds": sum(run.seconds for run in done.runs),
        "cycles_per_second": done.cycles_per_second,
        "cycles_bound": network_cycles(loaded, program).total,
        **_work(clean[0], len(program.steps), loaded.geometry.tiles),
    }, done


def _work(run: NetworkResult, count: int, tiles: int) -> dict[str, Any]:
    """Cycles of one image: the last, whose input did not have to wait for the run to begin."""
    steps = run.steps[-count:]
    cycles = sum(step.cycles for step in steps)
    every = run.steps[count:] or steps
    return {
        "cycles_model": sum(step.cycles_model for step in steps),
        "cycles_rtl": cycles,
        "cycles_mean": sum(step.cycles for step in every) * count / len(every),
        "ou_issue_utilisation": sum(step.planes for step in steps) / max(1, cycles * tiles),
        "counters": _counters(run),
        "steps": [
            {
                "name": step.name,
                "cycles_model": step.cycles_model,
                "cycles_rtl": step.cycles,
                "planes": step.planes,
            }
            for step in steps
        ],
    }


def _counters(run: NetworkResult) -> dict[str, dict[str, int]]:
    """What the last image added to each counter, and what the model says; nothing after a hang."""
    if len(run.counters) < run.images:
        return {}
    return {
        name: {"model": expected, "rtl": run.counters[-1][name]}
        for name, expected in run.counters_model[-1].items()
    }
