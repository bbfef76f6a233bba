"""Sweep the hardware of one network: its whole job, once for each way in which it can be built."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from arch.errors import CheckFailed, InputError
from arch.geometry import ENCODINGS
from flow.configuration import Configuration, PruneSection
from flow.covering import covering
from flow.field_rule import choices, written
from flow.hardware_section import HardwareSection
from flow.job import Job, Silent
from flow.json_file import read_json
from flow.run_directory import RunDirectory
from flow.stages import STAGES
from flow.stages.cosim import RESULT
from flow.swept_case import SweptCase

__all__ = ["PARAMETERS", "sweep_network", "with_values"]

_TRAIN = STAGES[0]
_PROVEN = "cosim"

PARAMETERS: dict[str, tuple[Any, ...]] = {
    "prune.scheme": choices(PruneSection.model_fields["scheme"]),
    "geometry.encoding": ENCODINGS,
    "hardware.tiles": choices(HardwareSection.model_fields["tiles"]),
    "hardware.skip_zero_planes": (False, True),
    "hardware.crossbar": choices(HardwareSection.model_fields["crossbar"]),
    "hardware.argmax": (False, True),
    "hardware.read_back": (True, False),
    "hardware.tables": choices(HardwareSection.model_fields["tables"]),
}
"""Values of each field of the configuration."""


def with_values(configuration: Configuration, values: Mapping[str, Any]) -> Configuration:
    """``configuration`` with other values, by dotted path of a section and a field."""
    for path, value in values.items():
        section, field = path.split(".")
        changed = getattr(configuration, section).model_copy(update={field: value})
        configuration = configuration.model_copy(update={section: changed})
    return configuration


def sweep_network(
    configuration: Configuration, output: Path, *, strength: int, say: Callable[[str], None]
) -> list[SweptCase]:
    """Run the job of each case in a run directory in ``output``, and tell ``say`` about it.

    The dense network is trained once. What is finished is not done again.

    Parameters
    ----------
    configuration : Configuration
        Decides all but :data:`PARAMETERS`.
    strength : int
        Every combination of values of so many parameters occurs.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If no image would go through the network engine.
    """
    if not configuration.cosim.network_images:
        raise InputError("cosim.network_images must be at least 1 for a sweep of the hardware")
    cases = covering(PARAMETERS, strength)
    swept: list[SweptCase] = []
    with RunDirectory.create(output).locked():
        trained = RunDirectory.create(output / _TRAIN.name)
        Job(configuration, trained, stages=(_TRAIN,), listener=Silent()).run()
        for number, values in enumerate(cases, 1):
            told = ", ".join(f"{path} {written(value)}" for path, value in values.items())
            outputs: int | None = None
            problems: tuple[str, ...] = ()
            try:
                found = _prove(with_values(configuration, values), output, number, trained)
                verdict, outputs = _verdict(found), _outputs(found)
            except CheckFailed as problem:
                verdict = str(problem)
                problems = (verdict,)
            swept.append(
                SweptCase(
                    number=number,
                    values=dict(values),
                    outputs_compared=outputs,
                    problems=problems,
                )
            )
            say(f"case {number} of {len(cases)} ({told}): {verdict}")
    return swept


def _prove(
    configuration: Configuration, output: Path, number: int, trained: RunDirectory
) -> dict[str, Any]:
    """Run the job of a case; what cosimulation found if all is well, CheckFailed if not."""
    directory = RunDirectory.create(output / f"{number:03}")
    with directory.locked():
        directory.take(_TRAIN.name, _TRAIN.output, trained)
    job = Job(configuration, directory, stages=STAGES, listener=Silent())
    job.run(until=_PROVEN)
    job.judge(until=_PROVEN)
    found: dict[str, Any] = read_json(directory.path / _PROVEN / RESULT)
    return found


def _outputs(found: Mapping[str, Any]) -> int:
    return sum(layer["outputs_compared"] for layer in found["layers"].values())


def _verdict(found: Mapping[str, Any]) -> str:
    network = found["network"]
    return (
        f"{network['images_match']} of {network['images']} images, "
        f"{network['outputs_compared']:,} elements and {_outputs(found):,} outputs of layers "
        f"equal; {network['cycles_mean']:,.0f} cycles an image, "
        f"OU issue {100 * network['ou_issue_utilisation']:.1f} %"
    )
