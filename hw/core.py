"""Core: a component with a network engine in it, to be written as Verilog."""

from dataclasses import dataclass

__all__ = ["Core"]


@dataclass(frozen=True, kw_only=True)
class Core:
    """What is written in the place of the network top alone, or that under another name.

    Parameters
    ----------
    top : str
        Name of its module.
    engine : wiring.Component
        It.
    inside : str
        Path of the network top in it, with a dot behind; empty if it is that itself.
    """

    top: str
    engine: object
    inside: str = ""
