"""Sizes of the host link of a device."""

from dataclasses import dataclass

__all__ = ["LinkShape"]

_DIVISOR_BITS = _IDLE_BITS = 16


@dataclass(frozen=True, kw_only=True)
class LinkShape:
    """What a host link is built as.

    Parameters
    ----------
    clock_hz : int
        The clock of link and engine.
    baud : int
        Bits a second on the wire; eight data bits, no parity, one stop bit.
    payload_max : int
        Longest payload of a frame, in bytes: a power of two, 64 to 1,024.
    image_bytes : int
        Bytes of images that wait for the engine: a power of two. With room for an image the engine
        never waits in the middle of one.
    results : int
        Results that wait for the host: a power of two.
    idle_bits : int
        Silence after which a frame that has begun is dropped, in bits of the wire.
    trace_events : int
        Events that the trace holds: a power of two; 0 for a link without one.
    probe : bool
        Whether the results of one OU and of one step can be looked at.
    build : int
        32 bits that tell this build from others.

    Raises
    ------
    ValueError
        If a size is out of range.
    """

    clock_hz: int
    baud: int = 1_000_000
    payload_max: int = 1024
    image_bytes: int = 4096
    results: int = 512
    idle_bits: int = 20_000
    trace_events: int = 0
    probe: bool = False
    build: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.baud <= self.clock_hz < 1 << 32:
            raise ValueError(f"no {self.baud} bits a second with a clock of {self.clock_hz} Hz")
        if not 4 <= self.divisor < 1 << _DIVISOR_BITS:
            raise ValueError(
                f"a bit must take 4 to {(1 << _DIVISOR_BITS) - 1} cycles, not {self.divisor}"
            )
        if abs(self.divisor * self.baud / self.clock_hz - 1) > 0.02:
            raise ValueError(
                f"{self.baud} bits a second are not within 2 % of a fraction of {self.clock_hz} Hz"
            )
        for name, least, most in (
            ("payload_max", 64, 1024),
            ("image_bytes", 64, 32768),
            ("results", 16, 32768),
        ):
            size = getattr(self, name)
            if not least <= size <= most or size & (size - 1):
                raise ValueError(f"{name} must be a power of two, {least} to {most}, not {size}")
        if not 16 <= self.idle_bits < 1 << _IDLE_BITS:
            raise ValueError(f"idle_bits must be 16 to {(1 << _IDLE_BITS) - 1}")
        if self.trace_events and (
            not 16 <= self.trace_events <= 2048 or self.trace_events & (self.trace_events - 1)
        ):
            raise ValueError("trace_events must be 0, or a power of two, 16 to 2,048")
        if not 0 <= self.build < 1 << 32:
            raise ValueError("build must be 32 bits")

    @property
    def divisor(self) -> int:
        """Cycles of the clock that a bit takes."""
        return round(self.clock_hz / self.baud)
