import pytest

from arch.fixed import ActFormat, OutFormat
from arch.layer import LayerSpec


def conv(**fields):
    defaults = {
        "name": "conv",
        "kind": "conv2d",
        "source": "input",
        "in_shape": (3, 9, 8),
        "out_shape": (5, 9, 8),
        "kernel": (3, 3),
        "padding": (1, 1),
        "activation": ActFormat(),
        "output": OutFormat(),
    }
    return LayerSpec(**(defaults | fields))


def test_matrix_of_a_convolution():
    spec = conv()
    assert (spec.rows, spec.cols, spec.positions) == (27, 5, 72)


def test_matrix_of_a_linear_layer():
    spec = conv(kind="linear", out_shape=(5, 1, 1), kernel=(1, 1), padding=(0, 0))
    assert (spec.rows, spec.cols, spec.positions) == (3 * 9 * 8, 5, 1)


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"stride": (2, 3)}, (5, 3)),
        ({"kernel": (1, 5), "padding": (0, 0)}, (9, 4)),
        ({"dilation": (2, 3)}, (7, 4)),
        ({"padding": (0, 2)}, (7, 10)),
    ],
)
def test_size_follows_from_the_window(fields, size):
    assert conv(out_shape=(5, *size), **fields).positions == size[0] * size[1]
    with pytest.raises(ValueError, match="does not follow from in_shape"):
        conv(out_shape=(5, size[0] + 1, size[1]), **fields)


def test_window_larger_than_the_input():
    with pytest.raises(ValueError, match="does not follow"):
        conv(in_shape=(3, 1, 1), padding=(0, 0), out_shape=(5, 1, 1))


@pytest.mark.parametrize("name", ["", "1a", "a b", "a\n", "input", "a" * 65, "../a", "é"])
def test_wrong_name(name):
    with pytest.raises(ValueError, match="must be an identifier other than input"):
        conv(name=name)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "pool"}, "layer conv: kind must be conv2d or linear: 'pool'"),
        ({"scheme": "pattern"}, "layer conv: scheme must be column_vector or row_vector"),
        ({"in_shape": (0, 9, 8)}, "layer conv: sizes must be positive"),
        ({"stride": (0, 1)}, "layer conv: sizes must be positive"),
        ({"padding": (-1, 1)}, "layer conv: sizes must be positive"),
        ({"groups": 0}, r"layer conv: groups must divide the channels \(3, 5\), not 0"),
        ({"groups": 3}, r"layer conv: groups must divide the channels \(3, 5\), not 3"),
        (
            {"kind": "linear", "in_shape": (5, 9, 8), "groups": 5, "out_shape": (5, 1, 1)},
            "layer conv: a linear layer has one group",
        ),
    ],
)
def test_wrong_field(fields, message):
    with pytest.raises(ValueError, match=message):
        conv(**fields)
