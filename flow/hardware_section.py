"""The section of the configuration that says what is generated."""

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from arch.crossbar_macro import LATENCY_MAX, MACRO_LATENCY
from arch.network_shape import BUILD_OPTIONS
from flow.capacity_section import CapacitySection
from flow.configuration_section import Section

__all__ = ["HardwareSection"]


_FLAGS = ("skip_zero_planes", "argmax", "read_back")


class HardwareSection(Section):
    """The generated hardware."""

    tiles: Literal[1, 2, 4, 8] = Field(
        default=1,
        description="Layer datapaths that work side by side, on different OUs of the same output "
        "position. Each has crossbars of its own, so the mapping tables depend on it.",
    )
    skip_zero_planes: bool = Field(
        default=False,
        description="Whether bit planes in which every input bit of an OU is zero are left out; "
        "the cycles then depend on the images.",
    )
    crossbar: Literal["emulated", "macro"] = Field(
        default="emulated",
        description="What stands for the crossbar: memory and adders, or a black box with a pin "
        "list, see [the crossbar macro](crossbar-macro.md).",
    )
    macro_latency: int | None = Field(
        default=None,
        ge=1,
        le=LATENCY_MAX,
        description="Cycles that the macro takes from a sample to its codes, with `crossbar: "
        f"macro` only; {MACRO_LATENCY} unless given, which is as fast as `emulated`.",
    )
    argmax: bool = Field(
        default=False,
        description="Whether only the largest of the results of an image leaves the network "
        "engine, with its number: the class. Of equals it is the first.",
    )
    lanes: Literal[1, 2, 4, 8] = Field(
        default=4,
        description="Elements of a feature map that are read in a cycle. Fewer take less logic, "
        "and more cycles where windows are waited for.",
    )
    counter_bits: Literal[64, 32, 16] = Field(
        default=64,
        description="Width of the counters, which wrap. Narrow ones save a third of the logic of a "
        "small engine.",
    )
    steps: Literal["memory", "logic"] = Field(
        default="memory",
        description="Where the steps of the network engine are, and what it knows of its layers: "
        "in memories, or in logic, which is smaller for few layers. With `tables: baked` only.",
    )
    read_back: bool = Field(
        default=True,
        description="Whether a host can have the memories for tables of the network engine read "
        "back, so that they prove what they hold. It costs some look-up tables, and no cycles.",
    )
    target: Literal["ice40-up5k", "ecp5-25f", "ecp5-45f", "ecp5-85f"] | None = Field(
        default=None,
        description="The FPGA part that `ohmforge check` compares the network engine with; the "
        "smallest that it fits unless given. It changes nothing that is generated.",
    )
    tables: Literal["baked", "loadable"] = Field(
        default="baked",
        description="How the mapping tables get into the network engine: as initial contents of "
        "its memories, or at run time over the control bus, see [loadable "
        "tables](network-engine.md#loadable-tables).",
    )
    capacity: CapacitySection = Field(
        default=CapacitySection(), description="With `tables: loadable` only."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _check_bool(cls, value: Any, info: ValidationInfo) -> Any:
        # To Python 1 is True; to a person who writes a configuration it is not.
        if isinstance(value, bool) and info.field_name not in _FLAGS:
            raise PydanticCustomError("literal_error", "wrong type")
        return value

    @model_validator(mode="after")
    def _check_latency(self) -> "HardwareSection":
        if self.macro_latency is not None and self.crossbar != "macro":
            raise ValueError(
                f"hardware.macro_latency does not go with hardware.crossbar: {self.crossbar}"
            )
        return self

    @model_validator(mode="after")
    def _check_capacity(self) -> "HardwareSection":
        if self.capacity != CapacitySection() and self.tables != "loadable":
            raise ValueError(f"hardware.capacity does not go with hardware.tables: {self.tables}")
        if self.capacity.crossbars is not None and self.crossbar != "macro":
            raise ValueError(
                f"hardware.capacity.crossbars does not go with hardware.crossbar: {self.crossbar}"
            )
        return self

    @model_validator(mode="after")
    def _check_steps(self) -> "HardwareSection":
        if self.steps == "logic" and self.tables == "loadable":
            raise ValueError("hardware.steps: logic does not go with hardware.tables: loadable")
        return self

    @property
    def latency(self) -> int | None:
        """Latency of the crossbar macro, as the programs take it; None if there is no macro."""
        if self.crossbar != "macro":
            return None
        return MACRO_LATENCY if self.macro_latency is None else self.macro_latency

    @property
    def step_logic(self) -> bool:
        """Whether the steps are logic, no memory."""
        return self.steps == "logic"

    @property
    def built_as(self) -> dict[str, Any]:
        """What programs are built with."""
        return {"macro_latency": self.latency, "skip_zero_planes": self.skip_zero_planes}

    @property
    def network_built_as(self) -> dict[str, Any]:
        """What programs of networks are built with."""
        built_as = self.built_as | {name: getattr(self, name) for name in BUILD_OPTIONS}
        if self.tables == "loadable":
            built_as["capacity"] = self.capacity.capacity
        return built_as
