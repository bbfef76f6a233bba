"""Data sets from files of every kind; damaged and hostile ones."""

import gzip
import io
import pickle
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from arch.errors import InputError
from sw.datasets import FILE_KINDS, FileShares, load_files
from sw.datasets.array_file import read_arrays
from sw.datasets.arrays_npz import read_npz
from sw.datasets.cifar_binary import read_cifar10
from sw.datasets.idx import read_idx
from sw.datasets.image_folder import read_folder
from sw.datasets.jpeg_npz import read_jpeg_npz
from sw.datasets.labelled import VALUES_MAX
from tests.sw.image_files import encoded, jpeg_arrays, write_jpeg_npz


def pixels(count, shape=(6, 5, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def labels_of(count, classes=2):
    return np.arange(count) % classes


def idx_bytes(array):
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.tobytes()


def write_mnist(directory, images, labels):
    directory.mkdir(exist_ok=True)
    (directory / "train-images-idx3-ubyte").write_bytes(idx_bytes(images))
    (directory / "train-labels.idx1-ubyte").write_bytes(idx_bytes(labels.astype(np.uint8)))
    packed = gzip.compress(idx_bytes(images[:4]))
    (directory / "t10k-images-idx3-ubyte.gz").write_bytes(packed)
    (directory / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(labels[:4].astype(np.uint8)))


def write_cifar(directory, records):
    directory.mkdir(exist_ok=True)
    for number in range(1, 6):
        (directory / f"data_batch_{number}.bin").write_bytes(records[number - 1 :: 5].tobytes())
    (directory / "test_batch.bin").write_bytes(records[:5].tobytes())


def write_folder(directory, images, labels, kind="PNG"):
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = directory / f"class{label}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{place:03d}.{kind.lower()}").write_bytes(encoded(image, kind))
    (directory / ".hidden").mkdir()
    (directory / "class0" / "notes.txt").write_text("no picture")


def planes(images):
    """Images (n, H, W, C) as the network takes them."""
    return images.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)


def everything(source):
    return source.images(np.arange(len(source)))


def test_npz(tmp_path):
    images, labels = pixels(7), labels_of(7)
    np.savez_compressed(tmp_path / "a.npz", images=images, labels=labels, classes=["x", "y", "z"])
    source = read_npz(tmp_path / "a.npz")
    assert (source.shape, source.classes) == ((3, 6, 5), 3)
    assert source.labels.tolist() == labels.tolist()
    assert np.array_equal(everything(source), planes(images))
    np.savez(tmp_path / "b.npz", images=np.asfortranarray(images[..., 0] / 255), labels=labels)
    source = read_npz(tmp_path / "b.npz")
    assert (source.shape, source.classes) == ((1, 6, 5), 0)
    assert np.allclose(everything(source), planes(images[..., :1]))
    np.savez(tmp_path / "c.npz", images=images, labels=labels, classes=4)
    assert read_npz(tmp_path / "c.npz").classes == 4


def test_jpeg_npz(tmp_path):
    images, labels = pixels(5, (8, 8, 3)), labels_of(5)
    write_jpeg_npz(tmp_path / "a.npz", images, labels)
    source = read_jpeg_npz(tmp_path / "a.npz")
    decoded = np.stack([np.asarray(Image.open(io.BytesIO(encoded(i, "JPEG")))) for i in images])
    assert np.array_equal(everything(source), planes(decoded))
    assert np.array_equal(source.images(np.array([3])), planes(decoded[3:4]))
    assert (source.shape, source.classes) == ((3, 8, 8), 2)


def test_idx(tmp_path):
    images, labels = pixels(9, (4, 3)), labels_of(9, 3)
    write_mnist(tmp_path / "mnist", images, labels)
    source, test = (read_idx(tmp_path / "mnist", split) for split in ("train", "test"))
    assert (source.shape, len(source), len(test)) == ((1, 4, 3), 9, 4)
    assert np.array_equal(everything(source), planes(images[..., None]))
    assert np.array_equal(everything(test), planes(images[:4, ..., None]))
    assert source.labels.tolist() == labels.tolist()


