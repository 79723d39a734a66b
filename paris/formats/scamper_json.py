"""Writes scamper's JSON lines, as sc_warts2json does from a warts file of the same traces.

Unlike that program of 2021, it writes label stacks, lost probes, and all hops of each link. What is
unknown is left out. `paris.formats.readers.scamper_json` reads it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from mda.model import Loss
from paris.errors import OutputError
from paris.formats import refusals
from paris.formats.icmp_types import icmp_type
from paris.formats.json_text import json_line
from paris.formats.readers.scamper import TRACE
from paris.formats.scamper_lattice import lattice
from paris.formats.scamper_terms import MICROS, single_path, tcp_flags, terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mda.model import Outcome, Reply, Vertex
    from mda.trace import Trace
    from paris.formats.look import Look
    from paris.formats.scamper_lattice import Lattice, Link
    from paris.formats.scamper_terms import Terms

Json = dict[str, Any]

_MOST_ATTEMPTS: Final = 255
_MPLS_STACK: Final = {"ie_cn": 1, "ie_ct": 1}  # class and type (RFC 4950 section 3)


def write(trace: Trace, _: Look | None = None) -> str:
    """The trace between the lines of a cycle. Raises OutputError if scamper has no such probes."""
    return "".join(stream([trace]))


def stream(
    traces: Iterable[Trace], refused: Callable[[OutputError], None] = refusals.end
) -> Iterator[str]:
    """Lines for all traces; `refused` hears of a trace whose probes scamper has not."""
    cycle: Json = {}
    last_s = 0
    for trace in traces:
        try:
            told = terms(trace)
            line = json_line((_trace if told.kind == TRACE else _tracelb)(trace, told))
            ended_s = told.at_us(trace.duration_s) // MICROS
        except OutputError as error:
            refused(error)
            continue
        if not cycle:
            cycle = {"list_name": "paris-trace", "id": 1, "hostname": str(trace.plan.source)}
            yield json_line({"type": "cycle-start", **cycle, "start_time": told.start_us // MICROS})
        last_s = max(last_s, ended_s)
        yield line
    if cycle:
        yield json_line({"type": "cycle-stop", **cycle, "stop_time": last_s})


def _tracelb(trace: Trace, told: Terms) -> Json:
    found = lattice(trace)
    links = [found.links_from(place) for place in range(len(found.nodes))]
    nodes = [
        {**_node(trace, node), "linkc": len(own), "links": _rows(own, found, told)}
        for node, own in zip(found.nodes, links, strict=True)
        if own
    ]
    return {
        **_head(trace, told),
        "confidence": told.confidence,
        "tos": trace.plan.probing.traffic_class,
        **({} if told.wait_s is None else {"wait_timeout": told.wait_s}),
        "probec": trace.probes_sent,
        "probec_max": trace.probes_sent if told.is_cut else 0,
        "nodec": len(found.nodes),
        "linkc": len(found.links),
        "nodes": nodes,
    }


def _head(trace: Trace, told: Terms) -> Json:
    """What both kinds of lines begin with."""
    ports = {} if told.is_icmp else _known(sport=told.sport, dport=told.dport)
    start_us = told.at_us(0)
    moment = datetime.fromtimestamp(start_us // MICROS, UTC)
    return {
        "type": told.kind,
        "version": "0.1",
        "userid": 0,
        "method": told.method,
        "src": str(trace.plan.source),
        "dst": str(trace.plan.destination),
        **ports,
        "start": {**_time(start_us), "ftime": f"{moment:%Y-%m-%d %H:%M:%S}"},
        "firsthop": trace.plan.first_ttl,
        "attempts": min(told.attempts, _MOST_ATTEMPTS),
    }


def _node(trace: Trace, node: Vertex) -> Json:
    name = None if node.address is None else trace.names.get(node.address)
    quoted = next((own.quoted_ttl for own in trace.replies_at(node) if own.quoted_ttl), None)
    return {"addr": str(node.address), **_known(name=name, q_ttl=quoted)}


def _rows(links: Iterable[Link], found: Lattice, told: Terms) -> list[list[Json]]:
    """A row for each hop behind a node, with a cell for each link and address there."""
    nodes = list(found.nodes.values())
    columns = []
    for link in links:
        far = "*" if link.far is None else str(nodes[link.far])
        silent = (_cells("*", own, told) for own in link.sets[:-1])
        columns.append([*silent, _cells(far, link.sets[-1], told)])
    rows = zip_longest(*columns, fillvalue=())
    return [[cell for cells in row for cell in cells] for row in rows]


def _cells(address: str, probes: Iterable[Outcome], told: Terms) -> list[Json]:
    """A cell for an address, with the lost probes, and for each other one that replied."""
    by_address: dict[str, list[Json]] = {address: []}
    for own in probes:
        responder = address if isinstance(own, Loss) else str(own.responder)
        by_address.setdefault(responder, []).append(_probe(own, told))
    return [{"addr": responder, "probes": own} for responder, own in by_address.items()]


def _probe(outcome: Outcome, told: Terms) -> Json:
    flow, ttl, attempt = outcome.request
    replies = [] if isinstance(outcome, Loss) else [_reply(outcome, told)]
    return {
        **({"tx": _time(told.at_us(outcome.sent_at_s))} if outcome.is_timed else {}),
        "replyc": len(replies),
        "ttl": ttl,
        "attempt": min(attempt, _MOST_ATTEMPTS),
        "flowid": told.flow_id + flow,
        **({"replies": replies} if replies else {}),
    }


def _reply(reply: Reply, told: Terms) -> Json:
    """A reply in a tracelb line, in the cell of its address."""
    rtt_us = told.rtt_us(reply)
    times = {}
    if rtt_us is not None:
        times = {"rx": _time(told.at_us(reply.received_at_s)), "rtt": rtt_us / 1000}
    return {
        **times,
        **_known(ttl=reply.reply_ttl, ipid=reply.reply_ip_id),
        **_answer(reply),
    }


def _trace(trace: Trace, told: Terms) -> Json:
    last_ttl, replies = single_path(trace)
    return {
        **_head(trace, told),
        **({"icmp_sum": told.flow_id} if told.has_checksum else {}),
        "stop_reason": told.stop,
        "stop_data": 0,
        "hop_count": last_ttl,
        "hoplimit": trace.plan.max_ttl,
        **({} if told.wait_s is None else {"wait": told.wait_s}),
        "tos": trace.plan.probing.traffic_class,
        "probe_count": trace.probes_sent,
        "hops": [_hop(trace, reply, told) for reply in replies],
    }


def _hop(trace: Trace, reply: Reply, told: Terms) -> Json:
    """A probe in a trace line, and its reply."""
    rtt_us = told.rtt_us(reply)
    times = {}
    if rtt_us is not None:
        times = {"tx": _time(told.at_us(reply.sent_at_s)), "rtt": rtt_us / 1000}
    return {
        "addr": str(reply.responder),
        **_known(name=trace.names.get(reply.responder)),
        "probe_ttl": reply.request.ttl,
        "probe_id": min(reply.request.attempt, _MOST_ATTEMPTS) + 1,
        **times,
        **_known(reply_ttl=reply.reply_ttl, reply_ipid=reply.reply_ip_id, icmp_nhmtu=reply.mtu),
        **_answer(reply),
    }


def _answer(reply: Reply) -> Json:
    """What a reply says, with its label stack."""
    if (flags := tcp_flags(reply)) is not None:
        return {"tcp_flags": flags}
    kind, labels = icmp_type(reply), reply.mpls
    value = {} if kind is None else {"icmp_type": kind[0], "icmp_code": kind[1]}
    value |= _known(icmp_q_ttl=reply.quoted_ttl)
    if not labels:
        return value
    entries = [
        {
            "mpls_ttl": own.ttl,
            "mpls_s": int(own.bottom),
            "mpls_exp": own.traffic_class,
            "mpls_label": own.label,
        }
        for own in labels
    ]
    stack = {**_MPLS_STACK, "ie_dl": 4 * len(labels), "mpls_labels": entries}
    return {**value, "icmpext": [stack]}


def _known(**values: object) -> Json:
    """The values that are known."""
    return {name: value for name, value in values.items() if value is not None}


def _time(at_us: int) -> Json:
    seconds, micros = divmod(at_us, MICROS)
    return {"sec": seconds, "usec": micros}
