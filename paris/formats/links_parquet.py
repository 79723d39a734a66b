"""Writes a Parquet table with a row for each link, to join with the probes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from mda.answers.graph import flows_of_edge
from mda.escaping import printable
from paris.formats import refusals
from paris.formats.parquet import pieces, run_id
from paris.formats.studies_json import vertex_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mda.model import Vertex
    from mda.trace import Trace
    from paris.errors import OutputError
    from paris.formats.look import Look

SCHEMA: Final = pa.schema({
    "run_id": pa.string(), "near_vertex": pa.string(), "near_ttl": pa.uint8(),
    "near_addr": pa.string(), "far_vertex": pa.string(), "far_ttl": pa.uint8(),
    "far_addr": pa.string(), "flows": pa.uint32(), "share": pa.float64(),
})  # fmt: skip


def write(trace: Trace, _: Look | None = None) -> bytes:
    """The links of a trace as a file."""
    return b"".join(stream([trace]))


def stream(
    traces: Iterable[Trace], _: Callable[[OutputError], None] = refusals.end
) -> Iterator[bytes]:
    """A file of the links of all traces, in pieces."""
    return pieces((row for trace in traces for row in rows(trace)), SCHEMA)


def rows(trace: Trace) -> Iterator[dict[str, Any]]:
    """The rows of a trace, of SCHEMA."""
    own_id = run_id(trace)
    for (near, far), share in trace.edge_shares.items():
        flows = len(flows_of_edge(trace.dag, near, far))
        yield {
            "run_id": own_id, **_end("near", near), **_end("far", far), "flows": flows,
            "share": share,
        }  # fmt: skip


def _end(side: str, vertex: Vertex) -> dict[str, Any]:
    """One end of a link; a silent one has no address."""
    return {
        f"{side}_vertex": printable(vertex_id(vertex)),
        f"{side}_ttl": vertex.ttl,
        f"{side}_addr": None if vertex.address is None else str(vertex.address),
    }
