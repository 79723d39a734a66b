"""The JSON of merged graphs: loses nothing, follows its schema, and is checked before use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import paris
from mda.merging import By, merge
from paris.errors import FormatError
from paris.formats import merged

NETWORKS = ("two-way", "nested", "silent-hop", "unequal-length", "loop")
MERGED = merge([paris.trace(network=name, multipath=True) for name in NETWORKS])
LAST = json.loads(merged.write(MERGED))["vertices"][-1]["id"]
SCHEMA = json.loads(Path(merged.__file__).with_name("merged.schema.json").read_text())


def test_a_merged_graph_reads_back_equal_and_its_json_follows_the_schema() -> None:
    written = merged.write(MERGED)
    document = json.loads(written)
    jsonschema.Draft7Validator(SCHEMA).validate(document)
    again = merged.read(document, "x.json")
    assert merged.write(again) == written
    assert (again.by, again.ends, again.diamonds) == (By.INTERFACE, MERGED.ends, MERGED.diamonds)
    assert (again.dag.nodes, again.dag.edges) == (MERGED.dag.nodes, MERGED.dag.edges)
    assert list(again.dag) == list(MERGED.dag)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 2}, "written in version 2 of the format"),
        ({"traces": []}, "traces"),
        ({"edges": [{"from": "x", "to": "y", "seen_by": [0]}]}, "'x' is no vertex"),
        ({"edges": [{"from": LAST, "to": "192.0.2.1@0", "seen_by": [0]}]}, "is not before"),
        ({"diamonds": [{"from": "x", "to": None}]}, "'x' is no vertex"),
    ],
)
def test_what_does_not_fit_together_is_one_line(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(FormatError, match=reason) as raised:
        merged.read({**json.loads(merged.write(MERGED)), **change}, "x.json")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("change", [
    {"seen_by": [99]}, {"seen_by": [1, 0]}, {"id": "198.51.100.77@1"}, {"column": 9},
])  # fmt: skip
def test_a_vertex_that_does_not_fit_is_one_line(change: dict[str, Any]) -> None:
    document = json.loads(merged.write(MERGED))
    document["vertices"][-1].update(change)
    with pytest.raises(FormatError, match=r"^x\.json: ") as raised:
        merged.read(document, "x.json")
    assert "\n" not in str(raised.value)
