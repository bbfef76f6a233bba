"""What a device must be to run certain mapping tables, and what it must be given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from arch.capacity import Capacity
from arch.crossbar_macro import MACRO_LATENCY
from arch.errors import InputError
from arch.identity import expected_identity
from arch.load_image import load_image
from arch.network_program import NetworkProgram, build_network_program
from arch.network_shape import NetworkShape
from arch.network_step import Step
from arch.registers import COUNTER_BITS
from arch.tables import MappingTables
from host.errors import DeviceError

__all__ = ["Target", "built_as"]

_FEATURES = {("capabilities", "read_back"), ("capabilities", "counter_bits")}
"""What a device may have or not, whatever its tables."""
_ALWAYS = ("crossbar", "operation_unit", "formats")
_TOLD = 3
"""Differences that a message names."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Mapping tables, and the program of the engine that runs them.

    Parameters
    ----------
    tables : MappingTables
        The tables.
    program : NetworkProgram
        Made from them, for the engine of the device.
    origin : str
        What they are called in messages.
    """

    tables: MappingTables
    program: NetworkProgram
    origin: str = "the tables"

    @classmethod
    def of(
        cls,
        tables: MappingTables,
        *,
        built_as: Mapping[str, Any] | None = None,
        shape: NetworkShape | None = None,
        origin: str = "the tables",
    ) -> "Target":
        """The target for a device that is built so.

        Parameters
        ----------
        built_as : mapping of str to object, optional
            Arguments of :func:`arch.network_program.build_network_program`, see
            :func:`built_as`; those of a plain engine without.
        shape : NetworkShape, optional
            The engine, if it loads its tables and is known; nothing else counts then.

        Raises
        ------
        :exc:`arch.errors.InputError`
            If the tables do not fit the engine.
        """
        try:
            program = build_network_program(tables, shape=shape, **(built_as or {}))
        except ValueError as error:
            raise InputError(f"{origin}: no engine can be made of the tables: {error}") from error
        return cls(tables=tables, program=program, origin=origin)

    @property
    def in_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        return self.program.steps[0].result.shape

    @property
    def image_bytes(self) -> int:
        """Bytes of an image."""
        return prod(self.in_shape)

    @property
    def last(self) -> Step:
        """The step that gives the results."""
        return self.program.steps[-1]

    @property
    def results(self) -> int:
        """Results of an image that leave the engine."""
        return 1 if self.program.shape.argmax else self.last.result.size

    @property
    def loadable(self) -> bool:
        """Whether the engine loads its tables."""
        return self.program.shape.engine.loadable

    @cached_property
    def load_image(self) -> bytes:
        """The tables as the engine loads them."""
        return load_image(self.program)

    @cached_property
    def identity(self) -> dict[str, dict[str, int]]:
        """What the constant registers of the device must read as."""
        return expected_identity(self.tables, self.program)

    def bytes_of(self, images: np.ndarray) -> bytes:
        """Images as the device takes them.

        Parameters
        ----------
        images : int array, shape (n, C, H, W)
            Codes, quantised as the first layer reads them.

        Raises
        ------
        :exc:`TypeError`
            If they are not integers.
        :exc:`ValueError`
            If their shape is another, or a code does not fit a byte.
        """
        images = np.asarray(images)
        if images.dtype.kind not in "iu":
            raise TypeError(f"images must be integers, not {images.dtype}")
        if images.ndim != 4 or images.shape[1:] != self.in_shape:
            raise ValueError(f"images must have a shape (n, *{self.in_shape}), not {images.shape}")
        forms = [f for step in self.program.steps[1:] for f in step.activations]
        signed = bool(forms) and forms[0].signed
        least, most = (-128, 127) if signed else (0, 255)
        if images.size and not least <= int(images.min()) <= int(images.max()) <= most:
            raise ValueError(f"codes of images must be {least} to {most}")
        return (images.astype(np.int64) & 0xFF).astype(np.uint8).tobytes()

    def check(self, seen: Mapping[str, Mapping[str, int]]) -> None:
        """Raise :exc:`host.errors.DeviceError` unless the constant registers are those of ``seen``.

        The message names what differs, the first of it.
        """
        wrong = [
            f"{register}.{field} is {seen[register][field]}, not {value}"
            for register, fields in self.identity.items()
            if register not in ("magic", "version")
            for field, value in fields.items()
            if (register, field) not in _FEATURES and seen[register][field] != value
        ]
        if not wrong:
            return
        names = {line.split(".")[0] for line in wrong}
        what = "is of another geometry" if names & set(_ALWAYS) else "is another engine"
        more = f" and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else ""
        raise DeviceError(
            f"the device {what} than {self.origin} needs: {'; '.join(wrong[:_TOLD])}{more}; "
            "configure it with the bitstream of these tables"
        )

    def check_hash(self, words: Sequence[int]) -> None:
        """Raise DeviceError unless the register ``table_hash`` reads as that of the tables."""
        seen = "".join(f"{word:08x}" for word in words)
        if seen != (self.tables.sha256 or "0" * 64):
            hint = "load them" if self.loadable else "configure it with their bitstream"
            raise DeviceError(
                f"the device holds other tables ({seen[:12]}...) than {self.origin} "
                f"({self.tables.sha256[:12]}...); {hint}"
            )


def built_as(capabilities: Mapping[str, int]) -> dict[str, Any]:
    """How an engine is built by its register ``capabilities``, for :meth:`Target.of`.

    What the register does not say is as by default.
    """
    return {
        "skip_zero_planes": bool(capabilities["skip_zero_planes"]),
        "argmax": bool(capabilities["argmax"]),
        "read_back": bool(capabilities.get("read_back")),
        "counter_bits": capabilities.get("counter_bits") or COUNTER_BITS,
        "macro_latency": MACRO_LATENCY if capabilities["macro"] else None,
        "capacity": Capacity() if capabilities["loadable"] else None,
    }
