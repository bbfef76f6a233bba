import pytest
import torch

from sw.augment import random_affine

STILL = {"shift": 0.0, "degrees": 0.0, "zoom": 0.0}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_no_variation_is_the_identity():
    images = torch.rand(5, 2, 8, 6)
    assert torch.allclose(random_affine(images, generator=generator(), **STILL), images, atol=1e-5)


@pytest.mark.parametrize("change", [{"shift": 1.0}, {"degrees": 10.0}, {"zoom": 0.1}])
def test_each_variation_changes_the_image_by_chance_alone(change):
    images = torch.rand(5, 1, 8, 8)
    first, again, other = (
        random_affine(images, generator=generator(seed), **(STILL | change)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.allclose(first, other, atol=1e-3)
    assert not torch.allclose(first, images, atol=1e-3)


def test_shift_is_in_pixels():
    images = torch.zeros(200, 1, 9, 9)
    images[:, :, 4, 4] = 1
    moved = random_affine(images, generator=generator(), **(STILL | {"shift": 2.0}))
    places = torch.arange(9.0)
    columns = (moved[:, 0].sum(dim=1) * places).sum(dim=1) - 4
    rows = (moved[:, 0].sum(dim=2) * places).sum(dim=1) - 4
    for offsets in (rows, columns):
        assert 1.9 < offsets.max() <= 2.0001
        assert -2.0001 <= offsets.min() < -1.9
