import contextlib
import io
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.errors import InputError
from arch.npz import MEMBERS_MAX, ArraySpec, npz_size_max, read_npz, write_npz

EXPECTED = {"a": ArraySpec("<i4", (3, 2)), "b": ArraySpec("|u1", (0, 5))}
ARRAYS = {"a": np.arange(6, dtype=np.int32).reshape(3, 2), "b": np.zeros((0, 5), dtype=np.uint8)}


def written(arrays=ARRAYS):
    file = io.BytesIO()
    write_npz(file, arrays)
    return file.getvalue()


def read(content, expected=EXPECTED):
    return read_npz(io.BytesIO(content), len(content), expected)


def npy(header, data=b""):
    """A member with any text as its header."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def zipped(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def saved(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def header_of(shape="(3, 2)", descr="'<i4'", order="False"):
    return b"{'descr': %s, 'fortran_order': %s, 'shape': %s, }\n" % (
        descr.encode(),
        order.encode(),
        shape.encode(),
    )


def with_header(header, data=bytes(24)):
    return zipped([("a.npy", npy(header, data)), ("b.npy", good_b())])


def good_b():
    return npy(header_of("(0, 5)", "'|u1'"))


def test_returns_what_was_written():
    arrays = read(written())
    assert list(arrays) == ["a", "b"]
    for name, array in arrays.items():
        assert array.dtype == ARRAYS[name].dtype
        assert array.shape == ARRAYS[name].shape
        assert (array == ARRAYS[name]).all()
        assert not array.flags.writeable


def test_numpy_reads_it():
    with np.load(io.BytesIO(written()), allow_pickle=False) as content:
        assert content.files == ["a", "b"]
        assert content["a"].tolist() == ARRAYS["a"].tolist()
        assert content["b"].shape == (0, 5)


def test_reads_what_numpy_writes():
    assert read(saved(**ARRAYS))["a"].tolist() == ARRAYS["a"].tolist()


def test_any_order_and_layout_gives_the_same_bytes():
    fortran = {"a": np.asfortranarray(ARRAYS["a"]), "b": ARRAYS["b"]}
    big_endian = {"a": ARRAYS["a"].astype(">i4"), "b": ARRAYS["b"]}
    assert written(fortran) == written(big_endian) == written()


def test_carries_no_time_and_no_system():
    with zipfile.ZipFile(io.BytesIO(written())) as archive:
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.create_system == 3
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.extra == info.comment == b""


def test_data_are_aligned():
    content = written()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        member = archive.read("a.npy")
    assert member.index(b"\n") + 1 == 128
    assert member[128:] == ARRAYS["a"].tobytes()


def test_size_is_within_its_bound():
    assert sum(spec.nbytes for spec in EXPECTED.values()) < len(written()) < npz_size_max(EXPECTED)
    assert len(saved(**ARRAYS)) < npz_size_max(EXPECTED)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an npz file: it has 0 bytes"),
        (bytes(100), "is not an npz file, or is truncated"),
        (pickle.dumps(list(range(100))), "is not an npz file, or is truncated"),
        (written()[:-1], "is not an npz file, or is truncated"),
        (written()[1:], "is truncated or damaged: its zip directory is not where"),
        (b"x" + written(), "is truncated or damaged: its zip directory is not where"),
        (zipped([("a.npy", b"")]), "array b is missing"),
        (saved(**ARRAYS, c=np.zeros(1)), "'c.npy' does not belong in it"),
        (saved(**ARRAYS, **{"../x": np.zeros(1)}), "'../x.npy' does not belong in it"),
        (
            zipped([(f"{n}.npy", b"") for n in range(17)]),
            f"must be a plain zip of at most {MEMBERS_MAX} members",
        ),
        (
            zipped([("a.npy", good_b()), ("b.npy", good_b())], zipfile.ZIP_DEFLATED),
            "'a.npy' is compressed or encrypted",
        ),
        (saved(a=ARRAYS["a"].astype(np.int64), b=ARRAYS["b"]), "a has type '<i8', expected '<i4'"),
        (saved(a=ARRAYS["a"].astype(">i4"), b=ARRAYS["b"]), "a has type '>i4', expected '<i4'"),
        (saved(a=ARRAYS["a"].astype("<f4"), b=ARRAYS["b"]), "a has type '<f4', expected '<i4'"),
        (saved(a=ARRAYS["a"].T, b=ARRAYS["b"]), r"a has shape \(2, 3\), expected \(3, 2\)"),
        (saved(a=np.asfortranarray(ARRAYS["a"]), b=ARRAYS["b"]), "a is in Fortran order"),
        (saved(a=ARRAYS["a"][:2], b=ARRAYS["b"]), r"a has shape \(2, 2\), expected \(3, 2\)"),
        (with_header(header_of("(2147483648, 2)")), r"a has shape \(2147483648, 2\), expected"),
        (with_header(header_of("(-3, -2)")), "array a has a header that cannot be read"),
        (with_header(header_of("(3, 2)", "'|O'")), r"a holds Python objects \(pickle\)"),
        (with_header(header_of("(3, 2)", "[('x', '<i4')]")), "holds Python objects .* or records"),
        (with_header(b"__import__('os')\n"), "array a has a header that cannot be read"),
        (with_header(header_of(), bytes(23)), "a has 23 bytes of data, expected 24"),
        (with_header(header_of(), bytes(25)), "a has 25 bytes of data, expected 24"),
        (with_header(header_of() + b"(" * 20_000), "a has a header that is too long"),
        (with_header(header_of(), bytes(2000)), "a has 20.. bytes, which is more than it needs"),
        (with_header(header_of("(" + "3, " * 160 + ")")), "a has a header that is too long"),
        (zipped([("a.npy", b"\x93NUMPY\x03\x00"), ("b.npy", b"")]), "a is not in npy format 1.0"),
        (zipped([("a.npy", b""), ("b.npy", b"")]), "array a is not in npy format 1.0"),
    ],
)
def test_wrong_file(content, message):
    with pytest.raises(InputError, match=message):
        read(content)


def test_object_array_is_refused():
    objects = np.array([["a", len]] * 3, dtype=object)
    with pytest.raises(InputError, match="array a holds Python objects"):
        read(saved(a=objects, b=ARRAYS["b"]))


def test_doubled_member():
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped([("a.npy", b""), ("a.npy", b"")])
    with pytest.raises(InputError, match=r"'a.npy' is in it twice"):
        read(content)


def test_checksum():
    content = bytearray(written())
    content[content.index(ARRAYS["a"].tobytes())] ^= 1
    with pytest.raises(InputError, match="array a is damaged: its checksum differs"):
        read(bytes(content))


def test_bomb_is_refused_before_it_is_unpacked():
    bomb = zipped(
        [("a.npy", npy(header_of("(250000000,)"), bytes(10**8))), ("b.npy", good_b())],
        zipfile.ZIP_DEFLATED,
    )
    assert len(bomb) < 200_000
    tracemalloc.start()
    with pytest.raises(InputError, match="compressed or encrypted"):
        read(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_members_may_claim_any_size():
    # Sizes and offsets in the directory are a stranger's: none may be believed.
    good = written()
    start = good.index(b"PK\x01\x02")
    for field, size in ((20, 4), (24, 4), (42, 4), (28, 2), (30, 2), (32, 2), (16, 4)):
        for value in (0, 1, 7, (1 << (8 * size)) - 1):
            content = bytearray(good)
            content[start + field : start + field + size] = value.to_bytes(size, "little")
            if bytes(content) != good:
                with pytest.raises(InputError):
                    read(bytes(content))


def test_compression_that_keeps_the_size():
    content = bytearray(written())
    method = content.index(b"PK\x01\x02") + 10
    content[method] = zipfile.ZIP_DEFLATED
    with pytest.raises(InputError, match=r"'a.npy' is compressed or encrypted"):
        read(bytes(content))


def test_directory_with_more_than_its_entries():
    content = written()
    end = content[-22:]
    length = struct.pack("<L", struct.unpack_from("<L", end, 12)[0] + 5)
    with pytest.raises(InputError, match="its zip directory has bytes to spare"):
        read(content[:-22] + bytes(5) + end[:12] + length + end[16:])


@given(st.binary(max_size=200))
def test_garbage(content):
    with pytest.raises(InputError):
        read(content)


@given(st.data())
def test_flipped_bytes(data):
    content = bytearray(written())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        arrays = read(bytes(content))
        assert all((arrays[name] == ARRAYS[name]).all() for name in ARRAYS)
