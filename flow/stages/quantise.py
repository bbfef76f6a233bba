"""Quantise: from float networks to integer networks, dense and pruned, and their accuracies."""

import numpy as np

from arch.errors import InputError
from arch.known_images import NO_CLASS, images_kept, write_known_images
from flow.host_tail import cut_tail
from flow.json_file import write_json
from flow.sources import load_dataset, new_network
from flow.stage import Context
from flow.stages.prune import KEPT, WEIGHTS
from sw.integer_inference import accuracy
from sw.integer_network import encode_input, save_integer_network
from sw.kept_file import load_kept
from sw.quantise import quantise
from sw.weights import load_network

__all__ = ["ACCURACY", "DENSE", "IMAGES", "PRUNED", "run"]

IMAGES = "images.npz"
"""The first test images as the pruned network reads them, for devices, which have no data set."""
DENSE = "dense.safetensors"
PRUNED = "pruned.safetensors"
ACCURACY = "accuracy.json"
"""Accuracy on the test split, as fractions: ``quantised`` the dense network, ``pruned``."""


def run(context: Context) -> None:
    """Write the integer networks, :data:`ACCURACY` and :data:`IMAGES`."""
    configuration = context.configuration
    geometry = configuration.crossbar_geometry()
    dataset = load_dataset(configuration)
    network = new_network(configuration, dataset)
    scheme, kept = load_kept(context.inputs["prune"] / KEPT)
    context.output.mkdir()
    accuracies = {}
    for step, (name, file, source, segments) in enumerate(
        (
            ("quantised", DENSE, "train", None),
            ("pruned", PRUNED, "prune", kept),
        )
    ):
        context.progress(step, 2, f"{name} network")
        load_network(network, context.inputs[source] / WEIGHTS)
        try:
            integers = quantise(
                network,
                segments,
                dataset.train.images,
                geometry,
                scheme=scheme,
                name=configuration.name,
                on_host=[part for part in configuration.model.on_host if part == "tail"],
                value_range=dataset.value_range,
            )
        except ValueError as error:
            raise InputError(f"the {name} network cannot be made integer: {error}") from error
        save_integer_network(integers, context.output / file)
        tail = cut_tail(configuration, network, dataset)
        accuracies[name] = accuracy(integers, dataset.test, tail)
    count = images_kept(integers.in_shape)
    codes = encode_input(integers, dataset.test.images[:count])
    labels = dataset.test.labels[:count] if tail is None else np.full(len(codes), NO_CLASS)
    write_known_images(context.output / IMAGES, codes, labels)
    write_json(context.output / ACCURACY, accuracies)
