"""Sections of the configuration: which network, and on which data."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from flow.configuration_section import Count, Section

__all__ = ["DataSection", "ModelSection"]

DataKind = Literal[
    "digits", "photographs", "jpeg-npz", "npz", "folder", "idx", "cifar10-binary", "python"
]
Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Size = Annotated[int, Field(ge=1, le=1 << 20)]
Deviation = Annotated[float, Field(ge=1e-3, le=1000, allow_inf_nan=False)]


class ModelSection(Section):
    """The network."""

    kind: Literal["builtin", "torch", "onnx"] = Field(
        default="builtin",
        description="Where the network comes from: one that comes with Ohmforge, a function in a "
        "Python file of your own, or an ONNX file; see [own networks](own-network.md).",
    )
    name: Literal["digits_cnn", "lenet5", "resnet20", "resnet_tiny"] = Field(
        default="digits_cnn",
        description="Which of the networks that come with Ohmforge. `lenet5` has 5 x 5 kernels and "
        "pooling, for small grey images. `resnet20` is that of He et al. for images of 32 x 32, "
        "with option A shortcuts; `resnet_tiny` has one block of 4, 8 and 8 channels a group, for "
        "trials.",
    )
    source: str | None = Field(
        default=None,
        description="For `torch`: `FILE.py:NAME`, a function that gives the network, a "
        "`torch.nn.Module`. The file is executed.",
    )
    path: str | None = Field(default=None, description="For `onnx`: the file, weights included.")
    weights: str | None = Field(
        default=None,
        description="A file with weights to start from: safetensors, or a `state_dict` saved by "
        "torch as `.pt` or `.pth`. Random ones without it; those of the file for `onnx`.",
    )
    in_shape: list[Size] | None = Field(
        default=None,
        description="Channels, height and width of an image, or one number of features. The data "
        "say it; where it is given it must be theirs.",
    )
    classes: Size | None = Field(
        default=None,
        description="Number of classes. The data say it; where it is given it must be theirs. With "
        "it and `in_shape` `ohmforge check` needs no data.",
    )
    on_host: list[Literal["head", "tail"]] = Field(
        default=[],
        description="What may be computed in floats outside of the hardware where it cannot be "
        "mapped: steps before the first layer (`head`), steps behind the last one (`tail`).",
    )

    @model_validator(mode="after")
    def _check_kind(self) -> "ModelSection":
        wanted = {"builtin": "name", "torch": "source", "onnx": "path"}
        for kind, name in wanted.items():
            given = name in self.model_fields_set and getattr(self, name) is not None
            if kind != self.kind and given:
                raise ValueError(f"model.{name} does not go with model.kind: {self.kind}")
        own = wanted[self.kind]
        if not getattr(self, own):
            raise ValueError(f"model.{own} must be given for model.kind: {self.kind}")
        if self.kind == "onnx" and self.weights is not None:
            raise ValueError("model.weights does not go with model.kind: onnx, which has its own")
        if self.in_shape is not None and len(self.in_shape) not in (1, 3):
            raise ValueError(
                "model.in_shape must be [channels, height, width] or [features], not "
                f"{self.in_shape}"
            )
        if len(set(self.on_host)) != len(self.on_host):
            raise ValueError(f"model.on_host must name each part once, not {self.on_host}")
        return self

    def image_shape(self) -> tuple[int, int, int] | None:
        """``in_shape`` as channels, height and width; None if it is not given."""
        if self.in_shape is None:
            return None
        sizes = (*self.in_shape, 1, 1)
        return (sizes[0], sizes[1], sizes[2])


class DataSection(Section):
    """The data set."""

    kind: DataKind = Field(
        default="digits",
        description="The data set; `digits` are the 1,797 handwritten digits of 8 x 8 pixels that "
        "come with scikit-learn, `photographs` 520 squares of 32 x 32 pixels out of its two "
        "photographs, for trials of networks for colour images without a download; both are "
        "split into train, validation and test by the seed. `python` is a function of your own "
        "that gives arrays, the others are files, see [own networks](own-network.md#data).",
    )
    path: str | None = Field(
        default=None,
        description="The file (`jpeg-npz`, `npz`) or directory (`folder`, `idx`, "
        "`cifar10-binary`), which these kinds need; `python` may have it, and its function then "
        "gets it. Like every path here it is relative to the working directory.",
    )
    source: str | None = Field(
        default=None,
        description="For `python`: `FILE.py:NAME`, a function that gives images and labels. The "
        "file is executed.",
    )
    test_path: str | None = Field(
        default=None,
        description="The file or directory of test images (`jpeg-npz`, `npz`, `folder`); without "
        "it they are split off those of `path`. `idx` and `cifar10-binary` have both in `path`.",
    )
    range: list[Number] = Field(
        default=[0.0, 1.0],
        description="The least and the largest value that an image can have, for `npz` and "
        "`python` with floats; bytes are 0 to 1 always. It decides the codes of the input: "
        "unsigned if no value is below 0, signed otherwise. An image beyond it is refused.",
    )
    mean: list[Number] | None = Field(
        default=None,
        description="What is subtracted from each channel of an image before the network, within "
        "`range`: its normalisation, with `std`.",
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
        refused = ["source"]
        if self.kind in ("digits", "photographs"):
            refused = ["path", "test_path", "source", "train_limit", "test_limit"]
        elif self.kind == "python":
            refused = ["test_path"]
        for name in refused:
            if getattr(self, name) is not None:
                raise ValueError(f"data.{name} does not go with data.kind: {self.kind}")
        needed = {"digits": "kind", "photographs": "kind", "python": "source"}.get(
            self.kind, "path"
        )
        if not getattr(self, needed):
            raise ValueError(f"data.{needed} must be given for data.kind: {self.kind}")
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
        self._check_range()
        return self

    def _check_range(self) -> None:
        if len(self.range) != 2 or not self.range[0] < self.range[1]:
            raise ValueError(f"data.range must be [least, largest], not {self.range}")
        if self.range != [0, 1] and self.kind not in ("npz", "python"):
            raise ValueError(
                f"data.range must be [0, 1] for data.kind: {self.kind}, whose images are pictures; "
                "data.mean and data.std move them"
            )
        for value in self.mean or ():
            if not self.range[0] <= value <= self.range[1]:
                raise ValueError(f"data.mean must be within data.range {self.range}, not {value:g}")

    @property
    def value_range(self) -> tuple[float, float]:
        """``range`` as a pair."""
        return (float(self.range[0]), float(self.range[1]))
