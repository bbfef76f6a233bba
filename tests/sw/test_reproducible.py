"""What torch is told while a run must be repeatable, and that it is told otherwise afterwards."""

import os

import pytest
import torch
import torch.nn.functional as F

from sw.networks import NETWORKS, build
from sw.reproducible import reproducible

WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


def stop_inside():
    with reproducible():
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.is_deterministic_algorithms_warn_only_enabled()
        assert not torch.backends.cudnn.benchmark
        assert not torch.backends.cudnn.allow_tf32
        raise KeyError("stop")


def test_restores_after_an_error():
    threads, tf32 = torch.get_num_threads(), torch.backends.cudnn.allow_tf32
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = True
    try:
        with pytest.raises(KeyError, match="stop"):
            stop_inside()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
        assert torch.backends.cudnn.benchmark
    finally:
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.benchmark = False
    assert (torch.get_num_threads(), torch.backends.cudnn.allow_tf32) == (threads, tf32)


@pytest.mark.parametrize(
    ("cuda", "before", "within"),
    [
        (False, None, None),
        (True, None, ":4096:8"),
        (True, ":16:8", ":16:8"),
        (True, ":0:0", ":4096:8"),
    ],
)
def test_workspace_of_products_on_cuda(monkeypatch, cuda, before, within):
    """Torch refuses to multiply with any other workspace; without CUDA none is set."""
    # Set in any case, so that what was there comes back after the test.
    monkeypatch.setenv(WORKSPACE, before or "")
    if before is None:
        monkeypatch.delenv(WORKSPACE)
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    with reproducible():
        assert os.environ.get(WORKSPACE) == within


REFUSED = ("AdaptiveAvgPool", "AdaptiveMaxPool", "AvgPool3D", "Upsample", "ReflectionPad",
           "GridSampler", "NllLoss2D", "Cumsum", "MaxUnpool", "Put")  # fmt: skip
"""Gradients that torch refuses to compute on CUDA, by the beginning of their names."""


@pytest.mark.parametrize("name", NETWORKS)
def test_training_asks_for_nothing_that_cuda_refuses(name):
    """Global average pooling is a mean for torch, whose gradient is deterministic."""
    network = build(name, in_shape=(3, 32, 32), classes=4, seed=0, mean=[0.5] * 3, std=[0.2] * 3)
    scores = network.train()(torch.rand(2, 3, 32, 32))
    loss = F.cross_entropy(scores, torch.tensor([0, 1]), label_smoothing=0.1)
    found = gradients(loss.grad_fn)
    assert "ConvolutionBackward0" in found
    assert not [gradient for gradient in found if gradient.startswith(REFUSED)]
    pooled = F.adaptive_avg_pool2d(torch.rand(1, 1, 4, 4, requires_grad=True), 2).sum()
    assert any(gradient.startswith(REFUSED) for gradient in gradients(pooled.grad_fn))


def gradients(node):
    """Names of all steps that lead to a gradient."""
    names, waiting, seen = set(), [node], set()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            names.add(node.name())
            waiting += [before for before, _ in node.next_functions]
    return names
