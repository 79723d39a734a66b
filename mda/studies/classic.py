"""What a classic traceroute infers: links between replies to different flows, some of them false.

Each probe is a different flow, because traceroute numbers its probes by port. Where flows split,
neighbouring replies may come from different paths, and a link between them need not exist (Augustin
et al., IMC 2006). Its output is read as people read it: the first replies of all hops are one path,
the second replies another, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from mda.model import HeaderField, ProbeRequest, Reply, StopReason, Vertex
from mda.variants import variant, variant_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mda.answers.dag import Graph
    from mda.findings.known import Known
    from mda.model import Outcome

QUERIES: Final = 3  # probes per hop, traceroute's default


class Reality(Enum):
    """Whether an inferred link is one that flows take."""

    REAL = "real"
    FALSE = "does not exist"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class InferredLink:
    """A link that a classic traceroute shows."""

    near: Vertex
    far: Vertex
    reality: Reality


@dataclass(frozen=True, slots=True)
class Classic:
    """What a classic traceroute shows: the replies by hop, None for silence, and its links.

    `missed` are the real links between replying vertices that it does not show. If the trace was
    cut short, `cut_at` is the TTL of the first hop that was not probed to the end; neither that hop
    nor what lies behind is in any of the others.
    """

    hops: tuple[tuple[Vertex | None, ...], ...]
    links: tuple[InferredLink, ...]
    missed: tuple[tuple[Vertex, Vertex], ...]
    cut_at: int | None = None

    @property
    def false_links(self) -> tuple[InferredLink, ...]:
        """The links that do not exist."""
        return tuple(link for link in self.links if link.reality is Reality.FALSE)


def varied_field(flow_field: HeaderField) -> HeaderField:
    """The port that numbers the probes: not the one that numbers our flows."""
    return HeaderField.SPORT if flow_field is HeaderField.DPORT else HeaderField.DPORT


def flow_at(flow_field: HeaderField, first_ttl: int, ttl: int, query: int) -> int:
    """The flow of the probe `query` (from 0) to a hop: each probe's port is the next number."""
    number = (ttl - first_ttl) * QUERIES + query + 1
    return variant(0, varied_field(flow_field), number)


def requests(flow_field: HeaderField, first_ttl: int, last_ttl: int) -> Iterator[ProbeRequest]:
    """All requests of a classic traceroute, in its order."""
    for ttl in range(first_ttl, last_ttl + 1):
        for query in range(QUERIES):
            yield ProbeRequest(flow_at(flow_field, first_ttl, ttl, query), ttl)


def find(known: Known) -> Classic:
    """What the probes of a classic traceroute, which this study sent, show."""
    is_cut_short = known.record.stopped is not StopReason.COMPLETE
    return classic(
        known.graph,
        known.located.origin,
        known.record.outcomes,
        known.flow_field,
        due_to_ttl=known.table.last_answer() if is_cut_short else None,
    )


def classic(
    graph: Graph,
    origin: Vertex,
    outcomes: Iterable[Outcome],
    flow_field: HeaderField,
    *,
    due_to_ttl: int | None = None,
) -> Classic:
    """What a classic traceroute shows of the network whose graph is `graph`.

    One that was cut short was to probe each hop up to `due_to_ttl`.
    """
    first_ttl = origin.ttl + 1
    met: dict[tuple[int, int], Reply] = {}
    ended: set[tuple[int, int]] = set()
    for outcome in outcomes:
        flow, ttl, _ = outcome.request
        varied = variant_of(flow)
        if varied is None or varied.base:
            continue
        query = varied.number - 1 - (ttl - first_ttl) * QUERIES
        if varied.field is varied_field(flow_field) and 0 <= query < QUERIES:
            ended.add((ttl, query))
            if isinstance(outcome, Reply):
                met.setdefault((ttl, query), outcome)
    hops: list[tuple[Vertex | None, ...]] = []
    links: dict[tuple[Vertex, Vertex], None] = {}
    last_ttl = (
        max((ttl for ttl, _ in met), default=origin.ttl) if due_to_ttl is None else due_to_ttl
    )
    cut_at = None
    for ttl in range(first_ttl, last_ttl + 1):
        if due_to_ttl is not None and not ended.issuperset(
            (ttl, query) for query in range(QUERIES)
        ):
            cut_at = ttl
            break
        answers = (met.get((ttl, query)) for query in range(QUERIES))
        hops.append(tuple(None if reply is None else Vertex.of(ttl, reply) for reply in answers))
        if all(
            met[ttl, query].ends_path for query in range(QUERIES) if (ttl, query) in met
        ) and any((ttl, query) in met for query in range(QUERIES)):
            break
    for near_hop, far_hop in pairwise([(origin,) * QUERIES, *hops]):
        for near, far in zip(near_hop, far_hop, strict=True):
            if near is not None and far is not None:
                links[near, far] = None
    ordered = sorted(links, key=lambda link: (link[0].sort_key, link[1].sort_key))
    return Classic(
        tuple(hops),
        tuple(InferredLink(near, far, _reality(graph, near, far)) for near, far in ordered),
        tuple(
            (near, far)
            for near, far in graph.edges
            if (near, far) not in links and near.address is not None and far.address is not None
            if cut_at is None or far.ttl < cut_at
        ),
        cut_at,
    )


def _reality(graph: Graph, near: Vertex, far: Vertex) -> Reality:
    if graph.has_edge(near, far):
        return Reality.REAL
    # Where the graph lacks links that nothing proves, it cannot deny any.
    is_known = near in graph and far in graph and graph.out_degree(near) and graph.in_degree(far)
    return Reality.FALSE if is_known else Reality.UNKNOWN
