"""Variables are set within the block only, whatever happens in it."""

import os

import pytest

from arch.environment import environment


def test_variables_are_put_back(monkeypatch):
    monkeypatch.setenv("OHMFORGE_A", "before")
    monkeypatch.delenv("OHMFORGE_B", raising=False)

    def inside():
        with environment({"OHMFORGE_A": "a", "OHMFORGE_B": "b"}):
            assert (os.environ["OHMFORGE_A"], os.environ["OHMFORGE_B"]) == ("a", "b")
            raise KeyError

    with pytest.raises(KeyError):
        inside()
    assert os.environ["OHMFORGE_A"] == "before"
    assert "OHMFORGE_B" not in os.environ
