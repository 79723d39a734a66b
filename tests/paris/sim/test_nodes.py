"""Broken YAML and wrong values: one line each, with file, line and cure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paris.errors import TopologyError
from paris.sim.balancers import Balance
from paris.sim.nodes import Nodes, compose

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "net.yaml:1: the file is empty; it needs source, destination, paths"),
        (b"a: [b", "net.yaml:1: not YAML: expected ',' or ']', but got '<stream end>'"),
        (b"a: 1\nb:\t- x: 2\n\tc", "net.yaml:2: not YAML: found character '\\t' that cannot start"),
        (b"a: 1\n---\nb: 2\n", "net.yaml:2: not YAML: but found another document"),
        (b"a: *b\n", "net.yaml:1: not YAML: found undefined alias 'b'"),
        (b"\x00\x01", "net.yaml: not YAML: unacceptable character #x0000"),
        (b"\xff\xfe\xff", "net.yaml: not a text file in UTF-8"),
        (b"a: " + b"[" * 5000, "net.yaml: brackets are nested too deeply"),
    ],
)
def test_a_file_that_is_not_yaml_is_refused_in_one_line(
    tmp_path: Path, text: bytes, said: str
) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(text)
    with pytest.raises(TopologyError) as raised:
        compose(path)
    assert str(raised.value).startswith(str(tmp_path / said))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["none.yaml", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TopologyError, match=r"^cannot read "):
        compose(tmp_path / name)


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        ("number", "fast", "not a number: 'fast'; use one from 0 to 9"),
        ("number", "10", "10.0 is out of range; use 0 to 9"),
        ("number", "nan", "nan is out of range; use 0 to 9"),
        ("whole", "1.5", "not a whole number: '1.5'; use one from 0 to 9"),
        ("whole", "-1", "-1 is out of range; use 0 to 9"),
        ("flag", "yes", "'yes' is neither true nor false"),
        ("one_of", "packets", "unknown value 'packets'; did you mean packet? known: flow, packet"),
        ("address", "192.0.2", "not an IPv4 or IPv6 address: '192.0.2'"),
        ("items", "a", "expected a list here"),
        ("pairs", "a", "expected `key: value` pairs here"),
        ("text", "[a]", "expected a single value here"),
        ("pairs", "{a: 1, a: 2}", "'a' is given twice; remove one"),
    ],
)
def test_the_error_for_a_wrong_value_names_the_value_and_a_remedy(
    tmp_path: Path, read: str, text: str, said: str
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"# a comment\n\n{text}\n")
    limits = {"number": (0, 9), "whole": (0, 9), "one_of": (Balance,)}.get(read, ())
    with pytest.raises(TopologyError) as raised:
        getattr(Nodes(path), read)(compose(path), *limits)
    assert str(raised.value).startswith(f"{path}:3: {said}")


def test_each_kind_of_value_is_read(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text('{a: 1.5, b: 7, c: true, d: flow, e: "2001:db8::1", f: [x], g: {h: 1}}')
    nodes = Nodes(path)
    parts = nodes.mapping(compose(path), "abcdefg")
    assert nodes.number(parts["a"], 0, 2) == 1.5
    assert nodes.whole(parts["b"], 7, 7) == 7
    assert nodes.flag(parts["c"])
    assert nodes.one_of(parts["d"], Balance) is Balance.FLOW
    assert str(nodes.address(parts["e"])) == "2001:db8::1"
    assert [nodes.text(item) for item in nodes.items(parts["f"])] == ["x"]
    assert nodes.plain(parts["g"], ["h"]) == {"h": 1}
