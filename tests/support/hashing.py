"""Networks whose balancers read chosen header fields: what classification is tested against.

Written apart from `paris.sim`, and without bytes: the value of a field is that of the variant, and
that of the flow field the number of the flow.
"""

from __future__ import annotations

from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING

from mda.model import HeaderField, StopReason
from mda.plan import Algorithm, Plan, Probing, Stamp, WireReport
from mda.procedure import Chain
from mda.record import Record
from mda.statistics.stopping import Bound
from mda.studies.balancers import Kind, Verdict
from mda.studies.classifier import Classifier
from mda.studies.registry import CLASSIFY
from mda.studies.task import Task
from mda.trace import Trace
from mda.variants import SCARCE, variant_of
from tests.support.drive import SOURCE, full_mda, interface, play

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from ipaddress import IPv4Address

    from mda.model import ProbeRequest
    from mda.procedure import History
    from mda.studies.balancers import Balancer
    from tests.support.drive import Network, Played

# The variants of a UDP flow over IPv6, where a machine has three other addresses.
VALUES = {
    HeaderField.DPORT: 4095,
    HeaderField.PROTOCOL: 1,
    HeaderField.SOURCE: 3,
    HeaderField.DESTINATION: 253,
    HeaderField.TRAFFIC_CLASS: 63,
    HeaderField.FLOW_LABEL: 4095,
    HeaderField.ALL: 253,
}
BALANCER = interface(2)


def values(flow: int) -> dict[HeaderField, int]:
    """The value of each field in the packets of a flow or variant, 0 being the usual one."""
    varied = variant_of(flow)
    if varied is None:
        return {HeaderField.SPORT: flow}
    found = {HeaderField.SPORT: varied.base}
    every = varied.number if varied.field is HeaderField.ALL else varied.companion
    if every:
        found |= {
            field: (every - 1) % count + 1 for field, count in VALUES.items() if field not in SCARCE
        }
    return found | {varied.field: varied.value}


def choose(key: str, flow: int, hashed: Collection[HeaderField], weights: Sequence[int]) -> int:
    """Which successor a balancer with this key takes for packets of the flow."""
    has = values(flow)
    read = [(field.value, has.get(field, 0)) for field in HeaderField if field in hashed]
    digest = blake2b(f"{key} {read}".encode(), digest_size=8).digest()
    mark = int.from_bytes(digest) * sum(weights) >> 64
    for place, weight in enumerate(weights):
        mark -= weight
        if mark < 0:
            return place
    raise AssertionError("weights must be positive")


def one_balancer(
    key: str,
    hashed: Collection[HeaderField],
    weights: Sequence[int],
    *,
    random: Random | None = None,
) -> Network:
    """r1, a balancer over len(weights) routers, a joint, the destination.

    With `random` it balances per packet instead.
    """

    def walk(flow: int) -> list[IPv4Address]:
        place = (
            choose(key, flow, hashed, weights)
            if random is None
            else random.choices(range(len(weights)), weights)[0]
        )
        return [interface(1), BALANCER, interface(10 + place), interface(3), interface(4)]

    return walk


def classify(
    network: Network,
    *,
    failure_probability: float = 0.05,
    values: dict[HeaderField, int] = VALUES,
    lost: Callable[[ProbeRequest, IPv4Address], bool] | None = None,
    least_flows: int = 0,
) -> tuple[Trace, Played, int]:
    """The MDA and the classifier after it: the trace, what was played, the probes of the MDA."""
    before = 0

    def follow(history: History) -> Classifier:
        nonlocal before
        before = len(history.requests)
        task = Task(
            source=SOURCE, first_ttl=1, max_ttl=30, attempts=3,
            failure_probability=failure_probability, flow_field=HeaderField.SPORT, values=values,
            flows=50_000, parameters={"flows": least_flows},
        )  # fmt: skip
        return Classifier(task, history)

    mda = full_mda(failure_probability=failure_probability)
    played = play(Chain(mda, follow), network, lost=lost)
    plan = Plan(
        host="test", source=SOURCE, destination=interface(4), algorithm=Algorithm.MDA,
        bound=Bound(failure_probability, per_vertex=True), first_ttl=1, max_ttl=30, attempts=3,
        network="test", seed=1,
        probing=Probing(
            protocol="udp", flow_field="sport", sport=1, dport=1, traffic_class=0, flow_label=0
        ),
    )  # fmt: skip
    record = Record(
        plan=plan, started_at_unix_s=0.0, duration_s=0.0, probes_sent=played.probes,
        outcomes=tuple(played.outcomes), unresolved=(), unmatched={},
        wire=WireReport(wire="simulated", sent=Stamp.VIRTUAL, received=Stamp.VIRTUAL),
        stopped=StopReason.COMPLETE,
    )  # fmt: skip
    return Trace.of(record), played, before


