"""What the balancers of a trace read of a packet, and which kind of balancer that makes them.

`evidence` gives for each field the chance of what was seen if it were hashed. Over the fields of
one balancer these chances are adjusted (Holm, 1979): that any field is called ignored which is
hashed has at most the failure probability.

One pair of answers that differs proves a field hashed, unless packets of one flow part as well:
repeats of one flow have to exclude that, at a level of their own, because every other verdict rests
on it.

The classes are those of Augustin et al. (E2EMON 2007) and Almeida et al. (INFOCOM 2020).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from mda.answers.hop_pairs import choices
from mda.model import HeaderField
from mda.statistics.inference import holm
from mda.statistics.shares import Split, split
from mda.studies.balancer_evidence import Evidence, Sightings, evidence
from mda.studies.polarisation import Series, series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mda.answers.graph import Located
    from mda.answers.hop_pairs import HopPair
    from mda.answers.table import FlowTable
    from mda.findings.known import Known
    from mda.model import Outcome, Vertex

# Chance that a balancer of packets is taken for one of flows.
STEADY_ERROR: Final = 1e-5
_PORTS: Final = (HeaderField.SPORT, HeaderField.DPORT, HeaderField.ICMP_CHECKSUM)
_ADDRESSES: Final = (HeaderField.SOURCE, HeaderField.DESTINATION)


class Verdict(Enum):
    """Whether a balancer reads a field."""

    HASHED = "hashed"
    IGNORED = "ignored"
    UNDECIDED = "not enough evidence"


class Kind(Enum):
    """What a balancer keeps together."""

    PER_PACKET = "per packet"
    PER_FLOW = "per flow"
    PER_DESTINATION = "per destination"
    PER_APPLICATION = "per application"
    FLOW_LABEL = "per flow label"
    OTHER = "by other fields"
    UNDECIDED = "not enough evidence"


@dataclass(frozen=True, slots=True)
class FieldVerdict:
    """Whether `field` is hashed, and the chance that this is wrong (1 where undecided).

    `compared` counts the answers that could have differed.
    """

    field: HeaderField
    verdict: Verdict
    error_probability: float
    compared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancer:
    """A vertex with several successors, whatever made flows part there.

    `fields` is empty where nothing but flows was varied, and `kind` undecided. `split` is that of
    plain flows, None where they go one way only. `repeats` counts the answers that a packet
    balancer could have made differ, and `error_probability` is the chance that `kind` is wrong.
    """

    vertex: Vertex
    kind: Kind
    error_probability: float
    fields: tuple[FieldVerdict, ...]
    successors: tuple[Vertex, ...]
    split: Split | None
    repeats: int

    def verdict(self, field: HeaderField) -> Verdict:
        """The verdict on a field; undecided if it was not tried."""
        found = (one.verdict for one in self.fields if one.field is field)
        return next(found, Verdict.UNDECIDED)


@dataclass(frozen=True, slots=True)
class Classification:
    """Every balancer, and how pairs of them on one path agree."""

    balancers: tuple[Balancer, ...]
    series: tuple[Series, ...]


def find(known: Known) -> Classification:
    """What the answers say of balancers: of their splits, and of what they hash where asked."""
    every = balancers(
        known.table,
        known.located,
        known.hops,
        known.record.outcomes,
        known.flow_field,
        known.record.plan.bound.failure_probability,
    )
    splitting = [balancer.vertex for balancer in every if balancer.split]
    return Classification(every, series(known.graph, choices(known.hops, splitting)))


def balancers(
    table: FlowTable,
    located: Located,
    pairs: Sequence[HopPair],
    outcomes: Iterable[Outcome],
    flow_field: HeaderField,
    failure_probability: float,
) -> tuple[Balancer, ...]:
    """Every vertex at which flows or variants part, as far as that can be told."""
    sightings = Sightings(outcomes)
    tried = tested_fields(sightings.fields, flow_field)
    found = []
    for hops in pairs:
        for one in evidence(table, located, hops, sightings, flow_field):
            # What is known of vertices behind a balancer of packets is only where they are.
            is_known = one.vertex.ttl not in located.unordered | {v.ttl for v in located.turned}
            if is_known and len(one.successors | one.plain.keys()) > 1:
                found.append(judge(one, tried, failure_probability))
    return tuple(sorted(found, key=lambda one: one.vertex.sort_key))


def tested_fields(
    fields: Iterable[HeaderField], flow_field: HeaderField
) -> tuple[HeaderField, ...]:
    """The fields that are judged, given those that were varied; none if none was."""
    single = {field for field in fields if field is not HeaderField.ALL}
    return tuple(one for one in HeaderField if one in single | {flow_field}) if single else ()


def judge(one: Evidence, tried: Sequence[HeaderField], failure_probability: float) -> Balancer:
    """The verdicts on one vertex, given which fields were tried."""
    steady_error = one.chance_if_per_packet()
    is_steady = steady_error <= STEADY_ERROR and not one.parts
    chances = [one.chance_if_hashed(field) for field in tried]
    fields = []
    for field, chance in zip(tried, holm(chances), strict=True):
        verdict, error = Verdict.UNDECIDED, 1.0
        if is_steady and one.differs(field):
            verdict, error = Verdict.HASHED, steady_error
        elif is_steady and chance <= failure_probability:
            verdict, error = Verdict.IGNORED, min(1.0, chance + steady_error)
        fields.append(FieldVerdict(field, verdict, error, one.compared(field)))
    kind = Kind.PER_PACKET if one.parts else _kind({one.field: one.verdict for one in fields})
    errors = [field.error_probability for field in fields if field.verdict is not Verdict.UNDECIDED]
    error = 1.0
    if kind is Kind.PER_PACKET:
        error = 0.0
    elif kind is not Kind.UNDECIDED:
        error = max(errors)  # Holm's chances hold for all fields together
    counts = {after: len(flows) for after, flows in one.plain.items()}
    return Balancer(
        vertex=one.vertex,
        kind=kind,
        error_probability=error,
        fields=tuple(fields),
        successors=tuple(
            sorted(one.successors | one.plain.keys(), key=lambda vertex: vertex.sort_key)
        ),
        split=split(counts) if len(counts) > 1 else None,
        repeats=one.repeats,
    )


def _kind(verdicts: Mapping[HeaderField, Verdict]) -> Kind:
    """The class of a balancer that keeps the packets of a flow together."""

    def are(fields: Sequence[HeaderField]) -> Verdict:
        """Hashed if one of the fields is, ignored if all that were tried are."""
        found = Counter(verdicts[field] for field in fields if field in verdicts)
        if found[Verdict.HASHED]:
            return Verdict.HASHED
        return Verdict.IGNORED if found and not found[Verdict.UNDECIDED] else Verdict.UNDECIDED

    ports, addresses = are(_PORTS), are(_ADDRESSES)
    if ports is Verdict.HASHED:
        by_addresses = {Verdict.HASHED: Kind.PER_FLOW, Verdict.IGNORED: Kind.PER_APPLICATION}
        return by_addresses.get(addresses, Kind.UNDECIDED)
    if ports is Verdict.UNDECIDED:
        return Kind.UNDECIDED
    if verdicts.get(HeaderField.FLOW_LABEL) is Verdict.HASHED:
        return Kind.FLOW_LABEL
    if addresses is Verdict.HASHED:
        has_label = HeaderField.FLOW_LABEL in verdicts
        is_settled = not has_label or verdicts[HeaderField.FLOW_LABEL] is Verdict.IGNORED
        return Kind.PER_DESTINATION if is_settled else Kind.UNDECIDED
    known = [field for field, verdict in verdicts.items() if verdict is Verdict.HASHED]
    return Kind.OTHER if known and addresses is Verdict.IGNORED else Kind.UNDECIDED
