import numpy as np
import torch
from torch import nn

from sw.calibration import observe
from sw.graph import trace_network


def test_samples_are_outputs_and_hold_the_largest():
    network = nn.Sequential(nn.Conv2d(1, 8, 3), nn.Flatten(), nn.Linear(288, 3)).train()
    images = np.random.default_rng(0).random((300, 1, 8, 8)).astype(np.float32)
    observed = observe(network, trace_network(network, (1, 8, 8)).steps, images)
    expected = network[0](torch.from_numpy(images)).detach().numpy()
    first = observed["layer_0"]
    assert first.largest == np.abs(expected).max()
    assert np.isin(first.samples, expected).all()
    assert 30_000 < first.samples.size < 50_000 < expected.size
    assert network.training


def test_large_sets_are_sampled_evenly():
    """Of 3,000 images the first and the last are seen."""
    network = nn.Sequential(nn.Linear(1, 1, bias=False))
    network[0].weight.data.fill_(1)
    images = np.linspace(0.25, 0.75, 3000, dtype=np.float32)[:, None]
    samples = observe(network, trace_network(network, (1,)).steps, images)["layer_0"].samples
    assert (samples.min(), samples.max()) == (0.25, 0.75)
    assert 1024 <= len(samples) <= 1024 + 8
