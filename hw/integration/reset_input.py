"""Reset input: from a reset of either polarity and kind to the one that engines have."""

from dataclasses import dataclass

__all__ = ["KINDS", "POLARITIES", "ResetInput"]

POLARITIES = ("low", "high")
"""Level at which a reset is active."""
KINDS = ("sync", "async")
"""Whether it changes with the clock."""

_SYNC = """\
  // It changes with the clock, as the engine expects.
  assign rst = {active};
"""
_ASYNC = """\
  // `caught` takes a reset at once, however short it is and whether or not the clock runs. All that
  // the engine sees, its begin and its end, has gone through two more flip-flops: `caught` may be
  // between the levels when the reset changes beside an edge of the clock.
  (* ASYNC_REG = "TRUE" *) reg caught = 1'b1;
  (* ASYNC_REG = "TRUE" *) reg first = 1'b1;
  (* ASYNC_REG = "TRUE" *) reg second = 1'b1;
  always @(posedge clk or {edge})
    if ({active}) caught <= 1'b1;
    else caught <= 1'b0;
  always @(posedge clk) begin
    first <= caught;
    second <= first;
  end
  assign rst = second;
"""


@dataclass(frozen=True, kw_only=True)
class ResetInput:
    """The reset of a design, as a wrapper takes it.

    Parameters
    ----------
    polarity : str
        One of :data:`POLARITIES`.
    kind : str
        ``sync``: it changes with the clock. ``async``: at any moment; the engine is in reset from
        two edges of the clock after it begins until three after it ends.

    Raises
    ------
    ValueError
        If one of them is something else.
    """

    polarity: str = "high"
    kind: str = "sync"

    def __post_init__(self):
        if self.polarity not in POLARITIES:
            raise ValueError(f"polarity must be one of {', '.join(POLARITIES)}: {self.polarity!r}")
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}: {self.kind!r}")

    @property
    def described(self):
        """The reset in words."""
        return f"{self.kind}hronous, active {self.polarity}"

    def verilog(self, module):
        """A module with ports ``clk``, ``reset`` and ``rst``, that of the engine."""
        low = self.polarity == "low"
        body = (_ASYNC if self.kind == "async" else _SYNC).format(
            active="!reset" if low else "reset",
            edge="negedge reset" if low else "posedge reset",
        )
        return (
            f"// Reset input: {self.described} outside, synchronous and active high inside.\n"
            f"module {module} (\n  input wire clk,\n  input wire reset,\n  output wire rst\n);\n"
            f"{body}endmodule\n"
        )
