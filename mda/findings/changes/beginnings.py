"""Where a change begins: between which vertices a value first differs from what it was before.

A flow's own reply at the vertex before decides. Where it has none there, the other flows do if they
agree, except before the destination, which may be at several hops. A vertex that shows nothing is
passed over. What stays open is not stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mda.answers.graph import flows_of_edge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mda.findings.changes.base import Seen
    from mda.model import Reply, Vertex

_Value = TypeVar("_Value", int, str)


class Beginning(NamedTuple):
    """As in `base.Change`, with the texts or numbers that were compared."""

    after: tuple[Vertex, ...]
    vertices: tuple[Vertex, ...]
    flows: tuple[int, ...]
    before: int | str
    behind: int | str


class Values(dict["Vertex", dict[int, "int | str"]]):
    """A value of each vertex and flow that shows just one."""

    def agreed(self, vertex: Vertex) -> int | str | None:
        """The value of all flows at a vertex; None if it has none, or several."""
        values = set(self.get(vertex, {}).values())
        return values.pop() if len(values) == 1 else None


def values_of(seen: Seen, read: Callable[[Vertex, Reply], _Value | None]) -> Values:
    """The values that `read` finds in replies; it returns None where one shows nothing."""
    found = Values()
    for vertex, replies in seen.replies.items():
        if vertex not in seen.dag:
            continue
        here: dict[int, int | str] = {}
        several: set[int] = set()
        for reply in replies:
            value = read(vertex, reply)
            if value is not None and here.setdefault(reply.request.flow, value) != value:
                several.add(reply.request.flow)
        for flow in several:
            del here[flow]
        found[vertex] = here
    return found


def beginnings(seen: Seen, values: Values, at_source: int | str) -> list[Beginning]:
    """Where values differ from the value before, in the graph's order; probes left `at_source`."""
    if all(value == at_source for own in values.values() for value in own.values()):
        return []
    nears: dict[Vertex, _Nears] = {}
    flows: dict[tuple[Vertex, Vertex, int | str, int | str], set[int]] = {}
    for vertex in seen.dag:
        for flow, behind in values.get(vertex, {}).items():
            known = _before(seen, nears, values, vertex, flow, at_source)
            if known is not None and known[1] != behind:
                flows.setdefault((known[0], vertex, known[1], behind), set()).add(flow)
    return _merged(flows)


def restored(values: Mapping[Vertex, Mapping[int, int | str]], found: Beginning) -> Vertex | None:
    """The nearest vertex behind a beginning at which one of its flows shows the value before."""
    last = max(vertex.ttl for vertex in found.vertices)
    behind = (
        vertex
        for vertex, own in values.items()
        if vertex.ttl > last and any(own.get(flow) == found.before for flow in found.flows)
    )
    return min(behind, key=lambda vertex: vertex.sort_key, default=None)


class _Nears(NamedTuple):
    """The vertices before one: all of them, and those that each flow came by."""

    every: tuple[Vertex, ...]
    by_flow: Mapping[int, tuple[Vertex, ...]]


def _nears(seen: Seen, vertex: Vertex) -> _Nears:
    every = tuple(seen.dag.predecessors(vertex))
    by_flow: dict[int, tuple[Vertex, ...]] = {}
    for near in every:
        for flow in flows_of_edge(seen.dag, near, vertex):
            by_flow[flow] = (*by_flow.get(flow, ()), near)
    return _Nears(every, by_flow)


def _before(
    seen: Seen,
    nears: dict[Vertex, _Nears],
    values: Values,
    vertex: Vertex,
    flow: int,
    at_source: int | str,
) -> tuple[Vertex, int | str] | None:
    """The last vertex before on the flow's path that shows a value, and that value."""
    while True:
        if vertex not in nears:
            nears[vertex] = _nears(seen, vertex)
        every, by_flow = nears[vertex]
        # Probes of a flow that was not seen right before may have got to the destination earlier.
        own = by_flow.get(flow, () if vertex in seen.arrivals else every)
        if len(own) != 1:
            return None
        (vertex,) = own
        if vertex == seen.origin:
            return vertex, at_source
        here = values.get(vertex, {})
        value = here.get(flow, values.agreed(vertex))
        if value is not None:
            return vertex, value
        if here:
            return None


def _merged(
    flows: Mapping[tuple[Vertex, Vertex, int | str, int | str], set[int]],
) -> list[Beginning]:
    """The beginnings of equal values: first those behind one vertex, then those with equal ends."""
    fans: dict[tuple[Vertex, int | str, int | str], dict[Vertex, set[int]]] = {}
    for (near, far, before, behind), own in flows.items():
        fans.setdefault((near, before, behind), {})[far] = own
    nearest_first = sorted(fans, key=lambda fan: fan[0].sort_key)
    groups: dict[tuple[tuple[Vertex, ...], int | str, int | str], tuple[list[Vertex], set[int]]]
    groups = {}
    for near, before, behind in nearest_first:
        fan = fans[near, before, behind]
        nears, taking = groups.setdefault((tuple(fan), before, behind), ([], set()))
        nears.append(near)
        taking.update(*fan.values())
    return [
        Beginning(tuple(nears), fars, tuple(sorted(taking)), before, behind)
        for (fars, before, behind), (nears, taking) in groups.items()
    ]
