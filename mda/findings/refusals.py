"""Who refuses the probes, and how: a closed port, a firewall that rejects or prohibits.

A reset says that a port is closed, unless an earlier SYN of its flow may have half opened a
connection: a host may reset that connection when the next SYN arrives (RFC 9293 section 3.10.7.4).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import Loss, ReplyKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mda.model import IPAddress, Outcome, Reply
    from mda.plan import Plan

_PORT_UNREACHABLE: Final = {4: 3, 6: 4}  # codes
_TOO_BIG: Final = {4: (3, 4), 6: (2, 0)}  # types and codes


class Refusal(Enum):
    """How probes are refused; the strongest statement comes first."""

    CLOSED = "closed"
    REJECTED = "rejected"
    PROHIBITED = "prohibited"


class Refused(NamedTuple):
    """That `by` refuses probes."""

    how: Refusal
    by: IPAddress


def refusals(plan: Plan, outcomes: Iterable[Outcome]) -> tuple[Refused, ...]:
    """Every refusal among the outcomes of plain flows, in a fixed order."""
    flows: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        flows.setdefault(outcome.request.flow, []).append(outcome)
    answers = [
        outcome
        for of_flow in flows.values()
        for outcome in of_flow
        if not isinstance(outcome, Loss) and outcome.ends_path
    ]
    nearest = min((reply.request.ttl for reply in answers), default=0)
    found: set[Refused] = set()
    for reply in answers:
        if reply.kind is ReplyKind.RST and plan.probing.flags is None:
            if not _may_be_half_open(reply, flows[reply.request.flow], nearest):
                found.add(Refused(Refusal.CLOSED, reply.responder))
        elif (how := refusal_by_error(plan, reply)) is not None:
            found.add(Refused(how, reply.responder))
    order = list(Refusal)
    return tuple(sorted(found, key=lambda refused: (order.index(refused.how), int(refused.by))))


def refusal_by_error(plan: Plan, reply: Reply) -> Refusal | None:
    """How an ICMP error refuses a probe; None if it only says that there is no way, or no service.

    A host says "port unreachable" of UDP on its own. To another protocol only a firewall says so,
    or says anything in the name of the destination (iptables and nftables: REJECT).
    """
    if reply.kind is not ReplyKind.UNREACHABLE:
        return None
    if reply.is_prohibition:
        return Refusal.PROHIBITED
    version = reply.responder.version
    if (reply.icmp_type, reply.icmp_code) == _TOO_BIG[version]:
        return None
    is_of_port = reply.icmp_code == _PORT_UNREACHABLE[version]
    if is_of_port and plan.probing.protocol != "udp":
        return Refusal.REJECTED
    is_own = reply.responder == plan.destination
    return Refusal.REJECTED if is_own and not is_of_port else None


def _may_be_half_open(reset: Reply, of_flow: Sequence[Outcome], nearest: int) -> bool:
    """Whether an earlier SYN of the flow may have half opened a connection.

    No path ends before the TTL `nearest`.
    """
    return any(
        outcome.request.ttl >= nearest
        and (isinstance(outcome, Loss) or outcome.kind is ReplyKind.SYN_ACK)
        and _left(outcome) < _left(reset)
        for outcome in of_flow
    )


def _left(outcome: Outcome) -> tuple[float, int, int]:
    """When a probe left; those with one send time left in the order of attempts and TTLs."""
    _, ttl, attempt = outcome.request
    return outcome.sent_at_s, attempt, ttl
