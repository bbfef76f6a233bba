"""The integer network: what quantisation makes and the mapper reads."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from arch.errors import InputError
from arch.fixed import BIAS_BITS, MULTIPLIER_BITS, SHIFT_MAX
from arch.layer import INPUT, LayerSpec
from sw.layer_record import spec_from_record, spec_to_record
from sw.tensor_file import read_tensors, write_tensors

__all__ = [
    "IntegerLayer",
    "IntegerNetwork",
    "encode_input",
    "load_integer_network",
    "save_integer_network",
]

_KIND = "an integer network"
_ARRAYS = ("weights", "kept", "multiplier", "shift", "bias")
_FIELDS = {"name", "input_scale", "in_shape", "layers"}

_RANGES = {
    "multiplier": (0, (1 << MULTIPLIER_BITS) - 1),
    "shift": (0, SHIFT_MAX),
    "bias": (-(1 << (BIAS_BITS - 1)), (1 << (BIAS_BITS - 1)) - 1),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class IntegerLayer:
    """One layer in integers.

    Parameters
    ----------
    spec : LayerSpec
        What the layer is.
    weights : int8 array, shape (R, C)
        Signed weights; rows in im2col order; zero where the segment is pruned.
    kept : bool array
        Segments that are kept. ``column_vector``: shape (ceil(R / ou_rows), C). ``row_vector``:
        shape (R, ceil(C / ou_weights)).
    multiplier, shift, bias : int64 array, shape (C,)
        Requantisation, see :func:`arch.fixed.requantise`.

    Raises
    ------
    :exc:`ValueError`
        If a shape, a dtype or a value is not as above.
    """

    spec: LayerSpec
    weights: np.ndarray
    kept: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    bias: np.ndarray

    def __post_init__(self) -> None:
        name, shape = self.spec.name, (self.spec.rows, self.spec.cols)
        if self.weights.shape != shape or self.weights.dtype != np.int8:
            raise ValueError(
                f"layer {name}: weights must be int8 of shape {shape}, "
                f"not {self.weights.dtype} of {self.weights.shape}"
            )
        # The size of a segment is the geometry's; the other direction is known here.
        whole = 1 if self.spec.scheme == "column_vector" else 0
        if (
            self.kept.dtype != np.bool_
            or self.kept.ndim != 2
            or self.kept.shape[whole] != shape[whole]
            or not 1 <= self.kept.shape[1 - whole] <= shape[1 - whole]
        ):
            raise ValueError(
                f"layer {name}: kept must be bool with {shape[whole]} "
                f"{('rows', 'columns')[whole]}, not {self.kept.dtype} of {self.kept.shape}"
            )
        for field, (low, high) in _RANGES.items():
            values = getattr(self, field)
            if values.shape != (self.spec.cols,) or values.dtype != np.int64:
                raise ValueError(
                    f"layer {name}: {field} must be int64 of shape ({self.spec.cols},), "
                    f"not {values.dtype} of {values.shape}"
                )
            if values.min() < low or values.max() > high:
                raise ValueError(
                    f"layer {name}: {field} must be {low} to {high}, "
                    f"not {values.min()} to {values.max()}"
                )


@dataclass(frozen=True, kw_only=True, eq=False)
class IntegerNetwork:
    """A network in integers; its last layer gives the class scores.

    Parameters
    ----------
    name : str
        What it is called in reports and tables.
    layers : tuple of IntegerLayer
        In execution order: a layer reads the input or a layer before it.
    input_scale : float
        What one step of an input code is worth in an image.
    in_shape : tuple of int
        Channels, height and width of an image.

    Raises
    ------
    :exc:`ValueError`
        If the layers do not fit together.
    """

    name: str
    layers: tuple[IntegerLayer, ...]
    input_scale: float
    in_shape: tuple[int, int, int]

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("a network needs at least one layer")
        if not (math.isfinite(self.input_scale) and self.input_scale > 0):
            raise ValueError(f"input_scale must be above 0 and finite, not {self.input_scale}")
        specs: dict[str, LayerSpec] = {}
        for layer in self.layers:
            spec = layer.spec
            if spec.name in specs:
                raise ValueError(f"layer {spec.name}: there are two of this name")
            _check_source(spec, specs, self.in_shape)
            specs[spec.name] = spec
        if len({s.activation for s in specs.values() if s.source == INPUT}) != 1:
            raise ValueError("the layers that read the input must agree on its format, and be some")

    def layer(self, name: str) -> IntegerLayer:
        """The layer called ``name``; raises :exc:`ValueError` that lists the names if it is not."""
        for layer in self.layers:
            if layer.spec.name == name:
                return layer
        names = ", ".join(layer.spec.name for layer in self.layers)
        raise ValueError(f"no layer {name!r}; the layers are {names}")


def _check_source(spec: LayerSpec, specs: dict[str, LayerSpec], in_shape: tuple[int, ...]) -> None:
    """Raise :exc:`ValueError` unless ``spec`` reads what its source writes."""
    if spec.source == INPUT:
        if spec.in_shape != in_shape:
            raise ValueError(
                f"layer {spec.name}: in_shape must be that of the input {in_shape}, "
                f"not {spec.in_shape}"
            )
        return
    if spec.source not in specs:
        raise ValueError(f"layer {spec.name}: source {spec.source!r} does not come before it")
    source = specs[spec.source]
    if spec.in_shape != source.out_shape:
        raise ValueError(
            f"layer {spec.name}: in_shape must be the outputs of {source.name} {source.out_shape}, "
            f"not {spec.in_shape}"
        )
    written = (source.output.bits, source.output.signed, source.output.zero_point)
    read = (spec.activation.bits, spec.activation.signed, spec.activation.zero_point)
    if written != read:
        raise ValueError(
            f"layer {spec.name}: bits, signed and zero_point of the inputs must be those of "
            f"{source.name} {written}, not {read}"
        )


def encode_input(network: IntegerNetwork, images: np.ndarray) -> np.ndarray:
    """Input codes of images: nearest step, half up, clipped to the range of the format.

    Parameters
    ----------
    images : float array, shape (n, C, H, W)

    Returns
    -------
    uint8 array (int8 if the first layer reads signed inputs), shape (n, C, H, W)

    Raises
    ------
    :exc:`ValueError`
        If the shape is not that of the network's input, or a value is not finite.
    """
    if images.ndim != 4 or images.shape[1:] != network.in_shape:
        raise ValueError(f"images must have a shape (n, *{network.in_shape}), not {images.shape}")
    if not np.isfinite(images).all():
        raise ValueError("images must be finite, not NaN or infinite")
    act = next(layer.spec.activation for layer in network.layers if layer.spec.source == INPUT)
    steps = np.floor(images.astype(np.float64) / network.input_scale + 0.5) + act.zero_point
    return np.clip(steps, act.minimum, act.maximum).astype(np.int8 if act.signed else np.uint8)


def save_integer_network(network: IntegerNetwork, path: Path) -> None:
    """Write an integer network; the same network gives the same bytes."""
    arrays = {
        f"{layer.spec.name}.{field}": getattr(layer, field)
        for layer in network.layers
        for field in _ARRAYS
    }
    content = {
        "name": network.name,
        "input_scale": network.input_scale,
        "in_shape": network.in_shape,
        "layers": [spec_to_record(layer.spec) for layer in network.layers],
    }
    write_tensors(path, arrays, kind=_KIND, content=content)


def load_integer_network(path: Path) -> IntegerNetwork:
    """Read what :func:`save_integer_network` wrote.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be read or is damaged, or a shape, a type or a value is wrong.
    """
    content, arrays = read_tensors(path, kind=_KIND)
    try:
        return _network(content, arrays)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _network(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> IntegerNetwork:
    if set(content) != _FIELDS or not isinstance(content["layers"], list):
        raise ValueError(f"an integer network has {', '.join(sorted(_FIELDS))}")
    if not isinstance(content["name"], str) or type(content["input_scale"]) is not float:
        raise ValueError("name must be text and input_scale a number")
    if not isinstance(content["in_shape"], list):
        raise ValueError(f"in_shape must be a list, not {content['in_shape']!r:.80}")
    specs = [spec_from_record(record) for record in content["layers"]]
    expected = {f"{spec.name}.{field}" for spec in specs for field in _ARRAYS}
    if different := sorted(expected ^ set(arrays)):
        what = "is missing" if different[0] in expected else "belongs to no layer"
        raise ValueError(f"array {different[0]!r} {what}")
    layers = tuple(
        IntegerLayer(spec=spec, **{field: arrays[f"{spec.name}.{field}"] for field in _ARRAYS})
        for spec in specs
    )
    return IntegerNetwork(
        name=content["name"],
        layers=layers,
        input_scale=content["input_scale"],
        in_shape=tuple(content["in_shape"]),
    )
