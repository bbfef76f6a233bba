"""The digits, and one network trained on them, shared by every test."""

import copy

import pytest

from sw.datasets import load_digits
from sw.networks import build
from sw.train import train


@pytest.fixture(scope="session")
def digits():
    return load_digits(seed=0)


@pytest.fixture(scope="session")
def _trained(digits):
    network = build("digits_cnn", in_shape=digits.in_shape, classes=digits.classes, seed=0)
    train(network, digits, epochs=30, seed=0)
    return network


@pytest.fixture
def trained(_trained):
    """A network that a test may change, trained as the configuration's defaults say."""
    return copy.deepcopy(_trained)
