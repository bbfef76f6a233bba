"""The golden model: what the mapped crossbars compute, in NumPy.

It is written from the number formats and the OU record of ``docs/golden.md`` and imports nothing
that it checks.
"""

from cosim.golden.layer import GoldenLayer
from cosim.golden.network import GoldenNetwork
from cosim.golden.trace import LayerTrace
from cosim.golden.windows import windows

__all__ = ["GoldenLayer", "GoldenNetwork", "LayerTrace", "windows"]
