import pytest
import torch

from sw.augment import VARIATIONS, random_affine, random_crop_flip

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


def test_crop_and_flip_moves_whole_pixels():
    """Every result is one of the 81 shifts of the reflected image, mirrored or not; all occur."""
    image = torch.rand(1, 2, 6, 7)
    padded = torch.nn.functional.pad(image, (4, 4, 4, 4), mode="reflect")[0]
    places = {}
    for row in range(9):
        for col in range(9):
            part = padded[:, row : row + 6, col : col + 7]
            places[part.numpy().tobytes()] = (row, col, False)
            places[part.flip(2).contiguous().numpy().tobytes()] = (row, col, True)
    varied = random_crop_flip(image.expand(3000, -1, -1, -1), generator=generator())
    found = {places[one.contiguous().numpy().tobytes()] for one in varied}
    assert found == set(places.values())
    assert len(found) > 81
    again = random_crop_flip(image.expand(3000, -1, -1, -1), generator=generator())
    assert torch.equal(again, varied)


def test_variations_by_name():
    images = torch.rand(4, 1, 8, 8)
    seen = {name: vary(images, generator=generator()) for name, vary in VARIATIONS.items()}
    assert torch.equal(seen["none"], images)
    assert torch.equal(seen["affine"], random_affine(images, generator=generator()))
    assert torch.equal(seen["crop_flip"], random_crop_flip(images, generator=generator()))
