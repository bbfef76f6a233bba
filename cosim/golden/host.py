"""What the host computes between layers, written from ``docs/number-formats.md``."""

from collections.abc import Sequence

import numpy as np

from arch.host import HostSpec

__all__ = ["GoldenOperation"]


class GoldenOperation:
    """One host operation.

    Parameters
    ----------
    spec : HostSpec
        What it is.
    """

    def __init__(self, spec: HostSpec) -> None:
        self.spec = spec

    def outputs(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Outputs, requantised and clamped.

        Parameters
        ----------
        values : sequence of int array, shape (n, C, H, W)
            What each source gave.

        Returns
        -------
        int64 array, shape (n, *out_shape)

        Raises
        ------
        :exc:`ValueError`
            If a shape is wrong, or a value does not fit the format of its source.
        """
        spec = self.spec
        total = np.zeros((len(values[0]), *spec.out_shape), dtype=np.int64)
        for given, form, factor in zip(values, spec.activations, spec.multipliers, strict=True):
            value = np.asarray(given)
            if value.shape != (len(total), *spec.in_shape):
                raise ValueError(
                    f"operation {spec.name}: values must have the shape "
                    f"{(len(total), *spec.in_shape)}, not {value.shape}"
                )
            for extreme in (int(value.min()), int(value.max())) if value.size else ():
                if not form.minimum <= extreme <= form.maximum:
                    raise ValueError(
                        f"operation {spec.name}: values must be {form.minimum} to "
                        f"{form.maximum}, not {extreme}"
                    )
            total += factor * self._gather(value.astype(np.int64), form.zero_point)
        if spec.shift:
            # Half a step up and then down to a whole one, as floor division is for any sign.
            total = (total + 2 ** (spec.shift - 1)) // 2**spec.shift
        total += spec.output.zero_point
        return np.minimum(np.maximum(total, spec.output.minimum), spec.output.maximum)

    def _gather(self, value: np.ndarray, zero: int) -> np.ndarray:
        """What the output elements take from a source, as numbers and not as codes."""
        spec = self.spec
        channels, height, width = spec.in_shape
        if spec.kind == "add":
            return value - zero
        if spec.kernel is not None or spec.kind == "max_pool":
            return self._pool(value - zero)
        if spec.kind == "average_pool":
            flat = value.reshape(len(value), channels, height * width)
            return (flat @ np.ones(height * width, dtype=np.int64) - zero * height * width).reshape(
                -1, channels, 1, 1
            )
        taken = np.zeros((len(value), *spec.out_shape), dtype=np.int64)
        for channel in range(channels):
            for row in range(spec.out_shape[1]):
                source = value[:, channel, row * spec.stride[0], :: spec.stride[1]]
                taken[:, spec.channels_before + channel, row] = source - zero
        return taken

    def _pool(self, value: np.ndarray) -> np.ndarray:
        """Sum or maximum of the part of every window that lies in the map."""
        spec = self.spec
        _, height, width = spec.in_shape
        tall, wide = (height, width) if spec.kernel is None else spec.kernel
        pooled = np.empty((len(value), *spec.out_shape), dtype=np.int64)
        for row in range(spec.out_shape[1]):
            top = row * spec.stride[0] - spec.padding[0]
            rows = [y for y in range(top, top + tall) if 0 <= y < height]
            for column in range(spec.out_shape[2]):
                left = column * spec.stride[1] - spec.padding[1]
                columns = [x for x in range(left, left + wide) if 0 <= x < width]
                part = value[:, :, rows][:, :, :, columns]
                if spec.kind == "max_pool":
                    pooled[:, :, row, column] = part.max(axis=(2, 3))
                else:
                    pooled[:, :, row, column] = part.sum(axis=(2, 3))
        return pooled
