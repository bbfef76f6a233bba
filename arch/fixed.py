"""Number formats: activations, weight codes, the ADC, accumulators and requantisation.

Every rule is written once, here; software, golden model and hardware take it from this module.
``docs/number-formats.md`` explains them with examples.
"""

from dataclasses import dataclass

import numpy as np

from arch.geometry import Geometry

__all__ = [
    "ACC_BITS_MAX",
    "BIAS_BITS",
    "MULTIPLIER_BITS",
    "OUT_BITS_MAX",
    "SHIFT_MAX",
    "ActFormat",
    "OutFormat",
    "accumulator_bits",
    "adc_max",
    "decode_weights",
    "encode_weights",
    "is_lossless",
    "ou_magnitude",
    "plane_weights",
    "requantise",
    "weight_range",
]

MULTIPLIER_BITS = 16
"""Width of the unsigned multiplier of a requantisation."""
SHIFT_MAX = 47
"""Largest right shift of a requantisation."""
BIAS_BITS = 32
"""Width of the signed bias of a requantisation, in units of the accumulator."""
ACC_BITS_MAX = 40
"""Widest accumulator that the generator accepts."""
OUT_BITS_MAX = 16
"""Widest output of a layer."""


@dataclass(frozen=True, kw_only=True)
class ActFormat:
    """Format of the activations that enter a layer.

    Parameters
    ----------
    bits : int
        Width of one activation (1 to 8; signed activations take at least 2).
    signed : bool
        Two's complement if true, unsigned if false.
    zero_point : int
        The code that stands for zero; a padded window is filled with it.
    """

    bits: int = 8
    signed: bool = False
    zero_point: int = 0

    def __post_init__(self) -> None:
        low = 2 if self.signed else 1
        if not low <= self.bits <= 8:
            raise ValueError(f"activation bits must be {low} to 8, not {self.bits}")
        if not self.minimum <= self.zero_point <= self.maximum:
            raise ValueError(
                f"activation zero_point must be {self.minimum} to {self.maximum}, "
                f"not {self.zero_point}"
            )

    @property
    def minimum(self) -> int:
        """Smallest code."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """Largest code."""
        return (1 << (self.bits - self.signed)) - 1


@dataclass(frozen=True, kw_only=True)
class OutFormat:
    """Format of the outputs of a layer, after requantisation.

    Parameters
    ----------
    bits : int
        Width of one output (1 to 16).
    signed : bool
        Two's complement if true, unsigned if false.
    zero_point : int
        Added after the shift.
    minimum, maximum : int
        The clamp, which is also the activation function: ``ReLU`` has ``minimum == zero_point``.
    """

    bits: int = 8
    signed: bool = False
    zero_point: int = 0
    minimum: int = 0
    maximum: int = 255

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= OUT_BITS_MAX:
            raise ValueError(f"output bits must be 1 to {OUT_BITS_MAX}, not {self.bits}")
        low = -(1 << (self.bits - 1)) if self.signed else 0
        high = (1 << (self.bits - self.signed)) - 1
        if not low <= self.minimum <= self.maximum <= high:
            raise ValueError(
                f"output clamp must lie in {low} to {high}, not {self.minimum} to {self.maximum}"
            )
        if not low <= self.zero_point <= high:
            raise ValueError(f"output zero_point must be {low} to {high}, not {self.zero_point}")


def weight_range(weight_bits: int) -> tuple[int, int]:
    """Smallest and largest signed weight of ``weight_bits`` bits, both inclusive."""
    return -(1 << (weight_bits - 1)), (1 << (weight_bits - 1)) - 1


def plane_weights(bits: int, *, signed: bool) -> tuple[int, ...]:
    """Weight of each bit plane, plane 0 first; the sign plane is negative."""
    weights = [1 << plane for plane in range(bits)]
    if signed:
        weights[-1] = -weights[-1]
    return tuple(weights)


def adc_max(geometry: Geometry) -> int:
    """Largest ADC code: a larger bit-line sum saturates to it."""
    return (1 << geometry.adc_bits) - 1


def is_lossless(geometry: Geometry) -> bool:
    """Whether no bit-line sum can saturate the ADC."""
    return adc_max(geometry) >= geometry.ou_rows * ((1 << geometry.cell_bits) - 1)


def encode_weights(weights: np.ndarray, geometry: Geometry) -> tuple[np.ndarray, np.ndarray | None]:
    """Cell levels of signed weights, least significant slice first.

    Parameters
    ----------
    weights : int array, shape (...)
        Signed weights of ``geometry.weight_bits`` bits.

    Returns
    -------
    cells : uint8 array, shape (..., slices)
        Levels of the array, or of the positive array when differential.
    cells_negative : uint8 array, shape (..., slices), or None
        Levels of the negative array when differential.

    Raises
    ------
    :exc:`ValueError`
        If a weight does not fit ``geometry.weight_bits``.
    """
    weights = np.asarray(weights, dtype=np.int64)
    low, high = weight_range(geometry.weight_bits)
    if weights.size and (weights.min() < low or weights.max() > high):
        raise ValueError(
            f"weights must be {low} to {high} for {geometry.weight_bits} bits, "
            f"not {weights.min()} to {weights.max()}"
        )
    if geometry.encoding == "offset":
        return _slice(weights - low, geometry), None
    return _slice(np.maximum(weights, 0), geometry), _slice(np.maximum(-weights, 0), geometry)


def decode_weights(
    cells: np.ndarray, cells_negative: np.ndarray | None, geometry: Geometry
) -> np.ndarray:
    """Signed weights of cell levels; the inverse of :func:`encode_weights`.

    Parameters
    ----------
    cells, cells_negative : uint8 array, shape (..., slices)
        Levels as :func:`encode_weights` returns them.

    Returns
    -------
    int64 array, shape (...)
    """
    if cells_negative is None:
        return _join(cells, geometry) + weight_range(geometry.weight_bits)[0]
    return _join(cells, geometry) - _join(cells_negative, geometry)


def _slice(codes: np.ndarray, geometry: Geometry) -> np.ndarray:
    shifts = np.arange(geometry.slices) * geometry.cell_bits
    return ((codes[..., None] >> shifts) & ((1 << geometry.cell_bits) - 1)).astype(np.uint8)


def _join(cells: np.ndarray, geometry: Geometry) -> np.ndarray:
    cells = np.asarray(cells)
    codes = np.zeros(cells.shape[:-1], dtype=np.int64)
    for place in range(geometry.slices):  # a sum over so short an axis takes three times longer
        codes += cells[..., place].astype(np.int64) << (place * geometry.cell_bits)
    return codes


def ou_magnitude(geometry: Geometry) -> int:
    """Bound on the absolute contribution of one OU to one output, for any cells and inputs."""
    code = min(geometry.ou_rows * ((1 << geometry.cell_bits) - 1), adc_max(geometry))
    codes = sum(code << (s * geometry.cell_bits) for s in range(geometry.slices))
    correction = 0
    if geometry.encoding == "offset":
        correction = geometry.ou_rows << (geometry.weight_bits - 1)
    return max(codes, correction) * ((1 << geometry.act_bits) - 1)


def accumulator_bits(geometry: Geometry, ous_per_output: int) -> int:
    """Width of a signed accumulator that no input can overflow.

    Parameters
    ----------
    ous_per_output : int
        The largest number of OUs that add into one output.

    Raises
    ------
    :exc:`ValueError`
        If the width exceeds :data:`ACC_BITS_MAX`.
    """
    bits = (ou_magnitude(geometry) * max(1, ous_per_output)).bit_length() + 1
    if bits > ACC_BITS_MAX:
        raise ValueError(
            f"{ous_per_output} OUs add into one output, which takes an accumulator of {bits} bits; "
            f"at most {ACC_BITS_MAX} are supported: split the layer or lower act_bits or adc_bits"
        )
    return bits


def requantise(
    acc: np.ndarray,
    multiplier: np.ndarray,
    shift: np.ndarray,
    bias: np.ndarray,
    out: OutFormat,
) -> np.ndarray:
    """Integer outputs of integer accumulators, rounded half up.

    ``clamp((((acc + bias) * multiplier + rounding) >> shift) + zero_point, minimum, maximum)`` with
    ``rounding = 1 << (shift - 1)``, or 0 when ``shift`` is 0.

    Parameters
    ----------
    acc : int array, shape (..., C)
    multiplier, shift, bias : int array, shape (C,)
    out : OutFormat

    Returns
    -------
    int64 array, shape (..., C)
    """
    shift = np.asarray(shift, dtype=np.int64)
    rounding = np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 0)
    product = (np.asarray(acc, dtype=np.int64) + bias) * np.asarray(multiplier, dtype=np.int64)
    return np.clip(((product + rounding) >> shift) + out.zero_point, out.minimum, out.maximum)
