"""What a short evaluation cannot see: the accuracy that the whole fine-tuning wins back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sw.search.choices import LayerChoices
from sw.search.evaluation import DenseAccuracy, Evaluation
from sw.search.families import uniform_ratios
from sw.search.reward import is_allowed

__all__ = ["Trial", "measure_recovery"]

Evaluate = Callable[[tuple[int, ...]], Evaluation]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A uniform policy on the way.

    Parameters
    ----------
    ratio : float
        Pruned share of every layer, within its limits.
    drop : float
        What it loses: validation accuracy as a fraction, or in a short evaluation what the search
        judges by.
    whole : bool
        Whether after the whole fine-tuning, or in a short evaluation.
    seconds : float
        Time of the evaluation.
    """

    ratio: float
    drop: float
    whole: bool
    seconds: float


def measure_recovery(
    layers: Sequence[LayerChoices],
    *,
    short: Evaluate,
    whole: Evaluate,
    dense: DenseAccuracy,
    max_drop: float,
    trials: int,
    feedback: str = "accuracy",
    on_trial: Callable[[Trial], None] | None = None,
) -> float:
    """How much more than ``max_drop`` a policy may lose in a short evaluation.

    The uniform policy that just keeps the accuracy after the whole fine-tuning is bisected, the
    last step by linear interpolation. What it loses in a short evaluation is what others may lose
    there as well.

    Parameters
    ----------
    short, whole : callable
        From the segments that stay in each layer to an evaluation, without and with the whole
        fine-tuning.
    dense : DenseAccuracy
    max_drop : float
        Accuracy that may be lost after the whole fine-tuning, as a fraction.
    trials : int
        Whole fine-tunings that this may take, at least 1.
    feedback : str
        One of :data:`sw.search.evaluation.FEEDBACKS`: what a short evaluation is judged by.
    on_trial : callable, optional
        Called with each evaluation.

    Returns
    -------
    float
        At least 0, as a fraction.

    Raises
    ------
    :exc:`ValueError`
        If ``trials`` is not positive.
    """
    if trials < 1:
        raise ValueError(f"there must be at least one trial, not {trials}")

    def lost(ratio: float, *, tuned: bool) -> float:
        ratios = uniform_ratios(layers, ratio)
        kept = tuple(layer.kept(one) for layer, one in zip(layers, ratios, strict=True))
        found = (whole if tuned else short)(kept)
        drop = found.drop(dense.whole) if tuned else found.drop(dense.short, feedback)
        if on_trial is not None:
            on_trial(Trial(ratio=ratio, drop=drop, whole=tuned, seconds=found.seconds))
        return drop

    low, high = (0.0, 0.0), (max(layer.top_ratio for layer in layers), float("inf"))
    for _ in range(trials):
        ratio = (low[0] + high[0]) / 2
        drop = lost(ratio, tuned=True)
        if is_allowed(drop, max_drop):
            low = (ratio, drop)
        else:
            high = (ratio, drop)
    # As long as every trial was allowed, high has no finite drop, and this is low.
    part = (max_drop - low[1]) / (high[1] - low[1])
    border = low[0] + part * (high[0] - low[0])
    return max(0.0, lost(border, tuned=False) - max_drop)
