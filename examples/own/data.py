"""Data of one's own, as arrays; ``data: {kind: python, source: data.py:breast_cancer}``."""

import numpy as np
from sklearn.datasets import load_breast_cancer

LIMIT = 4.0
"""Features are clipped to this many standard deviations; ``data.range`` says the same."""


def breast_cancer() -> dict[str, object]:
    """569 tumours of 30 features each, standardised; it comes with scikit-learn."""
    bunch = load_breast_cancer()
    features = (bunch.data - bunch.data.mean(axis=0)) / bunch.data.std(axis=0)
    return {
        "images": np.clip(features, -LIMIT, LIMIT),
        "labels": bunch.target,
        "classes": [str(name) for name in bunch.target_names],
    }
