"""Why operations are refused, and what to change."""

from torch import fx, nn

from sw.node_calls import Call

__all__ = ["RefusedError", "refusal"]

_LIMITS = "use ReLU, ReLU6, Hardtanh or Hardsigmoid, which are exact in integers"
_CURVES = {
    "gelu", "silu", "swish", "mish", "elu", "selu", "celu", "softplus", "tanh", "leakyrelu",
    "leaky_relu", "prelu", "rrelu", "tanhshrink", "softsign", "hardswish", "exp", "erf",
}  # fmt: skip
_ENDS = {"softmax", "log_softmax", "logsoftmax", "sigmoid", "softmin", "logsigmoid", "argmax"}
_REASONS = {
    "multiply": "two values of the network are multiplied, which no crossbar does with weights "
    "that are fixed; leave the gate out",
    "divide": "a value of the network is divided by another; leave it out",
    "subtract": "the difference of two values has no step of its own; make the last weights of "
    "one of them negative, and add",
    "negate": "a negative value has no step of its own; make the weights before it negative",
}
_NAMES = {
    "conv_transpose": "a transposed convolution is no matrix product over windows; use nearest "
    "pixels that are repeated before the network, or a convolution with a smaller stride before",
    "convtranspose": "a transposed convolution is no matrix product over windows; use a "
    "convolution with a smaller stride before",
    "conv1d": "only images are read: use Conv2d with a kernel of height 1",
    "conv3d": "only images are read: use Conv2d",
    "conv2d": "its weights are not those of a module: use torch.nn.Conv2d",
    "linear": "its weights are not those of a module: use torch.nn.Linear",
    "batch_norm": "its statistics are not those of a module: use torch.nn.BatchNorm2d",
    "norm": "its mean and deviation are taken from each image, which no weight can hold; use "
    "BatchNorm2d",
    "permute": "the order of the elements changes; feature maps are always read as channel, row, "
    "column",
    "transpose": "the order of the elements changes; feature maps are always read as channel, "
    "row, column",
    "upsample": "there is no step that repeats or interpolates elements",
    "interpolate": "there is no step that repeats or interpolates elements",
    "matmul": "two values are multiplied, which no crossbar does with weights that are fixed; use "
    "Linear or Conv2d",
    "lstm": "recurrent layers have no step",
    "gru": "recurrent layers have no step",
    "attention": "two values are multiplied, which no crossbar does with weights that are fixed",
    "embedding": "a table lookup is no matrix product",
}


class RefusedError(ValueError):
    """A node has no place in our layers; the message says why and what to change."""


def refusal(call: Call, node: fx.Node) -> str:
    """Why a node of no known kind is refused."""
    name = str(getattr(node.target, "__name__", node.target)).lower()
    if isinstance(call.module, nn.Module):
        name = type(call.module).__name__.lower()
    return _REASONS.get(call.kind) or _by_name(name.removesuffix("_"))


def _by_name(name: str) -> str:
    if name in _CURVES:
        return f"a curve is not exact in integers; {_LIMITS}"
    if name in _ENDS:
        return (
            "is not exact in integers; leave it out (the largest score stays the largest), "
            f"or {_LIMITS}"
        )
    for part, reason in _NAMES.items():
        if part in name:
            return reason
    return "there is no step for it; docs/software.md lists what there is"
