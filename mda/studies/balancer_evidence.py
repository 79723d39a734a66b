"""What is known of a vertex that packets part at: families of flows, and what they are worth.

A field matters to a balancer if two flows that differ in nothing else, and both go through it, go
on to different successors. Flows that share all but one field are a family: a flow and its
variants in that field, or all plain flows in the flow field. If all members of a family go on to
one successor although the field is hashed, each but the first has done so by the chance q of that
successor. So a family of n answers the hypothesis "it is hashed" with q^(n - 1), and several
families with the product, as far as they differ in something else that is hashed.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mda.answers.hop_pairs import UNLIKELY, is_even
from mda.model import HeaderField, Reply, Vertex
from mda.statistics.inference import share_interval
from mda.variants import Variant, variant_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mda.answers.graph import Located
    from mda.answers.hop_pairs import HopPair
    from mda.answers.table import FlowTable
    from mda.model import Outcome

_LIKELIEST: Final = 0.999  # chance of a successor beside others


class Sightings:
    """What variants met: their answers by TTL and flow, each with whether it ended the path."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self._answers: dict[tuple[int, int], list[Vertex]] = {}
        self._ends: set[tuple[int, int]] = set()
        self.flows: dict[int, dict[int, Variant]] = defaultdict(dict)  # TTL -> those answered there
        self.fields: set[HeaderField] = set()  # in which variants were asked
        for outcome in outcomes:
            flow, ttl, _ = outcome.request
            varied = variant_of(flow)
            if varied is None:
                continue
            self.fields.add(varied.field)
            if isinstance(outcome, Reply):
                vertex = Vertex(ttl, outcome.responder)
                self._answers.setdefault((ttl, flow), []).append(vertex)
                self.flows[ttl][flow] = varied
                if outcome.ends_path:
                    self._ends.add((ttl, flow))

    def answers(self, ttl: int, flow: int) -> Sequence[Vertex]:
        """The vertices that the variant met there, one for each answer."""
        return self._answers.get((ttl, flow), ())

    def ends(self, ttl: int, flow: int) -> bool:
        """Whether its path ends there."""
        return (ttl, flow) in self._ends


@dataclass(frozen=True, slots=True)
class Family:
    """Flows through one vertex that differ in one field only: the successor of each, by value.

    The first one, by its value, is what the others are compared with.
    """

    members: dict[int, Vertex]

    @property
    def first(self) -> int:
        """The value of the one that others are compared with."""
        return min(self.members)

    def differs(self) -> bool:
        """Whether any of them goes another way."""
        return len(set(self.members.values())) > 1


class Evidence:
    """What is known of one vertex: its plain flows' successors, families of variants, repeats."""

    def __init__(
        self, vertex: Vertex, plain: Mapping[Vertex, Sequence[int]], flow_field: HeaderField
    ) -> None:
        self.vertex = vertex
        self.flow_field = flow_field
        self.plain = plain
        # By the flow and the companion of it from which the members differ.
        self.families: dict[HeaderField, dict[tuple[int, int], Family]] = {}
        self.repeats = 0
        self.parts = False  # whether packets of one flow went different ways
        self.successors = {after for after in plain if after.address is not None}

    def chance(self, successor: Vertex) -> float:
        """The chance of a flow to go to `successor`, rather too high than too low."""
        even = 1 / max(len(self.successors), 2)
        counts = {after: len(flows) for after, flows in self.plain.items()}
        if len(counts) < 2:
            every = self.families.get(HeaderField.ALL, {}).values()
            counts = Counter(after for family in every for after in family.members.values())
        if successor not in counts or is_even(list(counts.values()), UNLIKELY):
            return even
        _, high = share_interval(counts[successor], sum(counts.values()))
        return min(max(even, high), _LIKELIEST)

    def differs(self, field: HeaderField) -> bool:
        """Whether the field is seen to matter."""
        return any(family.differs() for family in self.families.get(field, {}).values())

    def compared(self, field: HeaderField) -> int:
        """How many answers could have differed, had the field mattered."""
        return len(self._comparisons(field))

    def chance_if_hashed(self, field: HeaderField) -> float:
        """The chance of what was seen if the field is hashed: 1 where it is seen to matter."""
        if self.differs(field):
            return 1.0
        return math.prod(self._comparisons(field).values())

    def _comparisons(self, field: HeaderField) -> dict[tuple[int, int, int], float]:
        """What a hash of the field could have told apart, and the chance of each to agree.

        Packets that differ in nothing that is hashed are but one draw.
        """
        found: dict[tuple[int, int, int], float] = {}
        has_flow = field is not self.flow_field and self.differs(self.flow_field)
        has_companions = self.differs(HeaderField.ALL)
        for (base, companion), family in self.families.get(field, {}).items():
            chance = self.chance(family.members[family.first])
            for value in family.members:
                if value != family.first:
                    key = base * has_flow, companion * has_companions, value
                    found[key] = max(chance, found.get(key, 0.0))
        return found

    def chance_if_per_packet(self) -> float:
        """The chance that a balancer of packets had never parted those of one flow."""
        return max(map(self.chance, self.successors), default=1.0) ** self.repeats


def evidence(
    table: FlowTable, located: Located, hops: HopPair, sightings: Sightings, flow_field: HeaderField
) -> list[Evidence]:
    """What is known of each vertex before TTL `hops.ttl` that plain flows go on from."""
    far_ttl = hops.ttl
    near_ttl, far = far_ttl - 1, table.hop(far_ttl)
    found: dict[Vertex, Evidence] = {}
    went: dict[int, tuple[Vertex, Vertex]] = {}  # the vertex and the successor of each flow
    for vertex, samples in hops.near.items():
        one = found[vertex] = Evidence(vertex, samples.successors, flow_field)
        one.parts = vertex in located.per_packet
        members = one.families.setdefault(flow_field, {}).setdefault((0, 0), Family({})).members
        for successor, flows in samples.successors.items():
            if successor.address is not None:
                went.update(dict.fromkeys(flows, (vertex, successor)))
                members.update(dict.fromkeys(flows, successor))
                one.repeats += sum(far.repeats(flow) for flow in flows)
    for flow in sightings.flows[far_ttl]:
        passed = _passed(located.origin, near_ttl, flow, sightings)
        answers = sightings.answers(far_ttl, flow)
        if passed in found:
            went[flow] = passed, answers[0]
            found[passed].repeats += len(answers) - 1
            found[passed].parts |= len(set(answers)) > 1
    for flow, varied in sorted(sightings.flows[far_ttl].items()):
        if flow not in went:
            continue
        vertex, successor = went[flow]
        is_elsewhere = (
            varied.field in (HeaderField.DESTINATION, HeaderField.ALL) or varied.companion
        )
        if is_elsewhere and any(
            table.ended.get(one) == far_ttl or sightings.ends(far_ttl, one)
            for one in (flow, varied.compared_with)
        ):
            continue  # where paths end they do so at different hosts, whatever is hashed
        known = found[vertex]
        known.successors.update(sightings.answers(far_ttl, flow))
        families = known.families.setdefault(varied.field, {})
        members = families.setdefault((varied.base, varied.companion), Family({})).members
        members[varied.value] = successor
        if went.get(varied.compared_with, ())[:1] == (vertex,):
            members[0] = went[varied.compared_with][1]
    return list(found.values())


def _passed(origin: Vertex, ttl: int, flow: int, sightings: Sightings) -> Vertex | None:
    """The vertex that a variant is known to go through at `ttl`."""
    if ttl == origin.ttl:
        return origin
    met = set(sightings.answers(ttl, flow))
    return met.pop() if len(met) == 1 else None
