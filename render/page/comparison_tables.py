"""The tables of a comparison's page: services, hops and balancers, as each protocol sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from render.page.table import Table, place, texts
from render.words.comparison import share_and_rtt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from render.words.comparison import ComparedVertex, ComparisonWords
    from render.words.vertices import VertexWords


def tables(words: ComparisonWords) -> tuple[Table, ...]:
    """All of them; services only where services are compared."""
    return _services(words), _hops(words), _balancers(words)


def _services(words: ComparisonWords) -> Table:
    rows = [texts(*own) for own in words.services]
    return Table("Services", ("service", "verdict", "state", "hops", "rtt ms"), rows)


def _hops(words: ComparisonWords) -> Table:
    """A row for each vertex but the source: its share and its round trip in ms, by protocol."""
    rows = [
        (
            place(vertex.number, vertex.key, order),
            *texts(vertex.address, vertex.name, vertex.seen_by),
            *texts(*(share_and_rtt(own) for own in vertex.seen.values())),
        )
        for order, vertex in enumerate(_vertices(words))
        if not vertex.is_source
    ]
    return Table("Hops", ("hop", "interface", "name", "seen by", *words.protocols), rows)


def _balancers(words: ComparisonWords) -> Table:
    """A row for each vertex that splits the flows of some protocol, and how many ways by each."""
    rows = [
        (
            place(vertex.number, vertex.key, order),
            *texts(vertex.address, *map(_ways, vertex.seen.values())),
        )
        for order, vertex in enumerate(_vertices(words))
        if any(own is not None and own.balancer is not None for own in vertex.seen.values())
    ]
    return Table("Balancers", ("hop", "interface", *words.protocols), rows)


def _vertices(words: ComparisonWords) -> Iterator[ComparedVertex]:
    return (vertex for vertices in words.hops.values() for vertex in vertices)


def _ways(own: VertexWords | None) -> str:
    if own is None:
        return "-"
    return "1 way" if own.balancer is None else f"{own.balancer.ways} ways"
