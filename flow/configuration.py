"""What a job can be told: one model a section, with defaults, ranges and documentation.

``docs/configuration.md`` is written from these models by :mod:`flow.configuration_page`.
"""

from typing import Any, Literal

from pydantic import (
    BaseModel,
    Field,
    field_validator,
    model_validator,
)

from arch.geometry import Geometry
from flow.configuration_section import Count, Section, Share, check_share
from flow.data_section import DataSection, ModelSection
from flow.field_rule import IDENTIFIER
from flow.hardware_section import HardwareSection
from flow.search_section import SearchSection

__all__ = [
    "Configuration",
    "CosimSection",
    "DataSection",
    "GeometrySection",
    "HardwareSection",
    "ModelSection",
    "PruneSection",
    "QuantiseSection",
    "SearchSection",
    "TrainSection",
]


class TrainSection(Section):
    """Training of the dense float network."""

    epochs: int = Field(
        default=30,
        ge=0,
        le=10000,
        description="Passes over the training split; 0 only with `model.weights`, or with a "
        "network of your own.",
    )
    batch_size: int = Field(default=64, ge=1, le=4096, description="Images a step.")
    learning_rate: float = Field(
        default=0.05,
        ge=1e-6,
        le=10,
        allow_inf_nan=False,
        description="Size of the first step; it falls to zero along a cosine.",
    )
    weight_decay: float = Field(
        default=0.004,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="How strongly weights are pulled to zero, in fine-tuning too.",
    )
    variations: Literal["affine", "crop_flip", "none"] = Field(
        default="affine",
        description="Random variations of training images, in fine-tuning too: small shifts, turns "
        "and sizes; shifts of up to 4 pixels and mirroring; none.",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="Number format of the products in training, in fine-tuning and in the search "
        "too; weights, and all that is reported, are `float32`. `bfloat16` takes half the time "
        "where the processor has instructions for it.",
    )


class QuantiseSection(Section):
    """From floats to integers."""

    weight_bits: int = Field(default=8, ge=2, le=8, description="Width of one signed weight.")
    act_bits: int = Field(
        default=8,
        ge=1,
        le=8,
        description="Width of one activation: the number of bit planes that an OU runs through.",
    )


class GeometrySection(Section):
    """The crossbar and its operation unit (OU)."""

    rows: int = Field(default=128, ge=1, le=4096, description="Word lines of a crossbar.")
    cols: int = Field(default=128, ge=1, le=4096, description="Bit lines of a crossbar.")
    cell_bits: int = Field(default=2, ge=1, le=8, description="Bits that one cell stores.")
    ou_rows: int = Field(default=9, ge=1, le=64, description="Word lines of an OU, at most `rows`.")
    ou_cols: int = Field(
        default=8,
        ge=1,
        le=64,
        description="Bit lines of an OU, at most `cols`; a weight takes "
        "`weight_bits / cell_bits` of them, rounded up.",
    )
    adc_bits: int = Field(
        default=5,
        ge=1,
        le=16,
        description="Width of one analog-to-digital conversion; larger sums saturate. Lossless "
        "exactly if `2**adc_bits - 1 >= ou_rows * (2**cell_bits - 1)`.",
    )
    encoding: Literal["offset", "differential"] = Field(
        default="offset",
        description="How the sign of a weight is stored: an offset that the datapath subtracts, or "
        "a second crossbar for the negative part.",
    )


