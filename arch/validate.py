"""Checks a directory of mapping tables without the code that made it.

``docs/mapping-tables.md`` lists what is checked. :mod:`arch.table_files` checks the files, this
module how the layers fit together, :mod:`arch.validate_records` what the OU records say.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arch.errors import InputError
from arch.fixed import ActFormat
from arch.host import HostSpec, run_order
from arch.layer import INPUT, LayerSpec
from arch.manifest import MANIFEST, Manifest, file_name
from arch.table_files import read_layers, read_manifest
from arch.validate_records import check_records

__all__ = ["LayerSummary", "Validation", "validate"]


@dataclass(frozen=True, kw_only=True)
class LayerSummary:
    """What was found in one layer; ``crossbars`` are physical ones."""

    name: str
    scheme: str
    ous: int
    crossbars: int
    segments: int
    segments_kept: int
    weights: int


@dataclass(frozen=True, kw_only=True)
class Validation:
    """Tables that have passed every check."""

    name: str
    sha256: str
    layers: tuple[LayerSummary, ...]

    def lines(self) -> list[str]:
        """The summary as text, a line a layer and one for all."""
        return [
            *(
                f"{layer.name}: {layer.ous} OUs in {layer.crossbars} crossbars, "
                f"{layer.segments_kept} of {layer.segments} segments, {layer.weights} weights, "
                f"each stored once ({layer.scheme})"
                for layer in self.layers
            ),
            f"{self.name}: {len(self.layers)} layers, tables {self.sha256}",
        ]


def validate(directory: Path) -> Validation:
    """Check everything that tables promise.

    Parameters
    ----------
    directory : path
        A directory with ``manifest.json``, made by anyone.

    Returns
    -------
    Validation
        What was found.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If anything is wrong: one line with the file, and where there is one, layer and OU.
    """
    manifest = read_manifest(directory)
    _check_network(manifest, Path(directory))
    layers: list[LayerSummary] = []
    for table in read_layers(directory, manifest):
        try:
            weights = check_records(table, manifest.geometry)
        except InputError as error:
            path = Path(directory) / file_name(len(layers), table.spec.name)
            raise InputError(f"{path}: {error}") from error
        layers.append(
            LayerSummary(
                name=table.spec.name,
                scheme=table.spec.scheme,
                ous=table.ous,
                crossbars=len(np.unique(table.crossbar)) * manifest.geometry.arrays,
                segments=table.segments,
                segments_kept=table.segments_kept,
                weights=weights,
            )
        )
        del table  # before the next one is read
    return Validation(name=manifest.name, sha256=manifest.sha256, layers=tuple(layers))


def _check_network(manifest: Manifest, directory: Path) -> None:
    """Everything reads something that is there, in the shape and the format that it expects."""
    for layer in manifest.layers:
        bits, planes = layer.spec.activation.bits, manifest.geometry.act_bits
        if bits > planes:
            raise InputError(
                f"{directory / MANIFEST}: layer {layer.spec.name}: activations of {bits} bits do "
                f"not fit the {planes} planes of the geometry"
            )
    try:
        order = run_order([layer.spec for layer in manifest.layers], manifest.host)
    except ValueError as error:
        raise InputError(f"{directory / MANIFEST}: {error}") from error
    earlier: dict[str, LayerSpec | HostSpec] = {}
    first: _Read | None = None
    for spec in order:
        what = "operation" if isinstance(spec, HostSpec) else "layer"
        try:
            for read in _reads(spec):
                if read.source == INPUT:
                    first = first or read
                    _check_input(read, first)
                else:
                    _check_link(read, earlier[read.source])
        except InputError as error:
            raise InputError(f"{directory / MANIFEST}: {what} {spec.name}: {error}") from error
        earlier[spec.name] = spec


@dataclass(frozen=True)
class _Read:
    """What a layer or an operation takes one of its sources to be."""

    reader: str
    source: str
    shape: tuple[int, int, int]
    activation: ActFormat


def _reads(spec: LayerSpec | HostSpec) -> list[_Read]:
    if isinstance(spec, LayerSpec):
        return [_Read(spec.name, spec.source, spec.in_shape, spec.activation)]
    return [
        _Read(spec.name, source, spec.in_shape, activation)
        for source, activation in zip(spec.sources, spec.activations, strict=True)
    ]


def _check_input(read: _Read, first: _Read) -> None:
    if (read.shape, read.activation) != (first.shape, first.activation):
        raise InputError(f"reads the input of the network in another form than {first.reader}")


def _check_link(read: _Read, source: LayerSpec | HostSpec) -> None:
    if read.shape != source.out_shape:
        raise InputError(f"in_shape is {read.shape}, but {source.name} gives {source.out_shape}")
    given, taken = source.output, read.activation
    if given.minimum < taken.minimum or given.maximum > taken.maximum:
        raise InputError(
            f"activations are {taken.minimum} to {taken.maximum}, "
            f"but {source.name} gives {given.minimum} to {given.maximum}"
        )
    if given.zero_point != taken.zero_point:
        raise InputError(
            f"activation zero_point is {taken.zero_point}, "
            f"but that of {source.name} is {given.zero_point}"
        )
