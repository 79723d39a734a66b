"""Many traces in one graph in words: what it holds, and who saw each vertex, as one value."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.graph import vertices_by_ttl
from mda.escaping import shown
from mda.merging import By
from render.words.numbering import numbers
from render.words.quantities import count
from render.words.vertices import Kind, key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from mda.merging import Merged
    from mda.model import IPAddress, Vertex

_MOST_NAMED: Final = 6  # addresses in one line
_ONE_SILENCE: Final = (
    "silent hops between the same answers are drawn as one, and may be several routers"
)


class MergedVertex(NamedTuple):
    """A vertex of the merged graph: its name, and how many traces, from and to how many ends.

    `members` counts the interfaces of a group; others have 0. `sentences` say who
    saw it. `seen_by` are the numbers of the traces.
    """

    key: str
    number: str
    kind: Kind
    name: str
    seen_by: tuple[int, ...]
    sources: int
    destinations: int
    members: int
    is_shared: bool
    sentences: tuple[str, ...]


class MergedEnd(NamedTuple):
    """A source or a destination: how many traces have it, with how many at the other end.

    So many of these traces `reached` their destination.
    """

    address: str
    traces: int
    others: int
    reached: int


class MergedEdge(NamedTuple):
    """An edge between the keys of its vertices; `share` is that of the traces."""

    near: str
    far: str
    share: float
    sentence: str
    is_silent: bool
    leads_back: bool


class MergedWords(NamedTuple):
    """The words for a merged graph, in a fixed order; `steps` are vertices by column."""

    title: str
    steps: Mapping[int, tuple[MergedVertex, ...]]
    edges: tuple[MergedEdge, ...]
    sources: tuple[MergedEnd, ...]
    destinations: tuple[MergedEnd, ...]
    conclusions: tuple[str, ...]


def merged_words(merged: Merged) -> MergedWords:
    """The words for a merged graph, all printable."""
    number, kinds = numbers(merged.dag), _kinds(merged)
    shared = set(merged.shared)
    words = MergedWords(
        title=_title(merged),
        steps={
            column: tuple(
                _vertex(merged, own, number[own], kinds[own], is_shared=own in shared)
                for own in vertices
            )
            for column, vertices in vertices_by_ttl(merged.dag).items()
        },
        edges=_edges(merged),
        sources=_ends([(end.source, end.destination, end.reached) for end in merged.ends]),
        destinations=_ends([(end.destination, end.source, end.reached) for end in merged.ends]),
        conclusions=tuple(_conclusions(merged, kinds)),
    )
    return shown(words)


def name_of(merged: Merged, vertex: Vertex) -> str:
    """The group of a vertex, or its address; `*` for a silent one."""
    return merged.groups.get(vertex) or str(vertex.address or "*")


def _title(merged: Merged) -> str:
    every = range(len(merged.ends))
    sources, destinations = merged.sources(every), merged.destinations(every)
    return (
        f"{count(len(every), 'trace', 'traces')} "
        f"from {count(len(sources), 'source', 'sources')} "
        f"to {count(len(destinations), 'destination', 'destinations')}"
    )


def _ends(pairs: Iterable[tuple[IPAddress, IPAddress, bool]]) -> tuple[MergedEnd, ...]:
    """The first of each pair once, the one with most traces first."""
    found: defaultdict[IPAddress, list[tuple[IPAddress, bool]]] = defaultdict(list)
    for own, other, reached in pairs:
        found[own].append((other, reached))
    return tuple(
        MergedEnd(
            str(own),
            len(traces),
            len({other for other, _ in traces}),
            sum(reached for _, reached in traces),
        )
        for own, traces in sorted(
            found.items(), key=lambda end: (-len(end[1]), end[0].version, int(end[0]))
        )
    )


def _kinds(merged: Merged) -> dict[Vertex, Kind]:
    sources = {end.source for end in merged.ends}
    reached = {end.destination for end in merged.ends if end.reached}
    balancers = {near for near, _ in merged.diamonds}

    def kind(vertex: Vertex) -> Kind:
        if vertex.address in sources:
            return Kind.SOURCE
        if vertex.address in reached:
            return Kind.DESTINATION
        if vertex in balancers:
            return Kind.BALANCER
        is_silent = vertex.address is None and vertex not in merged.groups
        return Kind.SILENT if is_silent else Kind.ROUTER

    return {vertex: kind(vertex) for vertex in merged.dag}


def _vertex(
    merged: Merged, vertex: Vertex, number: str, kind: Kind, *, is_shared: bool
) -> MergedVertex:
    seen_by = merged.of_vertex(vertex)
    sources, destinations = merged.sources(seen_by), merged.destinations(seen_by)
    members = merged.members.get(vertex, ())
    sentences = [
        f"in {len(seen_by)} of {count(len(merged.ends), 'trace', 'traces')}",
        f"from {_named(sources)}",
        f"to {_named(destinations)}",
    ]
    if members:
        sentences.append(f"{count(len(members), 'interface', 'interfaces')}: {_named(members)}")
    return MergedVertex(
        key=key_of(vertex),
        number=number,
        kind=kind,
        name=name_of(merged, vertex),
        seen_by=seen_by,
        sources=len(sources),
        destinations=len(destinations),
        members=len(members),
        is_shared=is_shared,
        sentences=tuple(sentences),
    )


def _edges(merged: Merged) -> tuple[MergedEdge, ...]:
    every = count(len(merged.ends), "trace", "traces")
    forward = ((edge, merged.dag.edges[edge]["seen_by"], False) for edge in merged.dag.edges)
    back = ((edge, seen_by, True) for edge, seen_by in merged.circles.items())
    edges = []
    for (near, far), seen_by, leads_back in (*forward, *back):
        is_silent = any(own.address is None and own not in merged.groups for own in (near, far))
        sentence = f"in {len(seen_by)} of {every}"
        if leads_back:
            sentence += f"; leads back from {name_of(merged, near)} to {name_of(merged, far)}"
        share = len(seen_by) / len(merged.ends)
        edges.append(MergedEdge(key_of(near), key_of(far), share, sentence, is_silent, leads_back))
    return tuple(edges)


def _conclusions(merged: Merged, kinds: Mapping[Vertex, Kind]) -> list[str]:
    """What the graph holds: a line each."""
    reached = sum(end.reached for end in merged.ends)
    edges = merged.dag.number_of_edges() + len(merged.circles)
    lines = [
        f"{reached} of {count(len(merged.ends), 'trace', 'traces')} reached the destination",
        f"{count(len(merged.dag), 'vertex', 'vertices')}, {count(edges, 'edge', 'edges')}, "
        f"{count(len(merged.diamonds), 'different diamond', 'different diamonds')}",
        f"{count(len(merged.shared), 'vertex is', 'vertices are')} in several traces, "
        "sources and destinations aside",
    ]
    if merged.groups:
        members = sum(map(len, merged.members.values()))
        alone = sum(own.address is not None for own in merged.dag)
        interfaces = count(members, "interface", "interfaces")
        if merged.by is By.ROUTER:
            lines.append(
                f"{count(len(merged.groups), 'router stands', 'routers stand')} for {interfaces}, "
                "as they say themselves; of the others no two are known to be one router"
            )
        else:
            lines.append(
                f"{count(len(merged.groups), 'network stands', 'networks stand')} for "
                f"{interfaces}; {alone} stand for themselves: ends, and those whose network is not "
                "known"
            )
    if Kind.SILENT in kinds.values():
        lines.append(_ONE_SILENCE)
    if merged.circles:
        lines.append(
            f"{count(len(merged.circles), 'edge leads', 'edges lead')} back: traces pass these "
            "vertices in opposite order"
        )
    return lines


def _named(addresses: Collection[IPAddress]) -> str:
    """The first of these, and how many there are beside."""
    more = len(addresses) - _MOST_NAMED
    first = ", ".join(map(str, tuple(addresses)[:_MOST_NAMED]))
    return first + (f" and {more} more" if more > 0 else "")
