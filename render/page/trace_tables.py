"""The tables of a trace's page: hops, balancers and paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from render.page.table import Cell, Table, place, texts
from render.words.quantities import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from render.words.routes import RouteWords
    from render.words.trace import HopWords

_HOPS: Final = (
    "hop", "interface", "name", "share", "rtt ms", "answers", "MTU", "reached", "notes",
)  # fmt: skip
_BALANCERS: Final = ("hop", "interface", "ways", "may be unseen", "explored", "notes")
_PATHS: Final = ("path", "through", "difference", "flows")


def hops(found: Sequence[HopWords]) -> Table:
    """A row for each vertex but the source."""
    vertices = [vertex for hop in found if not hop.is_source for vertex in hop.vertices]
    rows = [
        (
            place(vertex.number, vertex.key, order),
            *texts(
                vertex.address,
                vertex.name,
                percent(round(vertex.share, 3)),
                vertex.rtt,
                len(vertex.rtts_s) or "",
                vertex.mtu,
                vertex.origin,
                "; ".join(vertex.notes),
            ),
        )
        for order, vertex in enumerate(vertices)
    ]
    return Table("Hops", _HOPS, rows)


def balancers(found: Sequence[HopWords]) -> Table:
    """A row for each vertex that splits its flows."""
    rows = []
    for order, vertex in enumerate(vertex for hop in found for vertex in hop.vertices):
        own = vertex.balancer
        if own is not None:
            rows.append(
                (
                    place(vertex.number, vertex.key, order),
                    *texts(
                        vertex.address,
                        own.ways,
                        f"{percent(round(own.unseen, 3))} of its flows",
                        "fully" if own.is_finished else "not fully",
                        "; ".join((*vertex.notes, *own.marks)),
                    ),
                )
            )
    return Table("Balancers", _BALANCERS, rows)


def paths(routes: Sequence[RouteWords], found: Sequence[HopWords]) -> Table:
    """A row for each path that is known from end to end, with the branches that it takes."""
    branches = {
        vertex.key: vertex.address
        for hop in found
        if len(hop.vertices) > 1
        for vertex in hop.vertices
    }
    rows = [
        (
            Cell(str(route.number), str(order), path=order),
            *texts(
                " ".join(branches[key] for key in route.vertices if key in branches),
                route.difference,
                len(route.flows),
            ),
        )
        for order, route in enumerate(routes)
    ]
    return Table("Paths", _PATHS, rows)
