"""What is not JSON, or not what the schema says, is refused with its place and the reason."""

from __future__ import annotations

from typing import Any

import pytest

from paris.errors import FormatError
from paris.formats.schemas import check, parse

PROBE = "capture.schema.json#/$defs/probe"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff", "not a text file"),
        (b"{\n,", "x:2: not JSON"),
        (b"[" * 50_000, "brackets are nested too deeply"),
        (b'{"a":' * 50_000, "brackets are nested too deeply"),
        (b"9" * 5000, "a number cannot be used"),
        (b"1e999", "1e999 is not finite"),
        (b"[NaN]", "NaN is not finite"),
        (b"-Infinity", "-Infinity is not finite"),
        (rb'{"a": ["\ud800"]}', "not Unicode"),
        (rb'{"\udfff": 1}', "not Unicode"),
    ],
    ids=[
        "bytes", "comma", "nested lists", "nested objects", "5000 digits", "beyond floats", "NaN",
        "infinity", "surrogate", "surrogate as key",
    ],
)  # fmt: skip
def test_what_cannot_be_used_as_json_is_refused_in_one_line(data: bytes, said: str) -> None:
    with pytest.raises(FormatError, match=said) as refused:
        parse(data, "x")
    assert str(refused.value).startswith("x:")
    assert "\n" not in str(refused.value)


def test_text_beyond_the_basic_plane_is_read() -> None:
    assert parse(rb'"\ud83d\ude00"', "x") == parse('"😀"', "x") == "😀"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], r"x: must be object, not \[\]"),
        ({"flow": 1, "ttl": 2}, "x: 'attempt' is missing"),
        ({"flow": 1, "ttl": True, "attempt": 0}, "x: ttl: must be integer, not true"),
        ({"flow": 1, "ttl": 256, "attempt": 0}, "x: ttl: must be .* equal to 255, not 256"),
        ({"flow": 10**400, "ttl": 1, "attempt": 0}, "x: flow: must be smaller .* … 0000"),
        ({"flow": "a\n\x1b[2J", "ttl": 1, "attempt": 0}, r'flow: .*, not "a\\n\\u001b\[2J"'),
        ({"flow": 1, "ttl": 1, "attempt": 0, "interface": "a"}, "missing dependency source"),
    ],
    ids=["list", "missing", "type", "range", "long", "control characters", "depends"],
)
def test_a_value_against_its_schema_is_refused_with_its_place(value: Any, said: str) -> None:
    with pytest.raises(FormatError, match=said) as refused:
        check(value, PROBE, "x")
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 200


def test_a_value_that_follows_its_schema_is_accepted() -> None:
    check({"flow": 1, "ttl": 2.0, "attempt": 0}, PROBE, "x")
