"""Same seed, same bits: how torch is run so that a run can be repeated."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["reproducible"]


@contextmanager
def reproducible() -> Iterator[None]:
    """Run torch with deterministic algorithms on one thread, then restore what was set before.

    The order of a floating-point sum depends on the number of threads, so that number must not be
    the machine's. Networks of this size run no slower on one thread than on two.
    """
    threads = torch.get_num_threads()
    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
        torch.set_num_threads(threads)
