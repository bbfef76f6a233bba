"""What a session searches, and how it judges policies."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sw.train import DEFAULT_RECIPE, Recipe

__all__ = ["SessionSettings"]


@dataclass(frozen=True, kw_only=True)
class SessionSettings:
    """What is searched and how policies are judged.

    The fields are those of the section ``search`` of the configuration, except ``max_drop`` and
    ``recovery``, which are fractions, ``final_epochs``, the passes of fine-tuning that finalists
    get, ``final_images``, the images of such a pass, ``reconstruct``, what comes before it,
    ``recipe`` and ``short_recipe``, how a step of whole and of short fine-tuning is made, and
    ``device``, where.
    """

    seed: int = 0
    hardware: str = "crossbars"
    hardware_weights: Mapping[str, float] = field(default_factory=dict)
    reward: str = "constrained"
    cost_weight: float = 0.1
    max_drop: float = 0.01
    recovery: float | None = None
    recovery_trials: int = 3
    max_ratio: float | Mapping[str, float] = 0.97
    target_crossbars: int | None = None
    finetune_epochs: int = 1
    finetune_images: int | None = None
    calibration_images: int = 512
    validation_images: int | None = None
    feedback: str = "divergence"
    finalists: int = 6
    final_epochs: int = 10
    final_images: int | None = None
    reconstruct: bool = False
    recipe: Recipe = DEFAULT_RECIPE
    short_recipe: Recipe | None = None
    device: str = "cpu"