class PruneSection(Section):
    """Which segments go, and how the network recovers."""

    scheme: Literal["column_vector", "row_vector"] = Field(
        default="column_vector",
        description="Sparsity structure: segments of `ou_rows x 1` weights or of `1 x` the weights "
        "that fit the columns of an OU.",
    )
    ratio: Share | dict[str, Share] = Field(
        default=0.7,
        description="Share of the segments that is pruned: one number for every layer, or a "
        "mapping from the names of layers to theirs, 0 for those that it leaves out.",
    )
    finetune_epochs: int = Field(
        default=10,
        ge=0,
        le=10000,
        description="Passes over the training split after pruning, with the pruned weights held "
        "at zero, and with the batch size, weight decay and variations of `train`.",
    )
    finetune_images: Count | None = Field(
        default=None,
        description="Images of such a pass, evenly spread over the training split; all unless "
        "given.",
    )
    learning_rate: float = Field(
        default=0.05,
        ge=1e-6,
        le=10,
        allow_inf_nan=False,
        description="Size of the first step of fine-tuning; it falls to zero along a cosine.",
    )
    reconstruct: bool = Field(
        default=False,
        description="Whether the weights that stay are chosen anew before fine-tuning, in the "
        "search too, so that every layer gives the outputs of the dense network as nearly as it "
        "can (least squares, on training images).",
    )
    distillation: float = Field(
        default=0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Share of the loss of fine-tuning, in the search too, that asks for the scores "
        "of the dense network instead of the labels (knowledge distillation).",
    )

    @field_validator("ratio", mode="before")
    @classmethod
    def _check_ratio(cls, value: Any) -> Any:
        return check_share("prune.ratio", value)


class CosimSection(Section):
    """The comparison of the generated hardware with the golden model."""

    images: int = Field(
        default=32,
        ge=1,
        le=100000,
        description="Images of the test split that run through every layer.",
    )
    network_images: int = Field(
        default=0,
        ge=0,
        le=100000,
        description="Images of the test split that run through the whole network engine, back to "
        "back, every feature map compared; 0 simulates only the layers. Give at least 2 to compare "
        "cycles and counters with the model: the first image after a reset waits for the host.",
    )
    positions: Count | None = Field(
        default=None,
        description="Output positions of each layer that are simulated, of all those of these "
        "images; `seed` chooses. All of them without it.",
    )
    stall: Literal["none", "random"] = Field(
        default="random",
        description="Whether every layer runs without stalls only, or then again with random "
        "stalls of its input and of its output.",
    )
    seed: int = Field(
        default=1, ge=0, le=2**31 - 1, description="Seed of the stalls; the report repeats it."
    )
    waves: Literal["on_failure", "always", "never"] = Field(
        default="on_failure",
        description="When to write a waveform (VCD): of the first that fails, which runs again for "
        "it; of everything; or never.",
    )


class Configuration(Section):
    """A whole job."""

    name: str = Field(
        default="digits",
        pattern=IDENTIFIER,
        description="Name of the job; it stands in the tables, in the Verilog and in the report.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=2**31 - 1,
        description="Seed of the split, the first weights and the order of training.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto",
        description="Where networks are trained and judged; `auto` is CUDA if torch finds it. The "
        "same seed gives the same bits on one kind of device only. CUDA has not been tried yet.",
    )
    model: ModelSection = ModelSection()
    data: DataSection = DataSection()
    train: TrainSection = TrainSection()
    quantise: QuantiseSection = QuantiseSection()
    geometry: GeometrySection = GeometrySection()
    prune: PruneSection = PruneSection()
    search: SearchSection | None = None
    hardware: HardwareSection = HardwareSection()
    cosim: CosimSection = CosimSection()

    @model_validator(mode="after")
    def _check_geometry(self) -> "Configuration":
        self.crossbar_geometry()  # Refuses sizes that do not go together.
        return self

    @model_validator(mode="after")
    def _check_epochs(self) -> "Configuration":
        untrained = self.model.kind == "builtin" and self.model.weights is None
        if self.train.epochs == 0 and untrained:
            raise ValueError("train.epochs must be at least 1 unless model.weights is given")
        return self

    def crossbar_geometry(self) -> Geometry:
        """The geometry with the widths of ``quantise`` and the tiles, as every room takes it."""
        return Geometry(
            **self.geometry.model_dump(),
            weight_bits=self.quantise.weight_bits,
            act_bits=self.quantise.act_bits,
            tiles=self.hardware.tiles,
        )

    def at(self, path: str) -> Any:
        """The plain value at a dotted ``path``: a field, or a section as a dictionary.

        None if it is in a section that is not there.
        """
        value: Any = self
        for part in path.split("."):
            value = None if value is None else getattr(value, part)
        return value.model_dump() if isinstance(value, BaseModel) else value
