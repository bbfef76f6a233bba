"""A job that takes a second: three classes of images of 6 x 6, and a search of four episodes."""

import numpy as np

__all__ = ["CONFIGURATION", "refused", "write_images"]

CONFIGURATION = """\
name: small
model: {name: digits_cnn}
data: {kind: npz, path: data.npz, validation_share: 0.2, test_share: 0.2}
train: {epochs: 4, batch_size: 16, variations: none}
prune: {finetune_epochs: 1}
search:
  {agent: random, episodes: 4, hardware: ous, finalists: 2, max_accuracy_drop: 40.0, recovery: 0.0}
cosim: {images: 1, positions: 2}
"""


def write_images(path, count=90, labels=None, **others):
    """Images of 6 x 6 in three classes that are easy to tell apart."""
    numbers = np.arange(count) % 3
    images = np.random.default_rng(0).integers(0, 60, (count, 6, 6), dtype=np.uint8)
    images[np.arange(count), numbers * 2] += 150
    np.savez(path, images=images, labels=numbers if labels is None else labels, **others)


def refused(ended, place):
    """The last line of a run that must have ended with 2, nothing half written."""
    status, lines = ended
    assert status == 2
    assert sum(line.startswith("ohmforge: ") for line in lines) == 1
    assert not list((place / "run").glob("*partial*"))
    names = {path.name for path in (place / "run").iterdir() if not path.name.startswith(".")}
    # Of a stage that is done there are both output and record, of others nothing.
    done = {path.stem for path in (place / "run" / "records").glob("*.json")}
    assert names - {"ohmforge.json", "build", "records", "policy.yaml"} == done
    assert ("policy.yaml" in names) == ("search" in done)
    return lines[-1].removeprefix("ohmforge: ")
