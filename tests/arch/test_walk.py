"""Walks against the windows of the golden model and against literal loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.fixed import ActFormat, OutFormat
from arch.host import HostSpec
from arch.layer import LayerSpec
from arch.walk import LEVELS, Level, Walk, layer_walk, operation_walk
from cosim.golden import windows

ZERO = 7


def conv_spec(in_shape, *, kernel, stride, padding, dilation):
    size = [
        (length + 2 * p - d * (k - 1) - 1) // s + 1
        for length, k, s, p, d in zip(in_shape[1:], kernel, stride, padding, dilation, strict=True)
    ]
    return LayerSpec(
        name="conv",
        kind="conv2d",
        source="input",
        in_shape=in_shape,
        out_shape=(1, *size),
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        activation=ActFormat(zero_point=ZERO),
        output=OutFormat(),
    )


@st.composite
def conv_specs(draw):
    """Any convolution of a small map that has an output."""
    kernel, stride, padding, dilation = (
        (draw(st.integers(low, high)), draw(st.integers(low, high)))
        for low, high in ((1, 4), (1, 3), (0, 3), (1, 3))
    )
    sizes = tuple(
        draw(st.integers(max(1, d * (k - 1) + 1 - 2 * p), 10))
        for k, p, d in zip(kernel, padding, dilation, strict=True)
    )
    shape = (draw(st.integers(1, 3)), *sizes)
    return conv_spec(shape, kernel=kernel, stride=stride, padding=padding, dilation=dilation)


def gather(walk, memory, *, lanes, beat, outside=ZERO):
    """The windows that the runs of a walk bring, and the runs of each."""
    got, counts, window, runs = [], [], [], 0
    for run in walk.runs(lanes=lanes, beat=beat):
        assert run.lane == len(window) % beat
        assert 1 <= len(run.inside) <= (lanes if walk.wide else 1)
        assert run.lane + len(run.inside) <= beat
        window += [memory[run.at + n] if inside else outside for n, inside in enumerate(run.inside)]
        assert run.beat_last == (run.last or len(window) % beat == 0)
        runs += 1
        if run.last:
            got.append(window)
            counts.append(runs)
            window, runs = [], 0
    assert not window
    return got, counts


@given(conv_specs(), st.sampled_from((1, 2, 4, 8)), st.integers(1, 10), st.integers(0, 50))
def test_layer_equals_golden_windows(spec, lanes, beat, at):
    """Any kernel, stride, padding and dilation; windows in order, rows in im2col order."""
    size = int(np.prod(spec.in_shape))
    image = np.arange(100, 100 + size).reshape(1, *spec.in_shape)
    walk = layer_walk(spec, at)
    memory = dict(enumerate(image.ravel().tolist(), start=at))  # reading elsewhere is an error
    got, counts = gather(walk, memory, lanes=lanes, beat=beat)
    assert got == windows(image, spec).tolist()
    assert walk.windows == spec.positions
    assert set(counts) == {walk.window_runs(lanes=lanes, beat=beat)}
    ends = [run.beat_last for run in walk.runs(lanes=lanes, beat=beat)]
    assert walk.first_beat_runs(lanes=lanes, beat=beat) == 1 + ends.index(True)


def test_linear_reads_neighbours():
    spec = LayerSpec(
        name="fc",
        kind="linear",
        source="input",
        in_shape=(2, 3, 5),
        out_shape=(4, 1, 1),
        activation=ActFormat(),
        output=OutFormat(),
    )
    walk = layer_walk(spec, 11)
    got, counts = gather(walk, list(range(41)), lanes=4, beat=9)
    assert got == [list(range(11, 41))]
    assert counts == [3 * 3 + 1]  # three beats in runs of 4, 4 and 1, then three elements


@pytest.mark.parametrize(("kernel", "runs"), [((3, 3), 6), ((3, 5), 12), ((1, 1), 2)])
def test_a_run_is_a_kernel_row(kernel, runs):
    """As far as the lanes and the beat go."""
    spec = conv_spec((2, 8, 8), kernel=kernel, stride=(1, 1), padding=(0, 0), dilation=(1, 1))
    assert layer_walk(spec, 0).window_runs(lanes=4, beat=15) == runs


def operation(kind, in_shape, out_shape, **fields):
    count = 2 if kind == "add" else 1
    return HostSpec(
        name="op",
        kind=kind,
        sources=("a", "b")[:count],
        in_shape=in_shape,
        out_shape=out_shape,
        activations=(ActFormat(),) * count,
        multipliers=(1,) * count,
        shift=0,
        output=OutFormat(),
        **fields,
    )


def test_add_alternates_between_its_sources():
    spec = operation("add", (2, 3, 2), (2, 3, 2))
    for sources in ((40, 5), (5, 40), (9, 9)):
        got, _ = gather(operation_walk(spec, sources), list(range(60)), lanes=4, beat=9)
        assert got == [[sources[0] + n, sources[1] + n] for n in range(12)]


def test_average_reads_a_channel():
    spec = operation("average_pool", (3, 2, 4), (3, 1, 1))
    got, _ = gather(operation_walk(spec, (6,)), list(range(60)), lanes=4, beat=9)
    assert got == [list(range(6 + 8 * channel, 14 + 8 * channel)) for channel in range(3)]


@pytest.mark.parametrize("kind", ["average_pool", "max_pool"])
@given(
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
)
def test_pool_reads_windows(kind, kernel, stride, around):
    """Channel after channel, row after row; what is padding is outside."""
    padding = tuple(min(n, size // 2) for n, size in zip(around, kernel, strict=True))
    padded = np.pad(
        np.arange(30, 90).reshape(2, 6, 5), ((0, 0), *((n, n) for n in padding)), "constant",
        constant_values=-1,
    )  # fmt: skip
    tall, wide = kernel
    expected = [
        [
            padded[:, top : top + tall, left : left + wide].reshape(2, -1).tolist()
            for left in range(0, padded.shape[2] - wide + 1, stride[1])
        ]
        for top in range(0, padded.shape[1] - tall + 1, stride[0])
    ]
    out = (2, len(expected), len(expected[0]))
    spec = operation(kind, (2, 6, 5), out, kernel=kernel, stride=stride, padding=padding)
    memory = dict(enumerate(range(30, 90), start=7))
    got, _ = gather(operation_walk(spec, (7,)), memory, lanes=4, beat=9, outside=-1)
    windows = [place[channel] for channel in range(2) for row in expected for place in row]
    assert got == windows


@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
def test_shortcut_has_new_channels_outside(stride):
    out = (5, -(-5 // stride[0]), -(-4 // stride[1]))
    spec = operation("shortcut", (2, 5, 4), out, stride=stride, channels_before=1)
    source = np.arange(30, 70).reshape(2, 5, 4)
    expected = np.full(out, -1)
    expected[1:3] = source[:, :: stride[0], :: stride[1]]
    memory = dict(enumerate(source.ravel().tolist(), start=3))
    got, _ = gather(operation_walk(spec, (3,)), memory, lanes=4, beat=9, outside=-1)
    assert got == [[value] for value in expected.ravel().tolist()]


def test_wrong_walks():
    one = (Level(),) * LEVELS
    with pytest.raises(ValueError, match=r"^a walk has 6 levels of at least 1, not \(\)$"):
        Walk(at=0, levels=())
    with pytest.raises(ValueError, match=r"^a walk has 6 levels of at least 1"):
        Walk(at=0, levels=(Level(count=0), *one[1:]))
    with pytest.raises(ValueError, match=r"^the innermost level of a wide walk moves at and x"):
        Walk(at=0, levels=(Level(at=2, x=1), *one[1:]), wide=True)
    spec = operation("add", (1, 1, 1), (1, 1, 1))
    object.__setattr__(spec, "kind", "sort")
    with pytest.raises(ValueError, match=r"^operation op: no walk is known for sort$"):
        operation_walk(spec, (0, 0))