def test_cifar10_binary(tmp_path):
    records = np.random.default_rng(0).integers(0, 256, (20, 3073), dtype=np.uint8)
    records[:, 0] = np.arange(20) % 10
    write_cifar(tmp_path / "cifar", records)
    source, test = (read_cifar10(tmp_path / "cifar", split) for split in ("train", "test"))
    ordered = np.concatenate([records[start::5] for start in range(5)])
    assert source.labels.tolist() == ordered[:, 0].tolist()
    expected = ordered[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / np.float32(255)
    assert np.array_equal(everything(source), expected)
    assert (len(test), test.classes, test.shape) == (5, 10, (3, 32, 32))


@pytest.mark.parametrize("channels", [1, 3])
def test_folder(tmp_path, channels):
    images, labels = pixels(6, (4, 5, channels)), np.array([0, 0, 0, 1, 1, 2])
    write_folder(tmp_path / "f", images, labels)
    source = read_folder(tmp_path / "f")
    assert (source.shape, source.classes) == ((channels, 4, 5), 3)
    assert source.labels.tolist() == labels.tolist()
    assert np.array_equal(everything(source), planes(images))


def load(path, kind="npz", seed=0, test_path=None, **shares):
    shares = FileShares(**shares)
    return load_files(kind, path, seed=seed, test_path=test_path, shares=shares)


def test_splits_share_no_image(tmp_path):
    images = pixels(100)
    np.savez(tmp_path / "a.npz", images=images, labels=labels_of(100))
    data = load(tmp_path / "a.npz", validation=0.2, test=0.3)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [50, 20, 30]
    found = np.concatenate([s.images for s in (data.train, data.validation, data.test)])
    assert sorted(map(bytes, found)) == sorted(map(bytes, planes(images)))
    assert (data.classes, data.in_shape) == (2, (3, 6, 5))
    again, other = load(tmp_path / "a.npz"), load(tmp_path / "a.npz", seed=1)
    assert np.array_equal(again.test.images, load(tmp_path / "a.npz").test.images)
    assert not np.array_equal(again.test.images, other.test.images)


def test_test_images_of_their_own(tmp_path):
    np.savez(tmp_path / "a.npz", images=pixels(50), labels=labels_of(50))
    np.savez(tmp_path / "b.npz", images=pixels(9, seed=1), labels=labels_of(9))
    data = load(tmp_path / "a.npz", test_path=tmp_path / "b.npz", validation=0.2)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [40, 10, 9]
    assert np.array_equal(data.test.images, planes(pixels(9, seed=1)))
    small = load(tmp_path / "a.npz", test_path=tmp_path / "b.npz", train_limit=20, test_limit=3)
    assert [len(split) for split in (small.train, small.validation, small.test)] == [17, 3, 3]


def test_validation_from_test_images(tmp_path):
    """Both are cut from the test images, and the training images are all for training."""
    np.savez(tmp_path / "a.npz", images=pixels(50), labels=labels_of(50))
    np.savez(tmp_path / "b.npz", images=pixels(20, seed=1), labels=labels_of(20))
    options = {"test_path": tmp_path / "b.npz", "validation": 0.4, "validation_from": "test"}
    data = load(tmp_path / "a.npz", **options)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [50, 8, 12]
    found = np.concatenate([data.validation.images, data.test.images])
    assert sorted(map(bytes, found)) == sorted(map(bytes, planes(pixels(20, seed=1))))
    small = load(tmp_path / "a.npz", **options, train_limit=20, test_limit=3)
    assert [len(split) for split in (small.train, small.validation, small.test)] == [20, 8, 3]
    with pytest.raises(InputError, match=r"validation_from: test needs test images; give"):
        load(tmp_path / "a.npz", validation_from="test")


def test_kinds_with_both_splits(tmp_path):
    write_mnist(tmp_path / "mnist", pixels(30, (4, 3)), labels_of(30))
    data = load(tmp_path / "mnist", "idx")
    assert (len(data.train) + len(data.validation), len(data.test)) == (30, 4)
    with pytest.raises(InputError, match=r"data.test_path: idx has its test images in data.path"):
        load(tmp_path / "mnist", "idx", test_path=tmp_path)


@pytest.mark.parametrize("kind", FILE_KINDS)
@pytest.mark.parametrize("what", ["missing", "a directory", "noise"])
def test_wrong_path(tmp_path, kind, what):
    path = tmp_path / "x"
    if what == "a directory":
        path.mkdir()
    elif what == "noise":
        path.write_bytes(np.random.default_rng(0).bytes(500))
    with pytest.raises(InputError, match="x") as caught:
        load(path, kind)
    assert "\n" not in str(caught.value)


GOOD = {"images": pixels(40), "labels": labels_of(40)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": pixels(0), "labels": labels_of(0)}, "holds no image"),
        ({"images": pixels(40, (0, 5, 3))}, "holds no image"),
        ({"labels": labels_of(39)}, "as many labels"),
        ({"labels": labels_of(40) / 2}, "labels must be integers"),
        ({"labels": np.full(40, 2**63, np.uint64)}, "a label is 9223372036854775808"),
        ({"labels": labels_of(40) - 1}, "label of image 0 is -1, but must be 0 to 9999"),
        ({"labels": labels_of(40) + 9999}, "label of image 1 is 10000, but must be 0 to 9999"),
        ({"classes": np.array(["one"])}, "label of image 1 is 1, but must be 0 to 0"),
        ({"classes": 1}, "label of image 1 is 1, but must be 0 to 0"),
        ({"classes": 0}, "classes must be a row of names, or their number, at least 1"),
        ({"classes": 2.0}, "classes must be a row of names, or their number, at least 1"),
        ({"classes": 10**9}, "has 1000000000 classes, at most 10000 are read"),
        ({"images": pixels(40, (6, 5, 4))}, "1 or 3 channels"),
        ({"images": pixels(40).astype(np.int64)}, "must be uint8 or floats"),
        ({"images": pixels(40) * 1.0}, "images must be within data.range, 0 to 1"),
        ({"images": np.full((40, 6, 5), np.nan)}, "images must be within data.range, 0 to 1"),
        ({"images": np.array([[[None]]] * 40)}, "Python objects"),
        ({"labels": np.arange(40)}, "too few to split"),
        ({"images": pixels(4), "labels": labels_of(4)}, "4 images are too few to split"),
    ],
)
def test_wrong_npz(tmp_path, change, message):
    np.savez(tmp_path / "a.npz", **(GOOD | change))
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path / "a.npz")
    assert str(caught.value).startswith(str(tmp_path / "a.npz"))


