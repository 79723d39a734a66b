"""The path from end to end of each flow, given the vertices that flows are known to pass."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mda.answers.table import only_vertex

if TYPE_CHECKING:
    from mda.answers.graph import Located
    from mda.answers.table import FlowTable
    from mda.model import Vertex

Vertices = tuple["Vertex", ...]


def measured_ttl(vertices: Vertices) -> int:
    """The TTL of the last vertex of a path that replies; 0 if none does."""
    return next((vertex.ttl for vertex in reversed(vertices) if vertex.address is not None), 0)


@dataclass(frozen=True, slots=True)
class FlowPaths:
    """The paths of all flows of a measurement."""

    table: FlowTable
    located: Located
    _only: dict[int, Vertex | None] = field(init=False)

    def __post_init__(self) -> None:
        only = {ttl: only_vertex(here) for ttl, here in self.located.hops.items()}
        object.__setattr__(self, "_only", only)

    def paths(self) -> dict[Vertices, list[int]]:
        """The vertices of each path, in order, with the flows that are known to take it, ascending.

        Empty if packets of one flow take different paths.
        """
        if self.located.unordered:
            return {}
        found: defaultdict[Vertices, list[int]] = defaultdict(list)
        for flow in sorted(self.located.hops[self.located.origin.ttl]):
            vertices = self._path(flow)
            if vertices and measured_ttl(vertices):
                found[vertices].append(flow)
        ordered = sorted(found, key=lambda vertices: [vertex.sort_key for vertex in vertices])
        return {vertices: found[vertices] for vertices in ordered}

    def _path(self, flow: int) -> Vertices | None:
        """The vertices that a flow passes; None if any of them is not known."""
        end = self.table.ended.get(flow)
        vertices = []
        for ttl, here in self.located.hops.items():
            if ttl == self.located.origin.ttl:
                continue
            # Where there is only one vertex every flow passes it.
            vertex = here.get(flow) or self._only[ttl]
            if vertex is None:
                return None
            vertices.append(vertex)
            if ttl == end:
                break
        return tuple(vertices)

    def wide_ttls(self) -> list[int]:
        """The TTLs at which a flow can be at several vertices."""
        hops = self.located.hops
        return [ttl for ttl, only in self._only.items() if only is None and hops[ttl]]

    def undecided(self, flow: int) -> list[int]:
        """The TTLs where a flow was never probed although it can be at several vertices there."""
        return [
            ttl
            for ttl in self.wide_ttls()
            if self.table.ended.get(flow, ttl) >= ttl
            and flow not in self.table.hop(ttl).answers
            and flow not in self.table.hop(ttl).losses
        ]
