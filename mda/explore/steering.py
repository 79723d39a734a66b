"""Node control: which new flows to send to a hop so that enough of them go through its vertices.

This is arithmetic over flows already located; it knows neither probes nor stopping rules.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import Vertex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Fraction of the expected need to request when many flows will miss. Lower: more rounds; higher:
# more probes (measured on 16- and 48-wide and meshed diamonds).
_CAUTION: Final = 0.7
_NEARLY_ALL: Final = 0.9
_PRIOR: Final = 3.0  # flows that each vertex is credited with before its share is estimated


class Aim(NamedTuple):
    """What new flows at a hop are for.

    `needs` has the number of flows that each vertex needs, including vertices that are likely to
    turn up. `share` has the chance that a flow meets each vertex, and `onward` the same chance by
    the flow's vertex one hop before. `width` is the number of known vertices. The first
    `useful_anywhere` flows are useful whichever vertex they meet.
    """

    needs: Mapping[Vertex, float]
    share: Mapping[Vertex, float]
    onward: Mapping[Vertex, Mapping[Vertex, float]]
    width: int
    useful_anywhere: int


def aim_at(
    missing: Mapping[Vertex, int],
    onward: Mapping[Vertex, Mapping[Vertex, int]],
    met: Mapping[Vertex, int],
) -> Aim:
    """The aim of new flows, given how many each vertex is `missing`.

    `met` counts the known flows at each vertex, and `onward` those that came by each vertex one hop
    before.
    """
    counts = {**dict.fromkeys(missing, 0), **met}
    # Small counts say little, so each vertex starts as likely as the others.
    weights = {vertex: count + _PRIOR for vertex, count in counts.items()}
    mean = sum(weights.values()) / len(weights)
    needs: dict[Vertex, float] = dict(missing)
    # Vertices that are likely to turn up will need flows as well.
    width = likely_width(len(counts), sum(met.values()))
    newcomers = [_newcomer(number) for number in range(len(counts), width)]
    needs |= dict.fromkeys(newcomers, max(missing.values()))
    weights |= dict.fromkeys(newcomers, mean)
    total = sum(weights.values())
    share = {vertex: weight / total for vertex, weight in weights.items()}
    chances = {}
    for before, after in onward.items():
        total = sum(after.values()) + _PRIOR * len(after)
        chances[before] = {vertex: (count + _PRIOR) / total for vertex, count in after.items()}
    if sum(share[vertex] for vertex in needs) > _NEARLY_ALL:
        return Aim(needs, share, chances, len(counts), int(_CAUTION * sum(missing.values())))
    # Most flows will miss the few vertices that need some: another round is better than waste.
    needs = {vertex: max(1.0, _CAUTION * need) for vertex, need in needs.items()}
    return Aim(needs, share, chances, len(counts), 0)


def flows_towards(
    missing: Mapping[Vertex, float],
    share: Mapping[Vertex, float],
    onward: Mapping[Vertex, Mapping[Vertex, float]],
    candidates: Iterable[tuple[int, Vertex | None]],
    most: int,
) -> list[int]:
    """The first of `candidates`, in their order, that together should bring what is `missing`.

    `missing` has the number of flows that each vertex still needs. A candidate is a flow and its
    vertex one hop before, None if unknown; it reaches vertex v with chance `onward[before][v]`, or
    `share[v]` if unknown. Flows that cannot reach a vertex in need are skipped. At most `most`
    flows are returned.

    >>> from mda.model import Vertex
    >>> a, b = Vertex(2, None, 0), Vertex(2, None, 1)
    >>> flows_towards({a: 2, b: 1}, {a: 0.5, b: 0.5}, {}, ((n, None) for n in range(9)), 100)
    [0, 1, 2, 3]
    """
    hoping = [_Alike(sorted(missing, key=lambda vertex: missing[vertex], reverse=True), missing)]
    # By the vertex one hop before: what may be reached, with its chance, until `hoping` changes.
    reached: dict[Vertex | None, list[tuple[_Alike, float]]] = {}
    chosen: list[int] = []
    for flow, before in candidates:
        if not hoping or len(chosen) >= most:
            break
        if before not in reached:
            known = len(hoping)
            chances = share if before is None else onward.get(before, {})
            by_chance = _by_chance(hoping, chances, missing)
            hoping = [alike for alike, _ in by_chance]
            if len(hoping) > known:
                reached.clear()
            reached[before] = [(alike, chance) for alike, chance in by_chance if chance]
        if not reached[before]:
            continue
        chosen.append(flow)
        for alike, chance in reached[before]:
            alike.hoped += chance
            if alike.hoped >= alike.least:
                alike.drop_met(missing)
                if not alike.vertices:
                    hoping = [other for other in hoping if other.vertices]
                    reached = {}
    return chosen


# A dataclass would delay the first probe.
class _Alike:
    """Open vertices that all chosen flows reach with equal chances: few differ at a wide hop.

    `hoped` is the number of flows that each of them may expect, and `least` what the last of them
    is `missing`, which is missing least.
    """

    __slots__ = ("hoped", "least", "vertices")

    def __init__(
        self, vertices: list[Vertex], missing: Mapping[Vertex, float], hoped: float = 0.0
    ) -> None:
        self.vertices = vertices
        self.least = missing[vertices[-1]]
        self.hoped = hoped

    def drop_met(self, missing: Mapping[Vertex, float]) -> None:
        """Leave out the vertices that may expect all that they are `missing`."""
        while self.vertices and self.hoped >= missing[self.vertices[-1]]:
            self.vertices.pop()
        if self.vertices:
            self.least = missing[self.vertices[-1]]


def _by_chance(
    hoping: Iterable[_Alike], chances: Mapping[Vertex, float], missing: Mapping[Vertex, float]
) -> list[tuple[_Alike, float]]:
    """The same vertices, divided by the chance that a flow reaches each, and that chance."""
    divided = []
    for alike in hoping:
        parts: dict[float, list[Vertex]] = {}
        for vertex in alike.vertices:
            parts.setdefault(chances.get(vertex, 0.0), []).append(vertex)
        for chance, own in parts.items():
            part = alike if len(parts) == 1 else _Alike(own, missing, alike.hoped)
            divided.append((part, chance))
    return divided


def likely_width(seen: int, flows: int) -> int:
    """The likely number of equally likely vertices, given that `flows` flows met `seen` of them.

    The least number whose expected count of met vertices comes within one half of `seen`, but at
    most twice `seen`, because a handful of flows says little.

    >>> [likely_width(1, 6), likely_width(5, 6), likely_width(16, 96)]
    [1, 9, 16]
    """
    width = seen
    while width < 2 * seen and width * (1 - (1 - 1 / width) ** flows) < seen - 0.5:
        width += 1
    return width


@cache
def _newcomer(number: int) -> Vertex:
    """A vertex that may turn up, to count with."""
    return Vertex(-1, None, number)
