"""The JSON of comparisons: loses nothing, and follows its schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from paris import run
from paris.errors import FormatError
from paris.formats import comparison, native
from paris.outputs.comparison import comparison_of
from paris.settings import Lane, Settings

SCHEMAS = Path(native.__file__).parent


@pytest.mark.parametrize("network", ["nested", "silent-branch", "firewall"])
def test_a_comparison_reads_back_equal_and_its_json_follows_the_schema(network: str) -> None:
    settings = Settings.of(
        network=network, multipath=True, compare=(Lane("udp", None), Lane("tcp", 443))
    )
    traces = [run.assemble(measurement) for measurement in run.compare(settings)]
    written = comparison.write(comparison_of(settings, traces))
    document = json.loads(written)
    jsonschema.validate(document, json.loads((SCHEMAS / "comparison.schema.json").read_text()))
    of_traces = json.loads((SCHEMAS / "native.schema.json").read_text())
    for view in document["views"]:
        jsonschema.validate(view["trace"], of_traces)
    assert comparison.is_comparison(document)
    assert comparison.write(comparison.read(written, "file")) == written


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"format": comparison.FORMAT, "version": 7}, "written in version 7"),
        ({"format": comparison.FORMAT, "version": 1}, "'views' is missing"),
        ({"format": comparison.FORMAT, "version": 1, "views": 3}, "not what it should be"),
        ({"format": comparison.FORMAT, "version": 1, "views": [{"name": "a", "trace": {}}]},
         "not a paris-trace file"),
    ],
)  # fmt: skip
def test_a_broken_comparison_file_is_refused_in_one_line(
    document: dict[str, object], message: str
) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        comparison.read(json.dumps(document), "file.json")
    assert str(caught.value).startswith("file.json: ")
