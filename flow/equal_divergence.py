"""OUs that an agent needs for a divergence: what tells agents apart when accuracy is too coarse."""

import math
import statistics
from collections.abc import Mapping, Sequence

__all__ = ["ous_at_divergence"]


def ous_at_divergence(finalists: Sequence[Mapping[str, float]], divergence: float) -> float | None:
    """OUs at which the finalists of a search have ``divergence``.

    In the logarithms OUs and divergence of the finalists of one search lie on a line, which is
    fitted by least squares. A policy without any divergence has no place there.

    Parameters
    ----------
    finalists : sequence of mapping
        With ``ous`` and ``divergence`` each.
    divergence : float
        Where to read the line.

    Returns
    -------
    float or None
        None if there is no line: fewer than two finalists, or no divergence that falls as OUs grow.
    """
    points = [
        (math.log(one["ous"]), math.log(one["divergence"]))
        for one in finalists
        if one["ous"] > 0 and one["divergence"] > 0
    ]
    if divergence <= 0 or len({x for x, _ in points}) < 2:
        return None
    slope, start = statistics.linear_regression(*zip(*points, strict=True))
    return math.exp((math.log(divergence) - start) / slope) if slope < 0 else None
