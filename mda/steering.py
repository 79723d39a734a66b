"""Node control: which new flows to send to a hop so that enough of them go through its vertices.

Pure arithmetic over flows already located; knows no probe and no stopping rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mda.model import Vertex


def flows_towards(
    missing: Mapping[Vertex, float],
    share: Mapping[Vertex, float],
    onward: Mapping[Vertex, Mapping[Vertex, float]],
    candidates: Iterable[tuple[int, Vertex | None]],
    most: int,
) -> list[int]:
    """The fewest of `candidates`, in their order, that should bring what is `missing`.

    `missing` says how many more flows each vertex needs. A candidate is a flow and its vertex
    one hop before, None if unknown; it reaches vertex v with chance `onward[before][v]`, or
    `share[v]` if unknown. Flows that can reach no needy vertex are passed over. At most `most`.

    >>> from mda.model import Vertex
    >>> a, b = Vertex(2, None, 0), Vertex(2, None, 1)
    >>> flows_towards({a: 2, b: 1}, {a: 0.5, b: 0.5}, {}, ((n, None) for n in range(9)), 100)
    [0, 1, 2, 3]
    """
    hoped = dict.fromkeys(missing, 0.0)
    open_needs = set(missing)
    chosen: list[int] = []
    for flow, before in candidates:
        if not open_needs or len(chosen) >= most:
            break
        chances = share if before is None else onward.get(before, {})
        if not any(chances.get(vertex, 0.0) for vertex in open_needs):
            continue
        chosen.append(flow)
        for vertex in missing:
            hoped[vertex] += chances.get(vertex, 0.0)
            if hoped[vertex] >= missing[vertex]:
                open_needs.discard(vertex)
    return chosen


def likely_width(seen: int, flows: int) -> int:
    """How many equally likely vertices there are, given that `flows` flows met `seen` of them.

    The least number whose expected count of met vertices comes within one half of `seen`; twice
    `seen` at most, for a handful of flows says little.

    >>> [likely_width(1, 6), likely_width(5, 6), likely_width(16, 96)]
    [1, 9, 16]
    """
    width = seen
    while width < 2 * seen and width * (1 - (1 - 1 / width) ** flows) < seen - 0.5:
        width += 1
    return width
