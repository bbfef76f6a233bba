"""Environment variables for libraries that take their settings from nowhere else."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

__all__ = ["BUILTIN_YOSYS", "environment"]

BUILTIN_YOSYS = {"AMARANTH_USE_YOSYS": "builtin"}
"""Amaranth takes the packaged Yosys, whatever the system has: another would write other bytes."""


@contextmanager
def environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Variables of this process, set within the block and put back after it."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
