"""Evidence about one balancer: families of flows, and how strongly each argues.

A balancer reads a field if two flows that differ in nothing else, and both go through it, go on to
different successors. Flows that share all fields except one are a family: a flow and its variants
in that field, or all plain flows in the flow field. Let q be the share of one successor. If the
field is hashed, all n members of a family go on to that successor with probability q^(n - 1). The
probabilities of several families multiply if the families differ in another hashed field.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

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

_LIKELIEST: Final = 0.999  # largest share of a successor that has siblings


class VariantAnswers:
    """The replies to variants, by TTL and flow, and which of them ended the flow's path.

    `flows` has, by TTL, the flows that got a reply there. `fields` are the fields in which variants
    were probed.
    """

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self._vertices: dict[tuple[int, int], list[Vertex]] = {}
        self._ends: set[tuple[int, int]] = set()
        self.flows: dict[int, dict[int, Variant]] = defaultdict(dict)
        self.fields: set[HeaderField] = set()
        for outcome in outcomes:
            flow, ttl, _ = outcome.request
            varied = variant_of(flow)
            if varied is None or varied.field is HeaderField.LENGTH:
                continue
            self.fields.add(varied.field)
            if isinstance(outcome, Reply):
                vertex = Vertex.of(ttl, outcome)
                self._vertices.setdefault((ttl, flow), []).append(vertex)
                self.flows[ttl][flow] = varied
                if outcome.ends_path:
                    self._ends.add((ttl, flow))

    def vertices(self, ttl: int, flow: int) -> Sequence[Vertex]:
        """The vertices that replied to the variant at `ttl`, one for each reply."""
        return self._vertices.get((ttl, flow), ())

    def ends(self, ttl: int, flow: int) -> bool:
        """Whether the variant's path ends at `ttl`."""
        return (ttl, flow) in self._ends


class Family(NamedTuple):
    """Flows through one vertex that differ in one field only: the successor of each, by value."""

    members: dict[int, Vertex]

    @property
    def first(self) -> int:
        """The lowest value: the other members are compared with this one."""
        return min(self.members)

    def differs(self) -> bool:
        """Whether its members go on to different successors."""
        return len(set(self.members.values())) > 1


