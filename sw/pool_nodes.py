"""Pooling as it is written in torch, as windows of a kernel."""

from dataclasses import dataclass

from sw.node_calls import Call, pair
from sw.refusals import RefusedError

__all__ = ["POOLS", "Pool", "read_pool"]

POOLS = {
    "average_pool": "average_pool",
    "adaptive_average_pool": "average_pool",
    "mean": "average_pool",
    "max_pool": "max_pool",
    "adaptive_max_pool": "max_pool",
    "amax": "max_pool",
}
"""Kind of the operation (:data:`arch.host.HOST_KINDS`) by kind of the call."""


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Pooling, see :class:`arch.host.HostSpec`; without a kernel it takes the whole map."""

    kind: str
    kernel: tuple[int, int] | None = None
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)


def read_pool(call: Call, shape: tuple[int, ...], given: tuple[int, ...]) -> Pool:
    """The pooling that a call is.

    Parameters
    ----------
    call : Call
        Of one of the kinds :data:`POOLS`.
    shape : tuple of int
        Of what it reads, without the batch.
    given : tuple of int
        Of what it gives, likewise, as torch computes it.

    Raises
    ------
    RefusedError
        If it pools in a way that cannot be mapped.
    """
    kind = POOLS[call.kind]
    if call.options.get("return_indices"):
        raise RefusedError("return_indices must be false: places of maxima are not kept")
    if call.kind in ("mean", "amax"):
        return _over_axes(call, kind, shape)
    if call.kind.startswith("adaptive"):
        return _adaptive(kind, shape, given)
    return _windows(call, kind, shape, given)


def _windows(call: Call, kind: str, shape: tuple[int, ...], given: tuple[int, ...]) -> Pool:
    options = call.options
    kernel = pair(options["kernel_size"])
    # An empty stride is the kernel, as None is.
    stride = pair(options["stride"]) if options["stride"] else kernel
    padding = pair(options["padding"])
    if pair(options.get("dilation", 1)) != (1, 1):
        raise RefusedError("dilation must be 1 for a pool to be mapped")
    if options.get("divisor_override") is not None:
        raise RefusedError("divisor_override must be left out for a pool to be mapped")
    if not options.get("count_include_pad", True) and padding != (0, 0):
        raise RefusedError("count_include_pad must be true for a pool with padding to be mapped")
    whole = tuple(
        (size + 2 * around - window) // step + 1
        for size, around, window, step in zip(shape[1:], padding, kernel, stride, strict=True)
    )
    if whole != given[1:]:
        raise RefusedError(
            f"ceil_mode must be false for a pool to be mapped: it adds windows that reach over "
            f"the edge ({given[1:]} outputs instead of {whole})"
        )
    return Pool(kind=kind, kernel=kernel, stride=stride, padding=padding)


def _adaptive(kind: str, shape: tuple[int, ...], given: tuple[int, ...]) -> Pool:
    if given[1:] == (1, 1):
        return Pool(kind=kind)
    if any(size % wanted for size, wanted in zip(shape[1:], given[1:], strict=True)):
        raise RefusedError(
            f"an adaptive pool must divide the map evenly to be mapped, {shape[1:]} by {given[1:]} "
            "does not; choose another output size"
        )
    down, across = (size // wanted for size, wanted in zip(shape[1:], given[1:], strict=True))
    return Pool(kind=kind, kernel=(down, across), stride=(down, across))


def _over_axes(call: Call, kind: str, shape: tuple[int, ...]) -> Pool:
    """A mean or a maximum over height, width or both."""
    axes = call.options["dim"]
    if isinstance(axes, int):
        axes = (axes,)
    rank = len(shape) + 1
    named = sorted(axis % rank for axis in axes) if isinstance(axes, list | tuple) else []
    if call.options.get("dtype") is not None or named not in ([2, 3], [2], [3]) or rank < 3:
        raise RefusedError(f"must be over height and width, not {axes}")
    height, width = (*shape[1:], 1)[:2]
    if named == [2, 3] or (named == [2] and width == 1) or (named == [3] and height == 1):
        return Pool(kind=kind)
    kernel = (height, 1) if named == [2] else (1, width)
    return Pool(kind=kind, kernel=kernel, stride=kernel)
