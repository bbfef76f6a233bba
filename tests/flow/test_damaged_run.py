"""Files of a run that do not go together are told of in a line; other errors stay errors."""

import pytest
from jinja2 import Environment, StrictUndefined

from arch.errors import CheckFailed, InputError
from flow.damaged_run import one_line_if_damaged


@pytest.mark.parametrize(
    "go_wrong",
    [
        lambda: {}["conv2"],
        lambda: 1 / 0,
        lambda: int("x"),
        lambda: None + 1,
        lambda: None.rows,
        lambda: Environment(undefined=StrictUndefined).from_string("{{ a }}").render(),
    ],
)
def test_one_line(go_wrong, tmp_path):
    with (
        pytest.raises(InputError, match=r"its files do not go together \(\w+: .*run makes it anew"),
        one_line_if_damaged(tmp_path),
    ):
        go_wrong()


@pytest.mark.parametrize("error", [CheckFailed("x"), InputError("x"), MemoryError(), OSError()])
def test_others_pass(error, tmp_path):
    with pytest.raises(type(error)) as caught, one_line_if_damaged(tmp_path):
        raise error
    assert caught.value is error
