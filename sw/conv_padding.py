"""Padding of convolutions in numbers."""

from torch import nn

__all__ = ["conv_padding"]


def conv_padding(module: nn.Conv2d) -> tuple[int, int] | None:
    """Rows above and below, columns left and right; None if opposite sides differ."""
    if module.padding == "valid":
        return (0, 0)
    if module.padding == "same":
        sides = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        return None if any(side % 2 for side in sides) else (sides[0] // 2, sides[1] // 2)
    return (int(module.padding[0]), int(module.padding[1]))
