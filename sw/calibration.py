"""What values the layers of a network take on given images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from sw.compute import device_of
from sw.graph import layer_outputs
from sw.reproducible import reproducible
from sw.traced import TracedLayer, TracedOperation

__all__ = ["Observed", "observe"]

_IMAGES = 1024
_BATCH = 128
_SAMPLES = 1 << 14


@dataclass(frozen=True, kw_only=True, eq=False)
class Observed:
    """Outputs of one layer, after all that is folded into it.

    Parameters
    ----------
    samples : float64 array, shape (k,)
        Evenly spread outputs, the largest magnitude of all among them.
    """

    samples: np.ndarray

    @property
    def largest(self) -> float:
        """Largest magnitude of all outputs."""
        return float(np.abs(self.samples).max())


def observe(
    network: nn.Module, layers: Sequence[TracedLayer | TracedOperation], images: np.ndarray
) -> dict[str, Observed]:
    """Run a network for inference and keep samples of the outputs of its layers.

    Parameters
    ----------
    layers : sequence of TracedLayer or TracedOperation
        What :func:`sw.graph.trace_network` returned for ``network``.
    images : float32 array, shape (n, C, H, W)
        Training images; 1024 of them, evenly spread, are used.

    Returns
    -------
    dict of Observed
        By the name of the layer or operation.
    """
    chosen = np.unique(np.linspace(0, len(images) - 1, min(len(images), _IMAGES)).astype(int))
    samples: dict[str, list[np.ndarray]] = {layer.name: [] for layer in layers}
    training, device = network.training, device_of(network)
    network.eval()
    try:
        with reproducible(), torch.no_grad():
            for batch in torch.from_numpy(images[chosen]).split(_BATCH):
                for name, outputs in layer_outputs(network, layers, batch.to(device)).items():
                    samples[name].append(_sample(outputs.cpu().numpy()))
    finally:
        network.train(training)
    return {name: Observed(samples=np.concatenate(parts)) for name, parts in samples.items()}


def _sample(outputs: np.ndarray) -> np.ndarray:
    flat = outputs.reshape(-1).astype(np.float64)
    # Odd, so that it does not always meet the same columns of an image.
    stride = flat.size // _SAMPLES | 1
    return np.append(flat[::stride], flat[np.abs(flat).argmax()])
