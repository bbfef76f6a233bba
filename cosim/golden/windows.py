"""Windows: the inputs of every output position (im2col)."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from arch.layer import LayerSpec

__all__ = ["windows"]


def windows(activations: np.ndarray, spec: LayerSpec) -> np.ndarray:
    """Inputs of every output position of a layer.

    A row of the result is in the order channel, kernel row, kernel column; the padding around an
    image reads ``spec.activation.zero_point``. Rows follow the images, then the output positions
    from left to right and top to bottom. A ``linear`` layer has one position: the whole image.

    Parameters
    ----------
    activations : int array, shape (n, C, H, W)
        Activations of ``n`` images.

    Returns
    -------
    int array, shape (n * spec.positions, spec.rows)
        In the type of ``activations``, or the next that also holds the zero point.

    Raises
    ------
    :exc:`TypeError`
        If ``activations`` are not integers.
    :exc:`ValueError`
        If their shape is not the one of the layer.
    """
    activations = np.asarray(activations)
    if activations.dtype.kind not in "iu":
        raise TypeError(f"layer {spec.name}: activations must be integers: {activations.dtype}")
    if activations.ndim != 4 or activations.shape[1:] != spec.in_shape:
        raise ValueError(
            f"layer {spec.name}: activations must have the shape (n, "
            f"{', '.join(map(str, spec.in_shape))}), not {activations.shape}"
        )
    images = len(activations)
    if spec.kind == "linear":
        return activations.reshape(images, spec.rows)
    window = [d * (k - 1) + 1 for k, d in zip(spec.kernel, spec.dilation, strict=True)]
    views = sliding_window_view(_padded(activations, spec), window, axis=(2, 3))
    (down, across), (row_step, col_step) = spec.stride, spec.dilation
    views = views[:, :, ::down, ::across, ::row_step, ::col_step]
    return views.transpose(0, 2, 3, 1, 4, 5).reshape(images * spec.positions, spec.rows)


def _padded(activations: np.ndarray, spec: LayerSpec) -> np.ndarray:
    images, channels, height, width = activations.shape
    down, across = spec.padding
    if not (down or across):
        return activations
    zero = spec.activation.zero_point
    dtype = np.promote_types(activations.dtype, np.min_scalar_type(zero))
    padded = np.full((images, channels, height + 2 * down, width + 2 * across), zero, dtype=dtype)
    padded[:, :, down : down + height, across : across + width] = activations
    return padded
