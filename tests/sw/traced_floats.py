"""A layer graph computed in floats, from what it says alone."""

import torch
import torch.nn.functional as F

from sw.batch_norm import fold, scale_and_offset
from sw.normalise import Normalise
from sw.traced import TracedLayer


def run_floats(traced, images):
    """Outputs of every step, float64 tensors of shape (n, C, H, W), by name."""
    values = {"input": _normalised(traced, images.double())}
    for step in traced.steps:
        sources = step.sources if hasattr(step, "sources") else (step.source,)
        found = [values[source] for source in sources]
        made = _layer(step, *found) if isinstance(step, TracedLayer) else _operation(step, *found)
        assert made.shape[1:] == step.out_shape
        values[step.name] = made.clamp(step.clamp.low, step.clamp.high)
    return values


def _normalised(traced, x):
    for transform in traced.normalise:
        if isinstance(transform, Normalise):
            x = transform(x)
            continue
        scale, offset = (torch.from_numpy(v).reshape(-1, 1, 1) for v in scale_and_offset(transform))
        x = x * scale + offset
    return x


def _layer(step, x):
    weights, bias = (torch.from_numpy(values) for values in fold(step))
    if isinstance(step.module, torch.nn.Linear):
        return (x.flatten(1) @ weights + bias)[:, :, None, None]
    kernel, stride, dilation = (1, 1), (1, 1), (1, 1)
    if step.module is not None:
        kernel, stride = step.module.kernel_size, step.module.stride
        dilation = step.module.dilation
    weights = weights.T.reshape(len(bias), -1, *kernel)
    return F.conv2d(x, weights, bias, stride, step.padding, dilation, step.groups)


def _operation(step, x, other=None):
    if step.kind == "add":
        return x + other
    if step.kind == "shortcut":
        behind = step.out_shape[0] - step.channels_before - x.shape[1]
        x = x[:, :, :: step.stride[0], :: step.stride[1]]
        return F.pad(x, (0, 0, 0, 0, step.channels_before, behind))
    kernel = step.kernel or x.shape[2:]
    pool = F.max_pool2d if step.kind == "max_pool" else F.avg_pool2d
    return pool(x, kernel, step.stride, step.padding)