class Evidence:
    """The evidence about one vertex: its plain flows' successors, families of variants, repeats.

    `plain` has the plain flows to each successor. `repeats` counts the replies to a flow beyond its
    first. With `is_per_packet`, packets of one flow went on to different successors.
    """

    def __init__(
        self, vertex: Vertex, plain: Mapping[Vertex, Sequence[int]], flow_field: HeaderField
    ) -> None:
        self.vertex = vertex
        self.flow_field = flow_field
        self.plain = plain
        # Keyed by the flow, and the number of its companion, from which the members differ.
        self.families: dict[HeaderField, dict[tuple[int, int], Family]] = {}
        self.repeats = 0
        self.is_per_packet = False
        self.successors = {after for after in plain if after.address is not None}

    def chance(self, successor: Vertex) -> float:
        """The probability that a flow goes to `successor`: an upper estimate."""
        even = 1 / max(len(self.successors), 2)
        counts = {after: len(flows) for after, flows in self.plain.items()}
        if len(counts) < 2:
            families = self.families.get(HeaderField.ALL, {}).values()
            counts = Counter(after for family in families for after in family.members.values())
        if successor not in counts or is_even(list(counts.values()), UNLIKELY):
            return even
        _, high = share_interval(counts[successor], sum(counts.values()))
        return min(max(even, high), _LIKELIEST)

    def differs(self, field: HeaderField) -> bool:
        """Whether flows that differ in `field` only went on to different successors."""
        return any(family.differs() for family in self.families.get(field, {}).values())

    def compared(self, field: HeaderField) -> int:
        """The number of replies that could have differed if the field were hashed."""
        return len(self._comparisons(field))

    def chance_if_hashed(self, field: HeaderField) -> float:
        """The probability that a hashed field shows no difference; 1 if it shows one."""
        if self.differs(field):
            return 1.0
        return math.prod(self._comparisons(field).values())

    def _comparisons(self, field: HeaderField) -> dict[tuple[int, int, int], float]:
        """The members that a hash of the field could have separated, and each one's probability.

        That is the probability that it agrees with the first member by chance. Members that differ
        in no other hashed field are one draw, and count once.
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
        """The probability that a per-packet balancer never separated packets of one flow."""
        return max(map(self.chance, self.successors), default=1.0) ** self.repeats


def evidence(
    table: FlowTable,
    located: Located,
    hops: HopPair,
    answers: VariantAnswers,
    flow_field: HeaderField,
) -> list[Evidence]:
    """The evidence about each vertex before TTL `hops.ttl` that plain flows go on from."""
    gathering = _Gathering(table, located.origin, hops.ttl, answers)
    for vertex, samples in hops.near.items():
        about = Evidence(vertex, samples.successors, flow_field)
        about.is_per_packet = vertex in located.per_packet
        gathering.add_plain(about)
    for flow in answers.flows[hops.ttl]:
        gathering.add_variant(flow)
    for flow, varied in sorted(answers.flows[hops.ttl].items()):
        if flow in gathering.went and not gathering.is_elsewhere(flow, varied):
            gathering.add_to_family(flow, varied)
    return list(gathering.found.values())


class _Gathering:
    """Gathers evidence about the vertices before TTL `far_ttl`.

    `went` has the vertex before `far_ttl`, and the successor, of each flow.
    """

    def __init__(
        self, table: FlowTable, origin: Vertex, far_ttl: int, answers: VariantAnswers
    ) -> None:
        self.table = table
        self.origin = origin
        self.far_ttl = far_ttl
        self.answers = answers
        self.found: dict[Vertex, Evidence] = {}
        self.went: dict[int, tuple[Vertex, Vertex]] = {}

    def add_plain(self, about: Evidence) -> None:
        """Begin with the evidence of plain flows: they are a family in the flow field."""
        self.found[about.vertex] = about
        far, members = self.table.hop(self.far_ttl), dict[int, Vertex]()
        about.families[about.flow_field] = {(0, 0): Family(members)}
        for successor, flows in about.plain.items():
            if successor.address is not None:
                self.went.update(dict.fromkeys(flows, (about.vertex, successor)))
                members.update(dict.fromkeys(flows, successor))
                about.repeats += sum(far.repeats(flow) for flow in flows)

    def add_variant(self, flow: int) -> None:
        """Note where a variant went, and whether its packets went to different successors."""
        vertex = self._passed(flow)
        if vertex is None or vertex not in self.found:
            return
        successors = self.answers.vertices(self.far_ttl, flow)
        self.went[flow] = vertex, successors[0]
        self.found[vertex].repeats += len(successors) - 1
        self.found[vertex].is_per_packet |= len(set(successors)) > 1

    def is_elsewhere(self, flow: int, varied: Variant) -> bool:
        """Whether a variant, or what it is compared with, ends here at another host.

        Paths to different addresses end at different hosts, whatever a balancer hashes.
        """
        fields = (HeaderField.DESTINATION, HeaderField.ALL)
        return (varied.field in fields or bool(varied.companion)) and any(
            self.table.ended.get(compared) == self.far_ttl
            or self.answers.ends(self.far_ttl, compared)
            for compared in (flow, varied.compared_with)
        )

    def add_to_family(self, flow: int, varied: Variant) -> None:
        """Add a variant, and what it is compared with, to its family."""
        vertex, successor = self.went[flow]
        about = self.found[vertex]
        about.successors.update(self.answers.vertices(self.far_ttl, flow))
        families = about.families.setdefault(varied.field, {})
        members = families.setdefault((varied.base, varied.companion), Family({})).members
        members[varied.value] = successor
        if self.went.get(varied.compared_with, ())[:1] == (vertex,):
            members[0] = self.went[varied.compared_with][1]

    def _passed(self, flow: int) -> Vertex | None:
        """The vertex before `far_ttl` that a variant is known to go through."""
        if self.far_ttl - 1 == self.origin.ttl:
            return self.origin
        met = set(self.answers.vertices(self.far_ttl - 1, flow))
        return met.pop() if len(met) == 1 else None
