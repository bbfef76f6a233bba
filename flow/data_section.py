"""Sections of the configuration: which network, and on which data."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from flow.configuration_section import Count, Section, Share

__all__ = ["DataSection", "ModelSection"]

DataKind = Literal["digits", "photographs", "jpeg-npz", "npz", "folder", "idx", "cifar10-binary"]
Deviation = Annotated[float, Field(ge=1e-3, le=1000, allow_inf_nan=False)]


class ModelSection(Section):
    """The network."""

    kind: Literal["builtin"] = Field(default="builtin", description="Where the network comes from.")
    name: Literal["digits_cnn", "lenet5", "resnet20", "resnet_tiny"] = Field(
        default="digits_cnn",
        description="Which of the networks that come with Ohmforge. `lenet5` has 5 x 5 kernels and "
        "pooling, for small grey images. `resnet20` is that of He et al. for images of 32 x 32, "
        "with option A shortcuts; `resnet_tiny` has one block of 4, 8 and 8 channels a group, for "
        "trials.",
    )
    weights: str | None = Field(
        default=None,
        description="A safetensors file with weights to start from; random ones without it.",
    )


class DataSection(Section):
    """The data set."""

    kind: DataKind = Field(
        default="digits",
        description="The data set; `digits` are the 1,797 handwritten digits of 8 x 8 pixels that "
        "come with scikit-learn, `photographs` 520 squares of 32 x 32 pixels out of its two "
        "photographs, for trials of networks for colour images without a download; both are "
        "split into train, validation and test by the seed. The others are files, see "
        "[software](software.md).",
    )
    path: str | None = Field(
        default=None,
        description="The file (`jpeg-npz`, `npz`) or directory (`folder`, `idx`, "
        "`cifar10-binary`); every kind but `digits` and `photographs` needs it. Like every path "
        "here it is relative to the working directory.",
    )
    test_path: str | None = Field(
        default=None,
        description="The file or directory of test images (`jpeg-npz`, `npz`, `folder`); without "
        "it they are split off those of `path`. `idx` and `cifar10-binary` have both in `path`.",
    )
    mean: list[Share] | None = Field(
        default=None,
        description="What is subtracted from each channel of an image, whose values are 0 to 1, "
        "before the network: its normalisation, with `std`.",
    )
    std: list[Deviation] | None = Field(
        default=None, description="What each channel is then divided by."
    )
    validation_share: float = Field(
        default=0.16,
        ge=0.001,
        le=0.8,
        allow_inf_nan=False,
        description="Share of the images of `path`, or with `validation_from: test` of the test "
        "images, that is validation split (only for files).",
    )
    validation_from: Literal["train", "test"] = Field(
        default="train",
        description="Which images the validation split is cut from. Weights from elsewhere have "
        "seen the training images, and lose on them what they knew by heart; say `test` then. "
        "What is cut off the test images is not tested.",
    )
    test_share: float = Field(
        default=0.2,
        ge=0.001,
        le=0.8,
        allow_inf_nan=False,
        description="Share that is test split, where the source has no test images of its own.",
    )
    train_limit: Count | None = Field(
        default=None,
        description="Most images that are taken for training and validation together; the seed "
        "chooses. For quick trials (only for files).",
    )
    test_limit: Count | None = Field(default=None, description="Most images of the test split.")

    @model_validator(mode="after")
    def _check_paths(self) -> "DataSection":
        if self.kind in ("digits", "photographs"):
            for name in ("path", "test_path", "train_limit", "test_limit"):
                if getattr(self, name) is not None:
                    raise ValueError(f"data.{name} does not go with data.kind: {self.kind}")
        elif not self.path:
            raise ValueError(f"data.path must be given for data.kind: {self.kind}")
        if self.kind in ("idx", "cifar10-binary") and self.test_path is not None:
            raise ValueError(
                f"data.test_path does not go with data.kind: {self.kind}, whose test images are "
                f"in data.path"
            )
        if self.validation_share + self.test_share > 0.9:
            raise ValueError(
                "data.validation_share and data.test_share must be 0.9 at most together, not "
                f"{self.validation_share + self.test_share:g}"
            )
        if self.mean is not None and self.std is not None and len(self.mean) != len(self.std):
            raise ValueError("data.mean and data.std must be lists of one length")
        return self
