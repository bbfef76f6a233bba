"""Shortcuts without weights (option A of He et al., 2016), as they are written in torch."""

from collections.abc import Mapping
from typing import Any

from torch import fx

from sw.refusals import RefusedError

__all__ = ["padded_channels", "padded_space", "slice_stride"]


def slice_stride(node: fx.Node) -> tuple[int, int]:
    """Vertical and horizontal stride of ``x[:, :, ::down, ::across]``.

    Raises
    ------
    RefusedError
        If it takes anything else.
    """
    index: Any = node.args[1]
    whole = slice(None)
    if (
        isinstance(index, tuple)
        and len(index) == 4
        and index[:2] == (whole, whole)
        and all(
            isinstance(part, slice)
            and part.start in (None, 0)
            and part.stop is None
            and (part.step is None or (isinstance(part.step, int) and part.step >= 1))
            for part in index[2:]
        )
    ):
        return (index[2].step or 1, index[3].step or 1)
    raise RefusedError("only every n-th row and column from the first can be taken")


def _sizes(options: Mapping[str, Any]) -> tuple[int, ...]:
    sizes, mode, value = options["pad"], options["mode"], options["value"]
    if (
        isinstance(sizes, list | tuple)
        and all(isinstance(size, int) and size >= 0 for size in sizes)
        and mode in (None, "constant")
        and value in (None, 0, 0.0)
    ):
        return tuple(sizes)
    raise RefusedError(f"only zeros can be padded, not {mode} of {value}, {sizes}")


def padded_channels(options: Mapping[str, Any]) -> tuple[int, int] | None:
    """Channels of zeros before and behind that a padding adds; None if it pads anything else.

    Raises
    ------
    RefusedError
        If it pads with something other than zeros.
    """
    sizes = _sizes(options)
    if len(sizes) == 6 and not any(sizes[:4]):
        return (sizes[4], sizes[5])
    return None


def padded_space(options: Mapping[str, Any]) -> tuple[int, int] | None:
    """Rows above and below, columns left and right; None if the sides differ.

    Raises
    ------
    RefusedError
        If it pads with something other than zeros.
    """
    sizes = _sizes(options)
    if len(sizes) == 2:
        sizes = (*sizes, 0, 0)
    if len(sizes) == 4 and sizes[0] == sizes[1] and sizes[2] == sizes[3]:
        return (sizes[2], sizes[0])
    return None
