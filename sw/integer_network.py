"""The integer network: what quantisation makes and the mapper reads."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from arch.errors import InputError
from arch.fixed import BIAS_BITS, MULTIPLIER_BITS, SHIFT_MAX, ActFormat
from arch.group_layout import side_by_side
from arch.host import HostSpec, run_order
from arch.host_record import host_from_record, host_to_record
from arch.layer import INPUT, LayerSpec
from sw.layer_record import spec_from_record, spec_to_record
from sw.step_sources import check_source, sources_of
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
_OPTIONAL = {"host", "input_mean", "input_std"}
_OUTPUT_SCALE = "output_scale"
"""Optional too, but a number and no list."""

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
        Signed weights; rows in im2col order; zero where the segment is pruned, and outside the
        groups of the layer.
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
        groups = self.spec.groups
        if groups > 1 and np.count_nonzero(self.weights) != np.count_nonzero(
            side_by_side(self.weights, groups)
        ):
            raise ValueError(f"layer {name}: a weight outside its group must be 0")
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
        What one step of an input code is worth in a (normalised) image.
    in_shape : tuple of int
        Channels, height and width of an image.
    host : tuple of HostSpec
        Operations between the layers that the host computes, see :func:`arch.host.run_order`.
    input_mean, input_std : tuple of float
        Normalisation of each channel of an image; both empty if there is none.
    output_scale : float or None
        What one step of a score is worth, for a tail on the host; None if there is none.

    Raises
    ------
    :exc:`ValueError`
        If the layers do not fit together.
    """

    name: str
    layers: tuple[IntegerLayer, ...]
    input_scale: float
    in_shape: tuple[int, int, int]
    host: tuple[HostSpec, ...] = ()
    input_mean: tuple[float, ...] = ()
    input_std: tuple[float, ...] = ()
    output_scale: float | None = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("a network needs at least one layer")
        if not (math.isfinite(self.input_scale) and self.input_scale > 0):
            raise ValueError(f"input_scale must be above 0 and finite, not {self.input_scale}")
        worth = self.output_scale
        if worth is not None and not (math.isfinite(worth) and worth > 0):
            raise ValueError(f"output_scale must be above 0 and finite, not {worth}")
        for field in ("input_mean", "input_std"):
            values = getattr(self, field)
            if len(values) not in (0, self.in_shape[0]) or not all(map(math.isfinite, values)):
                raise ValueError(f"{field} must be a finite number a channel, not {values}")
        if len(self.input_mean) != len(self.input_std) or not all(v > 0 for v in self.input_std):
            raise ValueError(f"input_std must be above 0, not {self.input_std}")
        specs: dict[str, LayerSpec | HostSpec] = {}
        inputs = set()
        for spec in self.steps:
            for source, activation in sources_of(spec):
                check_source(spec, source, activation, specs, self.in_shape)
                inputs |= {activation} if source == INPUT else set()
            specs[spec.name] = spec
        if len(inputs) != 1:
            raise ValueError("the layers that read the input must agree on its format, and be some")

    @property
    def steps(self) -> tuple[LayerSpec | HostSpec, ...]:
        """Layers and host operations in the order in which they run."""
        return run_order([layer.spec for layer in self.layers], self.host)

    @property
    def input_format(self) -> ActFormat:
        """Format of the input codes."""
        return next(
            activation
            for spec in self.steps
            for source, activation in sources_of(spec)
            if source == INPUT
        )

    def layer(self, name: str) -> IntegerLayer:
        """The layer called ``name``; raises :exc:`ValueError` that lists the names if it is not."""
        for layer in self.layers:
            if layer.spec.name == name:
                return layer
        names = ", ".join(layer.spec.name for layer in self.layers)
        raise ValueError(f"no layer {name!r}; the layers are {names}")


def encode_input(network: IntegerNetwork, images: np.ndarray) -> np.ndarray:
    """Input codes of images: normalised, nearest step, half up, clipped to the format's range.

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
    act = network.input_format
    values = images.astype(np.float64)
    if network.input_mean:
        mean, std = (np.array(v)[:, None, None] for v in (network.input_mean, network.input_std))
        values = (values - mean) / std
    steps = np.floor(values / network.input_scale + 0.5) + act.zero_point
    return np.clip(steps, act.minimum, act.maximum).astype(np.int8 if act.signed else np.uint8)


def save_integer_network(network: IntegerNetwork, path: Path) -> None:
    """Write an integer network; the same network gives the same bytes."""
    arrays = {
        f"{layer.spec.name}.{field}": getattr(layer, field)
        for layer in network.layers
        for field in _ARRAYS
    }
    content: dict[str, Any] = {
        "name": network.name,
        "input_scale": network.input_scale,
        "in_shape": network.in_shape,
        "layers": [spec_to_record(layer.spec) for layer in network.layers],
    }
    # A network without them has the file that it always had.
    if network.host:
        content["host"] = [host_to_record(operation) for operation in network.host]
    if network.input_mean:
        content |= {"input_mean": network.input_mean, "input_std": network.input_std}
    if network.output_scale is not None:
        content[_OUTPUT_SCALE] = network.output_scale
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
    worth = content.get(_OUTPUT_SCALE)
    if worth is not None and type(worth) is not float:
        raise ValueError(f"{_OUTPUT_SCALE} must be a number, not {worth!r:.80}")
    if set(content) - _OPTIONAL - {_OUTPUT_SCALE} != _FIELDS or not isinstance(
        content["layers"], list
    ):
        raise ValueError(f"an integer network has {', '.join(sorted(_FIELDS))}")
    if not isinstance(content["name"], str) or type(content["input_scale"]) is not float:
        raise ValueError("name must be text and input_scale a number")
    if not isinstance(content["in_shape"], list):
        raise ValueError(f"in_shape must be a list, not {content['in_shape']!r:.80}")
    extra = {name: content.get(name, []) for name in sorted(_OPTIONAL)}
    for name, values in extra.items():
        kind = dict if name == "host" else float
        if not isinstance(values, list) or not all(type(value) is kind for value in values):
            raise ValueError(f"{name} must be a list of type {kind.__name__}, not {values!r:.80}")
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
        host=tuple(host_from_record(record) for record in extra["host"]),
        input_mean=tuple(extra["input_mean"]),
        input_std=tuple(extra["input_std"]),
        output_scale=worth,
    )
