"""What the search for the ratio of each layer can be told."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from flow.configuration_section import Section, Share, check_share
from flow.field_rule import ADDRESS

__all__ = ["DECIDING", "SearchSection"]

_TERMS = ("crossbars", "ous", "cycles", "index_bits")


class SearchSection(Section):
    """The search for the ratio of each layer. Without it the ratios of `prune` hold."""

    agent: Literal["ddpg", "td3", "sac", "uniform", "global_magnitude", "random", "tpe", "none"] = (
        Field(
            default="ddpg",
            description="What searches: an agent that learns (`ddpg`, `td3`, `sac`), or a control; "
            "with `none` the ratios of `prune` hold.",
        )
    )
    episodes: int = Field(
        default=200, ge=1, le=100000, description="Policies that are tried, whatever the agent."
    )
    hardware: Literal["crossbars", "ous", "cycles", "index_bits", "weighted"] = Field(
        default="crossbars",
        description="What the search makes small, as the mapper counts it; `weighted` is a sum of "
        "shares of the dense network by `hardware_weights`.",
    )
    hardware_weights: dict[str, float] = Field(
        default={},
        description="For `weighted`: the weight of `crossbars`, `ous`, `cycles` and `index_bits`; "
        "0 for those that are left out.",
    )
    max_accuracy_drop: float = Field(
        default=1.0,
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="Percentage points of validation accuracy that may be lost against the dense "
        "network, after fine-tuning.",
    )
    feedback: Literal["divergence", "accuracy"] = Field(
        default="divergence",
        description="What a policy is judged by in the search: how far its scores are from those "
        "of the dense network, which few images tell exactly, or the accuracy that it loses. "
        "Finalists are judged by accuracy.",
    )
    recovery: float | None = Field(
        default=None,
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="Percentage points that the fine-tuning of a finalist is expected to win back "
        "over that in the search: the reward allows so much more to be lost. Measured with uniform "
        "policies unless given.",
    )
    recovery_trials: int = Field(
        default=3,
        ge=1,
        le=16,
        description="Uniform policies that get the whole fine-tuning to measure the recovery.",
    )
    target_crossbars: int | None = Field(
        default=None,
        ge=1,
        le=1000000,
        description="Crossbars that no policy exceeds: ratios are raised as far as needed.",
    )
    reward: Literal["constrained", "error_log_cost", "weighted"] = Field(
        default="constrained",
        description="How accuracy and hardware become one number, see docs/search.md.",
    )
    cost_weight: float = Field(
        default=0.1,
        ge=0,
        le=1000,
        allow_inf_nan=False,
        description="For the reward `weighted`: accuracy, as a fraction, that all of the hardware "
        "is worth.",
    )
    max_ratio: Share | dict[str, Share] = Field(
        default=0.97,
        description="Largest pruned share of a layer: one number, or a mapping from the names of "
        "layers to theirs, 1 for those that it leaves out. A layer with 0 is not pruned. One "
        "segment always stays.",
    )
    finetune_epochs: int = Field(
        default=1,
        ge=0,
        le=1000,
        description="Passes of fine-tuning before a policy is judged in the search; the finalists "
        "get those of `prune`.",
    )
    finetune_images: int | None = Field(
        default=None,
        ge=1,
        le=10000000,
        description="Images of such a pass, evenly spread over the training split; all "
        "unless given.",
    )
    finetune_batch_size: int | None = Field(
        default=None,
        ge=1,
        le=65536,
        description="Images a step of such a pass; as in `train` unless given. Few images teach "
        "more in small batches.",
    )
    finetune_learning_rate: float | None = Field(
        default=None,
        ge=1e-6,
        le=10,
        allow_inf_nan=False,
        description="Size of the first step of such a pass; as in `prune` unless given.",
    )
    calibration_images: int = Field(
        default=512,
        ge=2,
        le=1000000,
        description="Training images that batch normalisation is estimated on in the search.",
    )
    validation_images: int | None = Field(
        default=None,
        ge=1,
        le=10000000,
        description="Validation images that a policy is judged on in the search, evenly spread; "
        "all unless given. Finalists are judged on all.",
    )
    finalists: int = Field(
        default=6,
        ge=1,
        le=1000,
        description="Policies that get the whole fine-tuning, at most; the cheapest of those that "
        "keep the accuracy wins.",
    )
    warmup_episodes: int = Field(
        default=100,
        ge=0,
        le=100000,
        description="Random episodes before an agent learns, but at most half of `episodes`.",
    )
    noise: float = Field(
        default=0.15,
        ge=0,
        le=10,
        allow_inf_nan=False,
        description="Exploration of `ddpg` and `td3` after that: standard deviation, as a share of "
        "the range of an action.",
    )
    noise_decay: float = Field(
        default=0.98,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Factor of the noise from episode to episode.",
    )
    executor: Literal["local", "ray"] = Field(
        default="local",
        description="Where policies are evaluated: in this process, or side by side on Ray. It "
        "decides nothing else.",
    )
    ray_address: str | None = Field(
        default=None,
        pattern=ADDRESS,
        description="For `ray`: a cluster that runs, as `auto`, `HOST:PORT` or `ray://HOST:PORT`; "
        "without it Ray is started on this machine.",
    )

    @field_validator("max_ratio", mode="before")
    @classmethod
    def _check_max_ratio(cls, value: Any) -> Any:
        return check_share("search.max_ratio", value)

    @model_validator(mode="after")
    def _check_weights(self) -> "SearchSection":
        weights = self.hardware_weights
        for name, weight in weights.items():
            if name not in _TERMS:
                raise ValueError(
                    f"search.hardware_weights: unknown term {name!r:.60}; known are "
                    f"{', '.join(_TERMS)}"
                )
            if not 0 <= weight < float("inf"):
                raise ValueError(f"search.hardware_weights.{name} must be at least 0, not {weight}")
        if self.hardware == "weighted" and not sum(weights.values()) > 0:
            raise ValueError("search.hardware_weights must have a weight above 0 for weighted")
        return self


DECIDING = tuple(
    name for name in SearchSection.model_fields if name not in ("executor", "ray_address")
)
"""The fields that decide what a search finds."""
