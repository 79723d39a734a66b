"""A row for each probe, with its reply; columns that caracal has are called as it calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mda.model import Loss, ReplyKind
from paris.formats.icmp_types import icmp_type
from paris.packets import numbers
from paris.packets.flows import Flows
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.model import Outcome, Reply
    from mda.trace import Trace
    from paris.packets.flow_headers import FlowHeaders

MICROS: Final = 1_000_000
_PROTOCOLS: Final = {
    ReplyKind.SYN_ACK: numbers.TCP, ReplyKind.RST: numbers.TCP, ReplyKind.UDP_ANSWER: numbers.UDP,
}  # fmt: skip


def probe_rows(trace: Trace) -> Iterator[tuple[Outcome, dict[str, Any]]]:
    """Each outcome with its row, in their order. Times are microseconds of Unix time.

    What is unknown is None, and so is all of a reply where the probe was lost. ICMP probes have
    their checksum for a source port, as those of caracal, and 0 for a destination port.
    """
    flows = Flows.of(trace.plan, trace.ways)
    start_us = round(trace.started_at_unix_s * MICROS)
    for outcome in trace.outcomes:
        row = _probe(flows.headers(outcome.request.flow), outcome, start_us)
        if trace.plan.probing.sport is None and trace.plan.probing.protocol != "icmp":
            row |= {"probe_src_port": None, "probe_dst_port": None}  # flows are numbers
        yield outcome, row if isinstance(outcome, Loss) else {**row, **_reply(outcome, start_us)}


def _probe(headers: FlowHeaders, outcome: Outcome, start_us: int) -> dict[str, Any]:
    is_icmp = headers.protocol is Protocol.ICMP
    version = headers.source.version
    return {
        "flow_id": outcome.request.flow,
        "tx_time": start_us + round(outcome.sent_at_s * MICROS) if outcome.is_timed else None,
        "probe_protocol": headers.protocol.number(version),
        "probe_src_addr": str(headers.source),
        "probe_dst_addr": str(headers.destination),
        "probe_src_port": headers.icmp_checksum if is_icmp else headers.sport,
        "probe_dst_port": 0 if is_icmp else headers.dport,
        "probe_traffic_class": headers.traffic_class,
        "probe_flow_label": headers.flow_label if version == 6 else None,
        "probe_ttl": outcome.request.ttl,
        "attempt": outcome.request.attempt,
    }


def _reply(reply: Reply, start_us: int) -> dict[str, Any]:
    rtt_s = reply.rtt_s
    reply_type, code = icmp_type(reply) or (None, None)
    return {
        "rx_time": None if rtt_s is None else start_us + round(reply.received_at_s * MICROS),
        "rtt_us": None if rtt_s is None else round(rtt_s * MICROS),
        "reply_src_addr": str(reply.responder),
        "reply_kind": reply.kind.value,
        "reply_protocol": None
        if reply.kind is ReplyKind.UNKNOWN
        else _PROTOCOLS.get(reply.kind, numbers.ICMP[reply.responder.version]),
        "reply_icmp_type": reply_type,
        "reply_icmp_code": code,
        "reply_ttl": reply.reply_ttl,
        "reply_ip_id": reply.reply_ip_id,
        "quoted_ttl": reply.quoted_ttl,
        "reply_mpls_labels": [
            {"label": own.label, "exp": own.traffic_class, "bos": own.bottom, "ttl": own.ttl}
            for own in reply.mpls
        ],
    }
