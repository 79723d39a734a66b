"""The JSON of comparisons: loses nothing, and follows its schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry, Resource

from paris import run
from paris.errors import FormatError
from paris.formats import comparison, native
from paris.outputs.comparison import comparison_of
from paris.settings import Lane, Settings


def validator() -> jsonschema.Draft7Validator:
    """The reference implementation, which knows the schema that a comparison refers to."""
    both, of_traces = (
        json.loads(Path(native.__file__).with_name(name).read_text())
        for name in ("comparison.schema.json", "native.schema.json")
    )
    registry = Registry[object]().with_resource(
        "native.schema.json", Resource.from_contents(of_traces)
    )
    return jsonschema.Draft7Validator(both, registry=registry)


@pytest.mark.parametrize("network", ["nested", "prohibited-branch", "rate-limited"])
def test_a_comparison_reads_back_equal_and_its_json_follows_the_schema(network: str) -> None:
    settings = Settings.of(
        network=network, multipath=True, compare=(Lane("udp", None), Lane("tcp", 443))
    )
    traces = [run.assemble(measurement) for measurement in run.compare(settings)]
    written = comparison.write(comparison_of(settings, traces))
    document = json.loads(written)
    validator().validate(document)
    assert comparison.is_comparison(document)
    assert comparison.write(comparison.read(document, "file")) == written


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"format": comparison.FORMAT, "version": 7}, "written in version 7"),
        ({"format": comparison.FORMAT, "version": 1}, "'views' is missing"),
        ({"format": comparison.FORMAT, "version": 1, "views": 3}, "views: must be array, not 3"),
        ({"format": comparison.FORMAT, "version": 1, "views": [{"name": "a", "trace": {}}]},
         r"views\[0\]\.trace: 'plan' is missing"),
        ({"format": comparison.FORMAT, "version": 1, "views": []}, "at least 1 items"),
    ],
)  # fmt: skip
def test_a_broken_comparison_file_is_refused_in_one_line(
    document: dict[str, object], message: str
) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        comparison.read(document, "file.json")
    assert str(caught.value).startswith("file.json: ")
