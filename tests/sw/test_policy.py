import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.errors import InputError
from arch.layer import SCHEMES
from sw.policy import Policy, policy_for, read_policy, write_policy

NAMES = ("conv1", "conv2", "fc")
GOOD = "schema: 1\nscheme: row_vector\nratios: {conv1: 0.5, fc: 1}\n"


def test_one_ratio_holds_for_all():
    policy = policy_for(NAMES, scheme="row_vector", ratio=0.7)
    assert policy == Policy(scheme="row_vector", ratios=dict.fromkeys(NAMES, 0.7))


def test_layers_without_a_ratio_keep_all():
    policy = policy_for(NAMES, scheme="column_vector", ratio={"fc": 0.25})
    assert policy.ratios == {"conv1": 0.0, "conv2": 0.0, "fc": 0.25}


def test_unknown_layer():
    with pytest.raises(InputError, match=r"no layer 'conv9' .*; the layers are conv1, conv2, fc"):
        policy_for(NAMES, scheme="column_vector", ratio={"conv9": 0.5})


def test_check_layers():
    policy = Policy(scheme="column_vector", ratios={"conv1": 0.5, "fc": 0.5})
    policy.check_layers(["fc", "conv1"])
    with pytest.raises(InputError, match="lacks a ratio for layer conv2"):
        policy.check_layers(NAMES)
    with pytest.raises(InputError, match="no layer 'fc'"):
        policy.check_layers(["conv1"])


@pytest.mark.parametrize("ratio", [-0.01, 1.01, math.nan, math.inf, "0.5", True, None])
def test_wrong_ratio(ratio):
    with pytest.raises(ValueError, match="ratio of layer fc must be 0 to 1"):
        Policy(scheme="column_vector", ratios={"fc": ratio})


def test_wrong_scheme():
    with pytest.raises(ValueError, match="scheme must be column_vector or row_vector"):
        Policy(scheme="blocks", ratios={})


@given(
    st.sampled_from(SCHEMES),
    st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]{0,9}", fullmatch=True), st.floats(0, 1)),
)
def test_written_policy_is_read_again(tmp_path_factory, scheme, ratios):
    path = tmp_path_factory.mktemp("policy") / "policy.yaml"
    write_policy(Policy(scheme=scheme, ratios=ratios), path)
    assert read_policy(path) == Policy(scheme=scheme, ratios=ratios)
    assert [entry.name for entry in path.parent.iterdir()] == ["policy.yaml"]


def test_policy_of_a_person(tmp_path):
    (tmp_path / "policy.yaml").write_text(GOOD)
    policy = read_policy(tmp_path / "policy.yaml")
    assert policy == Policy(scheme="row_vector", ratios={"conv1": 0.5, "fc": 1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a policy has schema, scheme, ratios"),
        ("- 1\n", "a policy has schema, scheme, ratios"),
        (GOOD + "more: 1\n", "found schema, scheme, ratios, more"),
        (GOOD.replace("schema: 1\n", ""), "found scheme, ratios"),
        (GOOD.replace("schema: 1", "schema: 2"), "schema must be 1, not 2"),
        (GOOD.replace("row_vector", "rows"), "scheme must be column_vector or row_vector"),
        (GOOD.replace("row_vector", "[1]"), "scheme must be column_vector or row_vector"),
        (GOOD.replace("fc: 1", "fc: 1.5"), "ratio of layer fc must be 0 to 1, not 1.5"),
        (GOOD.replace("fc: 1", "fc: .nan"), "ratio of layer fc must be 0 to 1"),
        (GOOD.replace("fc: 1", "fc: yes"), "ratio of layer fc must be 0 to 1"),
        (GOOD.replace("fc: 1", "3: 1"), "a layer name must be text, not 3"),
        (GOOD.replace("{conv1: 0.5, fc: 1}", "0.5"), "ratios must give a ratio for each layer"),
        (GOOD.replace("fc: 1", "conv1: 1"), "line 3: a key must be text and stand once"),
        (GOOD + "scheme: row_vector\n", "line 4: a key must be text and stand once"),
        (GOOD + "? [1]\n: 2\n", "line 4: a key must be text"),
        ("a: &x 1\nb: *x\n", "line 2: aliases are not allowed"),
        ("a: !!python/object/apply:os.getcwd []\n", "line 1: could not determine a constructor"),
        ("a: [1\n", "line 2: expected"),
        ("[" * 50_000, "line 1: is nested too deeply"),
        ("a: \x00\n", "is not YAML text"),
        ("a: " + "9" * 5000, "is not YAML text"),
    ],
)
def test_wrong_file(tmp_path, text, message):
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_policy(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_unreadable_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_policy(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="is not a regular file"):
        read_policy(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(InputError, match="is not YAML text"):
        read_policy(tmp_path / "latin.yaml")
    (tmp_path / "large.yaml").write_bytes(b"#" * (1 << 16) + b"#")
    with pytest.raises(InputError, match="at most 65536 are expected"):
        read_policy(tmp_path / "large.yaml")
