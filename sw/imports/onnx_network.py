"""A network from an ONNX file."""

from pathlib import Path

from arch.errors import InputError
from sw.imported_network import ImportedNetwork
from sw.imports.onnx_build import Build, RefusedNodeError
from sw.imports.onnx_constants import FOLDED
from sw.imports.onnx_file import label, read_onnx
from sw.imports.onnx_layers import LAYERS
from sw.imports.onnx_plain import PLAIN
from sw.imports.onnx_windows import WINDOWS

__all__ = ["OPERATORS", "load_onnx"]

OPERATORS = LAYERS | WINDOWS | PLAIN
"""What is made of a node, by its operator."""
_WEIGHTS_MAX = 1 << 28


def load_onnx(path: Path, *, shapes_only: bool = False) -> ImportedNetwork:
    """The network of an ONNX file, as a module that trains and can be copied.

    Its layers are called as in the file, see :mod:`sw.imports.onnx_names`. Nothing of the file is
    executed.

    Parameters
    ----------
    path : Path
        One file, weights included.
    shapes_only : bool
        Whether to leave the weights in the file and the module on torch's meta device.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be read, is damaged or too large, or holds what cannot be mapped; every
        node that is in the way is named.
    """
    path = Path(path)
    file = read_onnx(path, FOLDED | OPERATORS.keys())
    build = Build(file)
    build.start()
    problems = _convert(build)
    if problems:
        raise InputError(f"{path}: cannot be mapped: {'; '.join(problems)}")
    try:
        module, classes = build.finish()
    except RefusedNodeError as error:
        raise InputError(f"{path}: {error}") from error
    count = sum(tensor.numel() for tensor in module.state_dict().values())
    if count > _WEIGHTS_MAX:
        raise InputError(f"{path}: has {count} weights, at most {_WEIGHTS_MAX} are read")
    if not shapes_only:
        module.load_state_dict({name: load() for name, load in build.weights.items()}, assign=True)
    shape = (*file.shapes[file.input][1:], 1, 1)[:3]
    return ImportedNetwork(
        module=module.eval(), in_shape=(shape[0], shape[1], shape[2]), classes=classes
    )


def _convert(build: Build) -> list[str]:
    """Enter all nodes; returns what is wrong, a text for each node that was refused.

    A node that reads what a refused one gives is left out without a word.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there are too many constants, or one cannot be computed.
    """
    problems: list[str] = []
    lost: set[str] = set()
    for node in build.file.nodes:
        if lost.intersection(node.input):
            lost.update(node.output)
            continue
        if not build.values.intersection(node.output):
            build.fold(node)
            continue
        try:
            extra = [name for name in node.output[1:] if name and build.uses[name]]
            if extra:
                raise RefusedNodeError(f"its output {extra[0]!r} is used")
            if node.op_type not in OPERATORS:
                raise RefusedNodeError("it can only compute with constants")
            OPERATORS[node.op_type](build, node)
        except RefusedNodeError as error:
            problems.append(f"{label(node)}: {error}")
            lost.update(node.output)
    return problems
