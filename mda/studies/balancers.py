"""Which header fields each balancer of a trace hashes, and its class.

`evidence` gives, for each field, the probability of the replies if the balancer hashed the field.
These probabilities are adjusted over the fields of one balancer (Holm, 1979), so that a hashed
field is called ignored with at most the failure probability.

One pair of different replies proves a field hashed, unless the balancer works per packet. Repeats
of one flow first exclude that, at a stricter level, because every other verdict depends on it.

The classes are those of Augustin et al. (E2EMON 2007) and Almeida et al. (INFOCOM 2020).
"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.hop_pairs import choices
from mda.model import HeaderField
from mda.statistics.inference import holm
from mda.statistics.shares import Split, split
from mda.studies.balancer_evidence import Evidence, VariantAnswers, evidence
from mda.studies.branches import Branches, Differences
from mda.studies.polarisation import Series, series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mda.answers.graph import Located
    from mda.answers.hop_pairs import HopPair
    from mda.answers.table import FlowTable
    from mda.findings.known import Known
    from mda.model import Outcome, Vertex

# Probability that a per-packet balancer is taken for a per-flow one.
STEADY_ERROR: Final = 1e-5
_PORTS: Final = (HeaderField.SPORT, HeaderField.DPORT, HeaderField.ICMP_CHECKSUM)
_ADDRESSES: Final = (HeaderField.SOURCE, HeaderField.DESTINATION)


class Verdict(Enum):
    """Whether a balancer hashes a field."""

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

    @property
    def is_decided(self) -> bool:
        """Whether there is evidence for the kind."""
        return self is not Kind.UNDECIDED


class FieldVerdict(NamedTuple):
    """Whether `field` is hashed, and the probability that this is wrong (1 where undecided).

    `compared` counts the replies that could have differed.
    """

    field: HeaderField
    verdict: Verdict
    error_probability: float
    compared: int


class Balancer(NamedTuple):
    """A vertex with several successors.

    Where only plain flows were sent, `fields` is empty and `kind` undecided. `split` is that of
    plain flows, None where they have one successor. `repeats` counts the replies that a per-packet
    balancer could have changed. `error_probability` is the probability that `kind` is wrong.
    """

    vertex: Vertex
    kind: Kind
    error_probability: float
    fields: tuple[FieldVerdict, ...]
    successors: tuple[Vertex, ...]
    split: Split | None
    repeats: int

    def verdict(self, field: HeaderField) -> Verdict:
        """The verdict on a field; undecided if the field was not varied."""
        found = (known.verdict for known in self.fields if known.field is field)
        return next(found, Verdict.UNDECIDED)


class Classification(NamedTuple):
    """Every balancer, and how the choices of balancers in series depend on each other.

    `branches` says of each balancer's vertex whether its branches may be one router that balances
    its replies. If they are, then the findings about the balancer are about that router's replies.
    """

    balancers: tuple[Balancer, ...]
    series: tuple[Series, ...]
    branches: Mapping[Vertex, Branches]


def find(known: Known) -> Classification:
    """The balancers of a measurement: their splits, and what they hash if variants were sent."""
    found = balancers(
        known.table,
        known.located,
        known.hops,
        known.record.outcomes,
        known.flow_field,
        known.record.plan.bound.failure_probability,
    )
    splitting = [balancer.vertex for balancer in found if balancer.split]
    differences = Differences(known)
    return Classification(
        found,
        series(known.graph, choices(known.hops, splitting)),
        {balancer.vertex: differences.branches(balancer.successors) for balancer in found},
    )


def balancers(
    table: FlowTable,
    located: Located,
    pairs: Sequence[HopPair],
    outcomes: Iterable[Outcome],
    flow_field: HeaderField,
    failure_probability: float,
) -> tuple[Balancer, ...]:
    """Every vertex at which flows or variants are known to split."""
    answers = VariantAnswers(outcomes)
    tried = tested_fields(answers.fields, flow_field)
    # Behind a per-packet balancer, or a changed route, successors of a vertex are not known.
    unknown = located.unordered | {vertex.ttl for vertex in located.turned}
    found = []
    for hops in pairs:
        for about in evidence(table, located, hops, answers, flow_field):
            is_known = about.vertex.ttl not in unknown
            if is_known and len(about.successors | about.plain.keys()) > 1:
                found.append(judge(about, tried, failure_probability))
    return tuple(sorted(found, key=lambda balancer: balancer.vertex.sort_key))


def tested_fields(
    fields: Iterable[HeaderField], flow_field: HeaderField
) -> tuple[HeaderField, ...]:
    """The fields that get a verdict, given those that were varied; none if none was."""
    single = {field for field in fields if field is not HeaderField.ALL}
    if not single:
        return ()
    return tuple(field for field in HeaderField if field in single | {flow_field})


def judge(about: Evidence, tried: Sequence[HeaderField], failure_probability: float) -> Balancer:
    """The verdicts on one vertex, given which fields were varied."""
    fields = _verdicts(about, tried, failure_probability)
    kind = _kind({known.field: known.verdict for known in fields})
    if about.is_per_packet:
        kind = Kind.PER_PACKET
    errors = [field.error_probability for field in fields if field.verdict is not Verdict.UNDECIDED]
    error = 1.0
    if kind is Kind.PER_PACKET:
        error = 0.0
    elif kind is not Kind.UNDECIDED:
        error = max(errors)  # Holm's probabilities hold for all fields together
    counts = {after: len(flows) for after, flows in about.plain.items()}
    return Balancer(
        vertex=about.vertex,
        kind=kind,
        error_probability=error,
        fields=tuple(fields),
        successors=tuple(
            sorted(about.successors | about.plain.keys(), key=lambda vertex: vertex.sort_key)
        ),
        split=split(counts) if len(counts) > 1 else None,
        repeats=about.repeats,
    )


def _verdicts(
    about: Evidence, tried: Sequence[HeaderField], failure_probability: float
) -> list[FieldVerdict]:
    """The verdict on each field that was varied."""
    steady_error = about.chance_if_per_packet()
    is_steady = steady_error <= STEADY_ERROR and not about.is_per_packet
    chances = [about.chance_if_hashed(field) for field in tried]
    fields = []
    for field, chance in zip(tried, holm(chances), strict=True):
        verdict, error = Verdict.UNDECIDED, 1.0
        if is_steady and about.differs(field):
            verdict, error = Verdict.HASHED, steady_error
        elif is_steady and chance <= failure_probability:
            verdict, error = Verdict.IGNORED, min(1.0, chance + steady_error)
        fields.append(FieldVerdict(field, verdict, error, about.compared(field)))
    return fields


def _kind(verdicts: Mapping[HeaderField, Verdict]) -> Kind:
    """The class of a balancer that keeps the packets of a flow together."""

    def are(fields: Sequence[HeaderField]) -> Verdict:
        """Hashed if any of the fields is hashed, ignored if all that were varied are ignored."""
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