def test_missing_array(tmp_path):
    np.savez(tmp_path / "a.npz", images=pixels(4), label=labels_of(4))
    with pytest.raises(InputError, match="has no array labels; found images, label"):
        read_npz(tmp_path / "a.npz")


def test_every_cut_of_a_file_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, images=pixels(4), labels=labels_of(4))
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError):
            read_npz(path)


def test_changed_bytes_are_one_line_or_right(tmp_path):
    """Whatever byte is wrong, no other error comes out."""
    path = tmp_path / "a.npz"
    np.savez(path, images=pixels(4), labels=labels_of(4))
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for place in rng.integers(0, len(whole), 300):
        changed = bytearray(whole)
        changed[place] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        try:
            read_npz(path)
        except InputError:
            refused += 1
    assert refused > 200


def test_claims_more_than_it_has(tmp_path):
    """A header of 2**60 images is refused before anything is allocated."""
    path = tmp_path / "a.npz"
    np.savez(path, images=np.zeros(8, np.uint8), labels=np.zeros(8, np.int64))
    data = path.read_bytes().replace(b"'shape': (8,), }", b"'shape': (%d,), }" % 2**60, 1)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"another size than its header|damaged|cannot be read"):
        read_arrays(path, ("images",))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (b"((((", "cannot be read: "),  # NumPy's tokenizer has an error of its own
        (b"(4L, 6, 5, 3)", None),  # as Python 2 wrote it: right, and NumPy would warn
    ],
)
def test_header_that_numpy_stumbles_over(tmp_path, shape, message):
    path = tmp_path / "a.npz"
    np.savez(path, images=pixels(4), labels=labels_of(4))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    old = b"(4, 6, 5, 3)"
    assert old in members["images.npy"]
    pad = b" " * (len(shape) - len(old))
    members["images.npy"] = members["images.npy"].replace(
        old + b", }" + pad, (shape + b", }").ljust(len(old) + 3)
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    if message is None:
        assert len(read_npz(path)) == 4
    else:
        with pytest.raises(InputError, match=message):
            read_npz(path)


def test_files_that_blow_up(tmp_path, monkeypatch):
    """A few bytes that unpack to as many as fill the memory are refused before they do."""
    monkeypatch.setattr("sw.datasets.unpacked_size.UNPACKED_FREE", 10_000)
    path, labels = tmp_path / "a.npz", labels_of(40)
    for images, fits in ((np.zeros((40, 20, 20), np.uint8), False), (pixels(40, (20, 20)), True)):
        np.savez_compressed(path, images=images, labels=labels)
        write_mnist(tmp_path / "m", images, labels)
        packed = gzip.compress(idx_bytes(images))
        (tmp_path / "m" / "t10k-images-idx3-ubyte.gz").write_bytes(packed)
        (tmp_path / "m" / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(labels.astype(np.uint8)))
        for read in (lambda: read_npz(path), lambda: read_idx(tmp_path / "m", "test")):
            if fits:
                assert len(read()) == 40
            else:
                with pytest.raises(InputError, match=r"unpacks \d+ bytes to 16\d\d\d; if that"):
                    read()


def test_pickle_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(pickle.dumps({"images": 1}))
    with pytest.raises(InputError, match="is not an npz file"):
        read_npz(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"jpeg": np.zeros((2, 2), np.uint8)}, "jpeg must be uint8"),
        ({"offsets": np.arange(3)}, "offsets must be 6 integers"),
        ({"offsets": np.array([0, 9, 8, 20, 30, 40])}, "offsets must ascend"),
        ({"offsets": np.array([0, 1, 2, 3, 4, 10**9])}, "offsets must ascend within"),
        ({"offsets": np.array([-5, 1, 2, 3, 4, 5])}, "offsets must ascend"),
        ({"labels": np.array([0, 1, 0, 1, 7])}, "label of image 4 is 7, but must be 0 to 1"),
        ({"jpeg": np.zeros(4000, np.uint8)}, "image 0: is not a JPEG or PNG"),
        ({"labels": np.zeros(0, int), "offsets": np.zeros(1, int)}, "holds no image"),
    ],
)
def test_wrong_jpeg_npz(tmp_path, change, message):
    np.savez(tmp_path / "a.npz", **(jpeg_arrays(pixels(5, (8, 8, 3)), labels_of(5)) | change))
    with pytest.raises(InputError, match=message):
        read_jpeg_npz(tmp_path / "a.npz")


