"""Weights that torch saved: a ``state_dict`` in a ``.pt`` or ``.pth`` file, and nothing else.

Such a file is a zip with a pickle, and a pickle is a program. So its instructions are read before
anything is loaded: a state dict calls a handful of functions, and whatever calls another is refused
by its name. The library then loads it with ``weights_only=True``.
"""

import io
import pickletools
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

from arch.errors import InputError
from arch.regular_file import open_regular

__all__ = ["read_state_dict"]

_FILE_BYTES_MAX = 1 << 30
_PICKLE_BYTES_MAX = 1 << 22
_MEMBERS_MAX = 1 << 14
_DIRECTORY_BYTES_MAX = 1 << 21
_END = 22
_CALLED = {
    "collections OrderedDict",
    "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {kind}Storage" for kind in ("Bool", "Double", "Float", "Long")),
}
_ADVICE = "save it with torch.save(network.state_dict(), FILE), or as safetensors"


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a file that ``torch.save(network.state_dict(), FILE)`` wrote.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be read, is damaged, or holds anything else than a state dict of tensors.
    """
    with open_regular(path, size_max=_FILE_BYTES_MAX) as (file, size):
        _check_archive(file, size, path)
        file.seek(0)
        try:
            state = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # torch and its unpickler raise errors of many kinds
            reason = " ".join(str(error).split())[:120]
            raise InputError(
                f"{path}: is damaged, or no state dict ({reason}): {_ADVICE}"
            ) from error
    if not isinstance(state, dict) or not state:
        raise InputError(f"{path}: holds {type(state).__name__}, no state dict: {_ADVICE}")
    return {str(name): _array(path, str(name), value, size) for name, value in state.items()}


def _array(path: Path, name: str, value: Any, size: int) -> np.ndarray:
    if not isinstance(value, torch.Tensor):
        raise InputError(
            f"{path}: {name!r} is {type(value).__name__}, no tensor: save the state dict alone"
        )
    # A tensor may say that it is larger than what is stored of it.
    if value.layout != torch.strided or value.numel() * value.element_size() > size:
        raise InputError(f"{path}: {name!r} has the shape {tuple(value.shape)}: more than the file")
    return np.asarray(value.detach().numpy())


def _check_archive(file: IO[bytes], size: int, path: Path) -> None:
    """Refuse what is no zip of torch's, is packed, or whose pickle calls what it should not."""
    file.seek(max(0, size - _END))
    end = file.read(_END)
    if not end.startswith(b"PK\x05\x06"):
        raise InputError(f"{path}: is no file of torch.save, is truncated or too old: {_ADVICE}")
    if int.from_bytes(end[12:16], "little") > _DIRECTORY_BYTES_MAX:
        raise InputError(f"{path}: holds too many members for a state dict")
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if any("/code/" in info.filename for info in members[:_MEMBERS_MAX]):
                raise InputError(f"{path}: holds a program (TorchScript): {_ADVICE}")
            packed = any(info.compress_type != zipfile.ZIP_STORED for info in members)
            if packed or len(members) > _MEMBERS_MAX or sum(i.file_size for i in members) > size:
                raise InputError(f"{path}: is no file of torch.save as it is: {_ADVICE}")
            for info in members:
                if info.filename.endswith("/data.pkl"):
                    if info.file_size > _PICKLE_BYTES_MAX:
                        raise InputError(f"{path}: holds a program, no state dict: {_ADVICE}")
                    _check_pickle(archive.read(info), path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise InputError(f"{path}: is damaged: {error}") from error
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def _check_pickle(data: bytes, path: Path) -> None:
    """Refuse a pickle that calls anything but what rebuilds tensors."""
    try:
        for operation, argument, _ in pickletools.genops(io.BytesIO(data)):
            if operation.name == "GLOBAL" and argument in _CALLED:
                continue
            if operation.name in ("GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"):
                what = str(argument or "an object").replace(" ", ".")
                raise InputError(f"{path}: holds {what}, no state dict alone: {_ADVICE}")
    except (ValueError, AttributeError, IndexError, OverflowError) as error:
        raise InputError(f"{path}: is damaged: {error}") from error
