"""The JSON of differences: loses nothing, and follows its schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry, Resource

import paris
from mda.difference import difference as difference_of
from paris.errors import FormatError
from paris.formats import difference, native


def validator() -> jsonschema.Draft7Validator:
    """The reference implementation, which knows the schema that a difference refers to."""
    both, of_traces = (
        json.loads(Path(native.__file__).with_name(name).read_text())
        for name in ("difference.schema.json", "native.schema.json")
    )
    registry = Registry[object]().with_resource(
        "native.schema.json", Resource.from_contents(of_traces)
    )
    return jsonschema.Draft7Validator(both, registry=registry)


@pytest.mark.parametrize("after", ["two-way", "plain", "per-packet", "silent-hop", "weighted"])
def test_a_difference_reads_back_equal_and_its_json_follows_the_schema(after: str) -> None:
    found = difference_of(
        paris.trace(network="two-way", multipath=True), paris.trace(network=after, multipath=True)
    )
    written = difference.write(found)
    document = json.loads(written)
    validator().validate(document)
    assert difference.is_difference(document)
    assert document["is_change"] == (after != "two-way")
    assert difference.write(difference.read(document, "x.json")) == written


def test_a_damaged_difference_is_refused_with_its_place() -> None:
    trace = json.loads(native.write(paris.trace(network="plain")))
    whole = {"format": difference.FORMAT, "version": 1, "before": trace, "after": trace}
    difference.read(whole, "x.json")
    for damage, words in (
        ({"version": 2}, "x.json: written in version 2"),
        ({"after": None}, "x.json: after"),
        ({"before": {**trace, "outcomes": 3}}, "x.json: before.outcomes"),
    ):
        with pytest.raises(FormatError, match=words):
            difference.read({**whole, **damage}, "x.json")
