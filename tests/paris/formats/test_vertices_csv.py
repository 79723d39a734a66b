"""A table of vertices: it says what the trace says."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

import paris
from paris.errors import ExitCode
from paris.formats import vertices, vertices_csv
from paris.formats.studies_json import vertex_id
from tests.support.commands import run
from tests.support.networks import GOLDEN_MMDB
from tests.support.traces import assembled, hops, outcomes

if TYPE_CHECKING:
    from pathlib import Path

Rows = list[dict[str, str]]


def rows(text: str) -> Rows:
    found = list(csv.DictReader(io.StringIO(text)))
    columns = len(vertices.COLUMNS)
    assert all(tuple(row)[:columns] == vertices.COLUMNS for row in found)
    return found


@pytest.mark.parametrize("network", ["two-way", "silent-branch", "lossy", "copied-ttl"])
def test_every_vertex_has_a_row_that_agrees_with_the_trace(network: str) -> None:
    trace = paris.trace(network=network, multipath=True)
    found = rows(vertices_csv.write(trace))
    vertices = [vertex for vertex in trace.dag if vertex != trace.origin]
    assert [row["vertex"] for row in found] == list(map(vertex_id, vertices))
    edges = {(vertex_id(near), vertex_id(far)) for near, far in trace.dag.edges}
    assert {(row["vertex"], far) for row in found for far in row["successors"].split()} == {
        (near, far) for near, far in edges if near != vertex_id(trace.origin)
    }
    for vertex, row in zip(vertices, found, strict=True):
        assert int(row["hop"]) == vertex.ttl
        assert row["address"] == ("" if vertex.address is None else str(vertex.address))
        assert float(row["share"]) == trace.vertex_shares[vertex]
        assert row["is_destination"] == str(int(vertex.address == trace.plan.destination))
        if vertex.address is None:
            assert (row["probes"], row["replies"], row["rtt_median_ms"]) == ("", "", "")
        else:
            answering = trace.answering[vertex]
            assert (row["probes"], row["lost"]) == (str(answering.asked), str(answering.lost))
            assert int(row["replies"]) == len(trace.replies_at(vertex))


def test_times_are_those_of_the_replies() -> None:
    found = outcomes(hops("192.0.2.254", "203.0.113.9", flows=1), queries=3)
    near, far = rows(vertices_csv.write(assembled(found)))
    assert [near[f"rtt_{name}_ms"] for name in ("min", "median", "max")] == ["4.25", "5.25", "6.25"]
    assert (near["flows"], near["replies"], far["successors"]) == ("1", "3", "")


def test_names_and_networks_stand_beside_addresses(tmp_path: Path) -> None:
    saved, table = tmp_path / "x.json", tmp_path / "x.csv"
    words = ("-A", "--asn-file", str(GOLDEN_MMDB), "-o", str(saved), "-o", str(table))
    assert run("--sim", "two-way", "--mda", *words).returncode == ExitCode.REACHED
    found = rows(table.read_text())
    assert found[0]["asn"] == "AS64500 Example A 192.0.2.0/24"
    assert run(str(saved), "-o", "-", "--format", "csv", program="paris-render").stdout == (
        table.read_text()
    )