def test_damaged_picture_is_named(tmp_path):
    arrays = jpeg_arrays(pixels(3, (8, 8, 3)), labels_of(3))
    start, stop = arrays["offsets"][1:3]
    arrays["jpeg"][start + 30 : stop] = 0
    np.savez(tmp_path / "a.npz", **arrays)
    source = read_jpeg_npz(tmp_path / "a.npz")
    with pytest.raises(InputError, match=r"a.npz: image 1: (cannot be decoded|is not a JPEG)"):
        everything(source)


def test_pictures_of_two_sizes(tmp_path):
    images = [*pixels(2, (4, 5, 3)), *pixels(1, (5, 5, 3))]
    write_folder(tmp_path / "f", images, [0, 0, 1])
    with pytest.raises(InputError, match=r"002.png: is 5 x 5 pixels, but the first image is 5 x 4"):
        everything(read_folder(tmp_path / "f"))


def test_large_picture(tmp_path):
    write_folder(tmp_path / "f", np.zeros((1, 1, 1025, 1), np.uint8), [0])
    with pytest.raises(InputError, match=r"000.png: is larger than 1024 x 1024"):
        read_folder(tmp_path / "f")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (idx_bytes(pixels(3, (2, 2)))[:-1], "has 27 bytes, but 28 follow from its header"),
        (idx_bytes(pixels(3, (2, 2))) + b"x", "has 29 bytes, but 28 follow"),
        (b"\0\0\x0d\3" + bytes(12), "not an IDX file of bytes in 3 dimensions"),
        (b"\0\0\x08\3" + b"\xff" * 12, f"at most {VALUES_MAX} are read"),
        (b"\0\0\x08\3" + bytes(12), "holds no image"),
        (b"", "not an IDX file"),
        (idx_bytes(pixels(2, (2, 2))), "has 2 images, but there are 3 labels"),
    ],
)
def test_wrong_idx(tmp_path, data, message):
    write_mnist(tmp_path, pixels(3, (2, 2)), labels_of(3))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_idx(tmp_path, "train")


@pytest.mark.parametrize("cut", [0, 5, -1])
def test_damaged_gzip(tmp_path, cut):
    write_mnist(tmp_path, pixels(4, (2, 2)), labels_of(4))
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"gz: (is damaged|is not an IDX)"):
        read_idx(tmp_path, "test")


def test_wrong_cifar(tmp_path):
    records = np.zeros((20, 3073), np.uint8)
    records[7, 0] = 10
    write_cifar(tmp_path, records)
    with pytest.raises(InputError, match="is 10, but must be 0 to 9"):
        read_cifar10(tmp_path, "train")
    (tmp_path / "data_batch_2.bin").write_bytes(bytes(3074))
    with pytest.raises(InputError, match=r"data_batch_2.bin: has 3074 bytes, which are no records"):
        read_cifar10(tmp_path, "train")


def test_empty_folder(tmp_path):
    with pytest.raises(InputError, match="one folder a class"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (pixels(9, (6, 6, 3)), labels_of(9), r"images are \(3, 6, 6\)"),
        (pixels(9), labels_of(9, 3), "b.npz: has 3 classes, but .*a.npz has 2"),
    ],
)
def test_test_images_of_another_kind(tmp_path, images, labels, message):
    np.savez(tmp_path / "a.npz", **GOOD)
    np.savez(tmp_path / "b.npz", images=images, labels=labels)
    with pytest.raises(InputError, match=message):
        load(tmp_path / "a.npz", test_path=tmp_path / "b.npz")
