"""Names of modules: every one free, whatever the file says."""

from onnx import helper
from torch import nn

from sw.imports.onnx_names import Names

NODE = helper.make_node("Relu", ["x"], ["y"], name="node_relu")


def named(*wanted):
    names = Names()
    return [names.new(one, NODE) for one in wanted]


def test_taken_names_are_numbered():
    assert named("a", "a", "a.b", "a.b", "a.b.c") == ["a", "a_2", "a_3.b", "a_4.b", "a_5.b.c"]
    assert named("a.b", "a.c", "a", "a.b.c") == ["a.b", "a.c", "a_2", "a.b_2.c"]


def test_within():
    """A scope itself, a name in what holds modules, a number for what is called again."""
    names = Names()
    assert names.within("block.act", NODE) == "block.act"
    assert names.within("block", NODE) == "block.node_relu"
    assert names.within("block.act", NODE) == "block.act_2"
    assert names.within("", NODE) == "node_relu"


def test_paths_can_be_modules():
    paths = named("a", "a.b", "a.b", "a.b.c", "forward", "if.x", "a", "a_2", "a_2.x")
    assert len(set(paths)) == len(paths)
    holder = nn.Module()
    for path in paths:
        above = holder
        *parts, last = path.split(".")
        for part in parts:
            if not hasattr(above, part):
                above.add_module(part, nn.Module())
            above = getattr(above, part)
        assert not hasattr(above, last)
        above.add_module(last, nn.Identity())
    assert {path for path, made in holder.named_modules() if type(made) is nn.Identity} == {*paths}
