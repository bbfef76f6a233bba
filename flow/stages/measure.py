"""Measure: what the pruned network occupies, and its accuracy on the test split."""

import numpy as np

from arch.geometry import Geometry
from arch.group_layout import segment_mask
from flow.json_file import read_json, write_json
from flow.sources import load_dataset, new_network
from flow.stage import Context
from flow.stages import train
from flow.stages.prune import KEPT, WEIGHTS
from sw.graph import trace_network
from sw.kept_file import load_kept
from sw.mapping import count, dense_count
from sw.mapping.compression import compression, dense_and_stored_bits, float32_crossbars
from sw.segments import expand
from sw.train import accuracy
from sw.weights import load_network

__all__ = ["run"]


def run(context: Context) -> None:
    """Write, as JSON, OUs and crossbars, the four compressions, and accuracies on test images."""
    configuration = context.configuration
    geometry = configuration.crossbar_geometry()
    dataset = load_dataset(configuration)
    network = new_network(configuration, dataset)
    load_network(network, context.inputs["prune"] / WEIGHTS)
    scheme, kept = load_kept(context.inputs["prune"] / KEPT)
    layers = []
    tail = [part for part in configuration.model.on_host if part == "tail"]
    for layer in trace_network(network, dataset.in_shape, on_host=tail).layers:
        module, groups, cols = layer.module, layer.groups, layer.out_shape[0]
        rows = groups * (1 if module is None else module.weight[0].numel())
        segments = kept.get(layer.name)
        if segments is None:  # a layer of one weight a channel, which is never pruned
            segments = segment_mask(rows, cols, groups, scheme, geometry)
        layers.append(_counts(segments, (rows, cols, groups), scheme, geometry))
    write_json(
        context.output,
        {
            **{name: sum(layer[name] for layer in layers) for name in ("ous", "crossbars")},
            **{
                f"{name}_dense": sum(layer[f"{name}_dense"] for layer in layers)
                for name in ("ous", "crossbars")
            },
            "compression": compression(layers),
            "dense_accuracy": read_json(context.inputs["train"] / train.ACCURACY)["accuracy"],
            "accuracy": accuracy(network, dataset.test),
        },
    )


def _counts(
    kept: np.ndarray, size: tuple[int, int, int], scheme: str, geometry: Geometry
) -> dict[str, int]:
    """A layer of so many rows, columns and groups, with names as in ``layers`` of the report."""
    rows, cols, groups = size
    dense = dense_count(rows, cols, geometry, scheme=scheme, groups=groups)
    packed = count(kept, rows=rows, cols=cols, scheme=scheme, geometry=geometry, groups=groups)
    dense_bits, stored_bits = dense_and_stored_bits(rows, cols, packed.ous, geometry, groups=groups)
    weights_kept = expand(kept, rows, cols, scheme, geometry, groups=groups)
    return {
        "weights": rows * cols // groups,
        "weights_kept": int(np.count_nonzero(weights_kept)),
        "ous_dense": dense.ous,
        "ous": packed.ous,
        "crossbars_dense": dense.crossbars,
        "crossbars": packed.crossbars,
        "crossbars_float32": float32_crossbars(rows, cols, geometry, groups=groups),
        "cell_bits_dense": dense_bits,
        "cell_bits_stored": stored_bits,
    }