def balancers_of(trace: Trace) -> tuple[Balancer, ...]:
    """All balancers that were found."""
    found = trace.found(CLASSIFY)
    assert found is not None
    return found.balancers


def balancer_of(trace: Trace) -> Balancer:
    """The balancer that the network has."""
    return next(balancer for balancer in balancers_of(trace) if balancer.vertex.address == BALANCER)


_FIVE = frozenset(
    {
        HeaderField.SPORT,
        HeaderField.DPORT,
        HeaderField.PROTOCOL,
        HeaderField.SOURCE,
        HeaderField.DESTINATION,
    }
)
_PAIR = frozenset({HeaderField.SOURCE, HeaderField.DESTINATION})
_PORTS = frozenset({HeaderField.SPORT, HeaderField.DPORT})
# What is hashed, and the class that it makes; nothing and None for a per-packet balancer.
CASES: dict[str, tuple[frozenset[HeaderField], Kind]] = {
    "flow": (_FIVE, Kind.PER_FLOW),
    "flow, protocol ignored": (_FIVE - {HeaderField.PROTOCOL}, Kind.PER_FLOW),
    "flow, source ignored": (_FIVE - {HeaderField.SOURCE}, Kind.PER_FLOW),
    "flow, destination ignored": (_FIVE - {HeaderField.DESTINATION}, Kind.PER_FLOW),
    "flow, destination port ignored": (_FIVE - {HeaderField.DPORT}, Kind.PER_FLOW),
    "flow and traffic class": (_FIVE | {HeaderField.TRAFFIC_CLASS}, Kind.PER_FLOW),
    "flow and label": (_FIVE | {HeaderField.FLOW_LABEL}, Kind.PER_FLOW),
    "addresses": (_PAIR, Kind.PER_DESTINATION),
    "destination": (frozenset({HeaderField.DESTINATION}), Kind.PER_DESTINATION),
    "addresses and protocol": (_PAIR | {HeaderField.PROTOCOL}, Kind.PER_DESTINATION),
    "addresses and traffic class": (_PAIR | {HeaderField.TRAFFIC_CLASS}, Kind.PER_DESTINATION),
    "ports": (_PORTS, Kind.PER_APPLICATION),
    "source port": (frozenset({HeaderField.SPORT}), Kind.PER_APPLICATION),
    "destination port": (frozenset({HeaderField.DPORT}), Kind.PER_APPLICATION),
    "ports and protocol": (_PORTS | {HeaderField.PROTOCOL}, Kind.PER_APPLICATION),
    "label": (frozenset({HeaderField.FLOW_LABEL}), Kind.FLOW_LABEL),
    "addresses and label": (_PAIR | {HeaderField.FLOW_LABEL}, Kind.FLOW_LABEL),
    "addresses, protocol and label": (
        _PAIR | {HeaderField.PROTOCOL, HeaderField.FLOW_LABEL},
        Kind.FLOW_LABEL,
    ),
    "traffic class": (frozenset({HeaderField.TRAFFIC_CLASS}), Kind.OTHER),
    "packets": (frozenset(), Kind.PER_PACKET),
}


def judged(case: str, width: int, seed: int) -> Balancer | None:
    """The findings about a balancer with so many successors; None if it was not found."""
    hashed, kind = CASES[case]
    random = Random(f"{case} {width} {seed}") if kind is Kind.PER_PACKET else None
    network = one_balancer(f"{case} {width} {seed}", hashed, [1] * width, random=random)
    trace, _, _ = classify(network)
    found = (balancer for balancer in balancers_of(trace) if balancer.vertex.address == BALANCER)
    return next(found, None)


def is_recognised(case: str, width: int, seed: int) -> bool:
    """Whether the class is named, and each field judged as it is."""
    hashed, kind = CASES[case]
    balancer = judged(case, width, seed)
    if balancer is None or balancer.kind is not kind:
        return False
    return kind is Kind.PER_PACKET or all(
        field.verdict is (Verdict.HASHED if field.field in hashed else Verdict.IGNORED)
        for field in balancer.fields
    )
