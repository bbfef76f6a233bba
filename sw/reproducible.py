"""Same seed, same bits: how torch is run so that a run can be repeated."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["reproducible"]

_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
_WORKSPACES = (":4096:8", ":16:8")
"""Workspaces with which products on CUDA are deterministic; torch refuses all others."""


@contextmanager
def reproducible() -> Iterator[None]:
    """Run torch with deterministic algorithms on one thread, then restore what was set before.

    The order of a floating-point sum depends on the number of threads, so that number must not be
    the machine's. Networks of this size run no slower on one thread than on two.

    On CUDA float32 is float32, not the shorter format that convolutions take otherwise, and cuDNN
    does not choose its algorithms by their time. The workspace of cuBLAS is read from the
    environment when the first product is computed, maybe in another thread, so it stays set. An
    operation that is not deterministic on CUDA raises :exc:`RuntimeError`; training the networks of
    :mod:`sw.networks` needs none.
    """
    threads = torch.get_num_threads()
    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    if torch.cuda.is_available() and os.environ.get(_WORKSPACE) not in _WORKSPACES:
        os.environ[_WORKSPACE] = _WORKSPACES[0]
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        with torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        ):
            yield
    finally:
        torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
        torch.set_num_threads(threads)
