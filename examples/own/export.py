"""Write a network of ``net.py`` as an ONNX file: ``python export.py residual residual.onnx``.

Batch normalisation stays as it is, so that the network can be trained further. Weights are those of
a seed, or of a file of ``torch.save(network.state_dict(), FILE)`` as a third argument.
"""

import sys
from pathlib import Path

import net
import torch

IN_SHAPE, CLASSES = (1, 8, 8), 10


def export(name: str, path: Path, weights: Path | None = None) -> None:
    """Write the network ``name`` of ``net.py``, for the digits, to ``path``."""
    torch.manual_seed(0)
    network = getattr(net, name)(IN_SHAPE, CLASSES)
    if weights is not None:
        network.load_state_dict(torch.load(weights, weights_only=True))
    torch.onnx.export(
        network.eval(),
        (torch.zeros(1, *IN_SHAPE),),
        path,
        input_names=["images"],
        dynamic_axes={"images": {0: "n"}},
        training=torch.onnx.TrainingMode.PRESERVE,  # keeps batch normalisation apart
        do_constant_folding=False,
        dynamo=False,
    )


if __name__ == "__main__":
    export(sys.argv[1], Path(sys.argv[2]), *map(Path, sys.argv[3:4]))
