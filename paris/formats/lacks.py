"""What a format has no place for, of one trace: some words for each kind of value that it loses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.model import Loss, ReplyKind, StopReason
from mda.variants import is_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mda.model import Reply
    from mda.trace import Trace

LOSSES: Final = "lost probes"
VARIANTS: Final = "probes with other header fields"
BY_UDP: Final = "answers by UDP"
UNKNOWN: Final = "answers of unknown kind"
BY_TCP: Final = "answers by TCP"
INTERFACES: Final = "what routers say of interfaces"
MTUS: Final = "MTUs"
STOP: Final = "why the trace ended early"
NAMES: Final = "names"
BOUND: Final = "the confidence for the whole graph"
LABEL: Final = "the flow label"

# The words of each kind of value, and how often a trace has it, or whether.
_KINDS: Final[dict[str, Callable[[Trace], int]]] = {
    "that the network is simulated": lambda trace: trace.plan.network is not None,
    LOSSES: lambda trace: sum(isinstance(own, Loss) for own in trace.outcomes),
    "probes without an outcome": lambda trace: len(trace.unresolved),
    VARIANTS: lambda trace: sum(
        not is_plain(own.request.flow) for own in trace.outcomes
    ),
    "probes of other protocols": lambda trace: (
        len(trace.others) + sum(own.probes for own in trace.controls)
    ),
    BY_UDP: lambda trace: _of_kind(trace, ReplyKind.UDP_ANSWER),
    BY_TCP: lambda trace: _of_kind(trace, ReplyKind.SYN_ACK, ReplyKind.RST),
    UNKNOWN: lambda trace: sum(_is_unknown(own) for own in trace.replies),
    "rewritten headers": lambda trace: any(own.changed for own in trace.replies),
    "quotes inside tunnels": lambda trace: any(own.in_tunnel for own in trace.replies),
    INTERFACES: lambda trace: any(own.interfaces for own in trace.replies),
    MTUS: lambda trace: any(own.mtu is not None for own in trace.replies),
    LABEL: lambda trace: trace.plan.probing.flow_label != 0,
    "rounds of a watch": lambda trace: trace.rounds is not None,
    BOUND: lambda trace: _is_for_the_graph(trace),
    STOP: lambda trace: trace.stopped is not StopReason.COMPLETE,
    NAMES: lambda trace: bool(trace.names),
    "networks and places": lambda trace: bool(trace.facts),
    "ways out of the machine": lambda trace: bool(trace.ways),
}  # fmt: skip


def of(trace: Trace, kept: Collection[str]) -> tuple[str, ...]:
    """What a format that keeps only `kept` of these loses of a trace, with numbers."""
    counts = ((words, count(trace)) for words, count in _KINDS.items() if words not in kept)
    return tuple(
        words if isinstance(number, bool) else f"{words} ({number})"
        for words, number in counts
        if number
    )


def _of_kind(trace: Trace, *kinds: ReplyKind) -> int:
    return sum(reply.kind in kinds for reply in trace.replies)


def _is_for_the_graph(trace: Trace) -> bool:
    plan = trace.plan
    return plan.algorithm.is_multipath and not plan.bound.per_vertex


def _is_unknown(reply: Reply) -> bool:
    is_error = reply.kind is ReplyKind.UNREACHABLE
    return reply.kind is ReplyKind.UNKNOWN or (is_error and reply.icmp_type is None)
