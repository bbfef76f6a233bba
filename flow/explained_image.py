"""The image whose cycles are explained: what every layer reads of it."""

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from arch.errors import InputError
from arch.tables import MappingTables
from cosim.golden import GoldenNetwork
from flow.configuration import Configuration
from flow.recorded_configuration import given_values
from flow.recorded_values import recorded_values
from flow.run_directory import RunDirectory
from flow.sources import load_dataset
from flow.stages import STAGES
from sw.integer_network import encode_input, load_integer_network

__all__ = ["image_windows"]

_PRUNED = "quantise/pruned.safetensors"


def image_windows(
    directory: Path, tables: MappingTables, number: int, *, trust: bool
) -> dict[str, np.ndarray]:
    """Inputs of all output positions of each layer for one image of the test split.

    Parameters
    ----------
    directory : Path
        A run directory; the files that its configuration names must be there.
    tables : MappingTables
        Its tables.
    number : int
        Which image, from 0, in the order in which cosimulation takes them.
    trust : bool
        Whether Python functions that the records of the run name may be called for its images. A
        run directory can come from anywhere.

    Returns
    -------
    dict of str to int array, shape (P, R)

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the run has no such image, something is missing or damaged, or a function would have to
        be called that is not trusted.
    """
    run = RunDirectory.open(directory)
    network = load_integer_network(directory / _PRUNED)
    configuration = _configuration(run)
    if not trust and (source := _called(configuration)):
        raise InputError(
            f"{directory}: its images come from {source}, which is run only with --trust"
        )
    test = load_dataset(configuration).test
    if not 0 <= number < len(test):
        raise InputError(f"the test split has no image {number}; legal is 0 to {len(test) - 1}")
    try:
        codes = encode_input(network, test.images[number : number + 1])
        golden = GoldenNetwork(tables)
        maps = golden.run(codes)
        return {name: golden.inputs(name, codes, maps) for name in golden.layers}
    except ValueError as error:
        raise InputError(
            f"{directory}: its images do not go with its tables ({error}); ohmforge run makes "
            f"them anew"
        ) from error


def _called(configuration: Configuration) -> str | None:
    """The function in a Python file that reading the images calls; None if there is none."""
    if configuration.data.source is not None:
        return configuration.data.source
    return configuration.model.source if "head" in configuration.model.on_host else None


def _configuration(run: RunDirectory) -> Configuration:
    """The configuration by the records of the run."""
    values: dict[str, Any] = {}
    for stage in STAGES:
        if record := run.record(stage.name):
            values |= record.configuration
    try:
        return Configuration.model_validate(given_values(recorded_values(values)))
    except ValidationError as error:
        raise InputError(f"{run.path}: its records are of another version of ohmforge") from error
