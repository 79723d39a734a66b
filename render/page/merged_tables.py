"""The tables of a merged graph's page: sources, destinations and vertices, with their traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from render.page.table import Table, place, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from render.words.merged import MergedEnd, MergedWords

_SOURCES: Final = ("source", "traces", "destinations", "reached")
_DESTINATIONS: Final = ("destination", "traces", "sources", "reached")
_VERTICES: Final = ("step", "vertex", "traces", "sources", "destinations", "interfaces")


def tables(words: MergedWords) -> tuple[Table, ...]:
    """All of them."""
    return (
        _ends("Sources", _SOURCES, words.sources),
        _ends("Destinations", _DESTINATIONS, words.destinations),
        _vertices(words),
    )


def _ends(title: str, head: Sequence[str], ends: Sequence[MergedEnd]) -> Table:
    return Table(title, head, [texts(*own) for own in ends])


def _vertices(words: MergedWords) -> Table:
    """A row for each vertex, and how many traces, sources and destinations it is seen by."""
    vertices = (vertex for step in words.steps.values() for vertex in step)
    rows = [
        (
            place(own.number, own.key, order),
            *texts(own.name, len(own.seen_by), own.sources, own.destinations, own.members or ""),
        )
        for order, own in enumerate(vertices)
    ]
    return Table("Vertices", _VERTICES, rows)
