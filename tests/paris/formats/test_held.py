"""What formats of tables and graphs hold, as their own libraries read it: a table in the docs."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq
import pytest

from mda.answers.graph import flows_of, flows_of_edge
from mda.loading import load
from mda.model import Loss
from mda.trace import Trace
from paris import replay
from paris.formats import native
from paris.formats.look import Look
from paris.formats.studies_json import vertex_id
from paris.outputs.registry import FORMATS
from tests.support.graphs import READERS
from tests.support.scamper import multipath

if TYPE_CHECKING:
    from collections.abc import Callable

    import networkx as nx


PAGE = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()


def written(trace: Trace, suffix: str) -> bytes:
    made = load(next(row.trace for row in FORMATS if row.suffix == suffix))(trace, Look(suffix))
    return made if isinstance(made, bytes) else made.encode()


def of_trace(trace: Trace) -> dict[str, object]:
    """All that the rows of the table compare, of a trace."""
    dag, plain = trace.dag, {vertex: vertex_id(vertex) for vertex in trace.dag}
    own = [vertex for vertex in dag if vertex.ttl > 0]
    edges = [(near, far) for near, far in dag.edges if near.ttl > 0]
    return {
        "vertices": {plain[vertex] for vertex in own},
        "their addresses and TTLs": {(vertex.ttl, str(vertex.address)) for vertex in own},
        "flows of each vertex": {plain[vertex]: len(flows_of(dag, vertex)) for vertex in own},
        "share of each vertex": {plain[vertex]: trace.vertex_shares[vertex] for vertex in own},
        "edges": {(plain[near], plain[far]) for near, far in edges},
        "flows of each edge": {
            (plain[near], plain[far]): len(flows_of_edge(dag, near, far)) for near, far in edges
        },
        "share of each edge": {
            (plain[near], plain[far]): trace.edge_shares[near, far] for near, far in edges
        },
        "each probe": {tuple(outcome.request) for outcome in trace.outcomes},
        "lost probes": sum(isinstance(outcome, Loss) for outcome in trace.outcomes),
        "round trips (1 µs)": Counter(round((reply.rtt_s or 0) * 1e6) for reply in trace.replies),
        "label stacks": Counter(
            tuple(entry.label for entry in reply.mpls) for reply in trace.replies
        ),
        "chance that a branch was missed": trace.certainty.miss_probability,
    }


def of_probes(data: bytes) -> dict[str, object]:
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(data)).to_pylist()
    replies = [row for row in rows if row["rx_time"]]
    return {
        "each probe": {(row["flow_id"], row["probe_ttl"], row["attempt"]) for row in rows},
        "lost probes": len(rows) - len(replies),
        "round trips (1 µs)": Counter(row["rtt_us"] for row in replies),
        "label stacks": Counter(
            tuple(entry["label"] for entry in row["reply_mpls_labels"]) for row in replies
        ),
    }


def of_links(data: bytes) -> dict[str, object]:
    rows: list[dict[str, Any]] = [
        row for row in pq.read_table(io.BytesIO(data)).to_pylist() if row["near_ttl"] > 0
    ]
    sides = [{name: row[f"{side}_{name}"] for name in ("vertex", "ttl", "addr")}
             for row in rows for side in ("near", "far")]  # fmt: skip
    pairs = [(row["near_vertex"], row["far_vertex"]) for row in rows]
    return {
        "vertices": {side["vertex"] for side in sides},
        "their addresses and TTLs": {(side["ttl"], str(side["addr"])) for side in sides},
        "edges": set(pairs),
        "flows of each edge": dict(zip(pairs, (row["flows"] for row in rows), strict=True)),
        "share of each edge": dict(zip(pairs, (row["share"] for row in rows), strict=True)),
    }


def of_graph(graph: nx.DiGraph[str]) -> dict[str, object]:
    nodes = {name: own for name, own in graph.nodes(data=True) if own["ttl"] > 0}
    edges = {(near, far): own for near, far, own in graph.edges(data=True) if near in nodes}
    return {
        "vertices": set(nodes),
        "their addresses and TTLs": {
            (own["ttl"], str(own.get("address"))) for own in nodes.values()
        },
        "flows of each vertex": {name: len(own["flows"].split()) for name, own in nodes.items()},
        "edges": set(edges),
        "flows of each edge": {pair: own["count"] for pair, own in edges.items()},
        "chance that a branch was missed": graph.graph.get("miss_probability"),
    }


def of_vertices(rows: list[dict[str, Any]]) -> dict[str, object]:
    ends = [
        (row["vertex"], far)
        for row in rows
        for far in (row["successors"].split() if isinstance(row["successors"], str)
                    else row["successors"])
    ]  # fmt: skip
    return {
        "vertices": {row["vertex"] for row in rows},
        "their addresses and TTLs": {
            (int(row["hop"]), str(row["address"] or None)) for row in rows
        },
        "flows of each vertex": {row["vertex"]: int(row["flows"]) for row in rows},
        "share of each vertex": {row["vertex"]: float(row["share"]) for row in rows},
        "edges": set(ends),
    }


HELD: Final[dict[str, Callable[[bytes], dict[str, object]]]] = {
    "parquet": of_probes,
    "links.parquet": of_links,
    **{
        suffix: lambda data, read=read: of_graph(read(data))  # type: ignore[misc]
        for suffix, read in READERS.items()
    },
    "csv": lambda data: of_vertices([*csv.DictReader(io.StringIO(data.decode()))]),
    "jsonl": lambda data: of_vertices([json.loads(line) for line in data.splitlines()]),
}
KINDS: Final = ("two-way", "lossy", "mpls", "silent-hop")


def rows() -> dict[str, list[str]]:
    """The rows of the table: whether each format holds the same as each of some traces."""
    marks: dict[str, list[str]] = {}
    for suffix, read in HELD.items():
        pairs = [(of_trace(multipath(kind)), read(written(multipath(kind), suffix)))
                 for kind in KINDS]  # fmt: skip
        for name in pairs[0][0]:
            holds = all(name in held and held[name] == whole[name] for whole, held in pairs)
            marks.setdefault(name, []).append("yes" if holds else "no")
    return marks


def test_the_page_says_what_tables_and_graphs_hold() -> None:
    head = f"| held by | {' | '.join(f'`.{suffix}`' for suffix in HELD)} |\n"
    _, found, table = PAGE.partition(head)
    assert found
    lines = [f"| {name} | {' | '.join(marks)} |" for name, marks in rows().items()]
    assert table.partition("\n\n")[0].splitlines()[1:] == lines


@pytest.mark.parametrize("suffix", ["traces.jsonl", "svg", "html"])
def test_our_json_in_another_file_comes_back_as_it_is(suffix: str) -> None:
    whole = native.write(multipath("two-way"))
    again = replay.held(written(native.read(whole, "x.json"), suffix), f"x.{suffix}")
    assert isinstance(again, Trace)
    assert native.write(again) == whole
