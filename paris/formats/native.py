"""The native JSON format: every probe, reply and loss with its time, and what follows from them.

`write` and `read` are inverses. `read` uses only `plan`, `ways`, `run`, `outcomes`, `rounds`,
`names` and `facts`; the other members follow from those and serve other programs. The JSON Schema
lies beside this file. Times are seconds, addresses text, probabilities in (0, 1).
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from mda.answers.graph import flows_of, flows_of_edge
from mda.model import (
    Loss,
    ProbeRequest,
    Reply,
    ReplyKind,
    StopReason,
    Unresolved,
    Vertex,
)
from mda.record import Record
from mda.trace import Trace
from paris.errors import FormatError
from paris.formats import (
    changes_json,
    delays_json,
    extensions_json,
    facts_json,
    plan_json,
    references,
    rounds_json,
    schemas,
    studies_json,
    verdict_json,
    ways_json,
)
from paris.formats.json_text import json_text
from paris.formats.studies_json import vertex_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.answers.rate_limits import Answering
    from mda.findings.certainty import VertexCertainty
    from mda.findings.loops import Revisit
    from mda.findings.parallel_links import ParallelLink
    from mda.model import Outcome
    from paris.formats.look import Look

FORMAT: Final = "paris-trace"
VERSION: Final = 1

# The fields of a reply that are numbers; each may be missing.
_NUMBERS: Final = ("icmp_type", "icmp_code", "quoted_ttl", "reply_ttl", "reply_ip_id")

Json = dict[str, Any]


def write(trace: Trace, _: Look | None = None) -> str:
    """The trace as JSON text, ending with a newline; equal traces give equal text."""
    return json_text(document(trace))


def document(trace: Trace) -> Json:
    """The trace as a JSON value."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "plan": plan_json.plan(trace.plan),
        **ways_json.ways(trace.ways),
        "run": _run(trace),
        "outcomes": [
            *(_outcome(outcome) for outcome in trace.outcomes),
            *(_unresolved(probe) for probe in trace.unresolved),
        ],
        "graph": _graph(trace),
        "certainty": {
            "miss_probability": trace.certainty.miss_probability,
            "obstacles": [obstacle.value for obstacle in trace.certainty.obstacles],
            "vertices": [_vertex_certainty(vertex) for vertex in trace.certainty.vertices],
        },
        **rounds_json.member(trace.rounds),
        **changes_json.changes(trace),
        **studies_json.studies(trace),
        **verdict_json.member(trace, vertex_id),
        **verdict_json.controls(trace),
        "names": facts_json.by_address(trace.names),
        **facts_json.facts(trace.facts, trace.tables),
    }


def read(text: str, name: str) -> Trace:
    """The trace that `write` wrote; `name` is the file's name, for messages. Raises FormatError."""
    return Trace.of(read_record(schemas.parse(text, name), name))


def read_record(document: Any, name: str) -> Record:
    """The record in a JSON value; see `read`."""
    if isinstance(document, dict) and document.get("format") == f"{FORMAT}-comparison":
        raise FormatError(f"{name}: a comparison, which paris-render reads")
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise FormatError(f'{name}: not a paris-trace file: no "format": "{FORMAT}" in it')
    schemas.check_version(document, VERSION, name)
    schemas.check(document, "native.schema.json#/$defs/record", name)
    record = _read(document)
    references.check(record, name)
    return record


def _run(trace: Trace) -> Json:
    return {
        "started_at_unix_s": trace.started_at_unix_s,
        "duration_s": trace.duration_s,
        "probes_sent": trace.probes_sent,
        "stopped": trace.stopped.value,
        "reached": trace.reached,
        "refusals": [
            {"how": refused.how.value, "by": str(refused.by)} for refused in trace.refusals
        ],
        "wire": plan_json.wire(trace.wire),
        "answered": len(trace.answered),
        "unmatched": dict(trace.unmatched),
    }


def _graph(trace: Trace) -> Json:
    return {
        "vertices": [
            {
                **_vertex(vertex),
                "flows": flows_of(trace.dag, vertex),
                "share": _share(trace.vertex_shares[vertex]),
                **delays_json.member(trace.behaviour.vertices.get(vertex)),
            }
            for vertex in trace.dag
        ],
        "edges": [
            {
                "from": vertex_id(near),
                "to": vertex_id(far),
                "flows": flows_of_edge(trace.dag, near, far),
                "share": _share(trace.edge_shares[near, far]),
                **delays_json.member(trace.behaviour.edges.get((near, far))),
                **_links(trace.parallel_links.get((near, far), ())),
            }
            for near, far in trace.dag.edges
        ],
        "paths": trace.path_count,
        "per_packet": [vertex_id(vertex) for vertex in trace.per_packet],
        "route_changed": [vertex_id(vertex) for vertex in trace.turned],
        "unordered_ttls": sorted(trace.unordered),
        "revisits": [_revisit(revisit) for revisit in trace.revisits],
        "answering": [_answering(trace, *own) for own in trace.answering.items()],
        **delays_json.troubles(trace.behaviour),
    }


def _request(request: ProbeRequest, sent_at_s: float) -> Json:
    return {
        "flow": request.flow,
        "ttl": request.ttl,
        "attempt": request.attempt,
        "sent_at_s": sent_at_s,
    }


def _unresolved(probe: Unresolved) -> Json:
    return _request(probe.request, probe.sent_at_s)


def _outcome(outcome: Outcome) -> Json:
    probe = _request(outcome.request, outcome.sent_at_s)
    if isinstance(outcome, Loss):
        return {**probe, "gave_up_at_s": outcome.gave_up_at_s, **_times(outcome)}
    return {
        **probe,
        "received_at_s": outcome.received_at_s,
        "kind": outcome.kind.value,
        "responder": str(outcome.responder),
        "icmp_type": outcome.icmp_type,
        "icmp_code": outcome.icmp_code,
        "quoted_ttl": outcome.quoted_ttl,
        "reply_ttl": outcome.reply_ttl,
        "reply_ip_id": outcome.reply_ip_id,
        **extensions_json.extensions(outcome),
        "changed": outcome.changed,
        **({"shown": outcome.shown} if outcome.shown else {}),
        **({"in_tunnel": True} if outcome.in_tunnel else {}),
        **_times(outcome),
        **({} if outcome.mtu is None else {"mtu": outcome.mtu}),
    }


def _times(outcome: Outcome) -> Json:
    """The member "timed" where the times are unknown."""
    return {} if outcome.is_timed else {"timed": False}


def _links(links: Iterable[ParallelLink]) -> Json:
    """The member "links" of an edge that has several."""
    members = [
        {
            "interfaces": [extensions_json.interface_json(own) for own in link.interfaces],
            "flows": link.flows,
        }
        for link in links
    ]
    return {"links": members} if members else {}


def _share(share: float) -> float:
    """A share without the rounding error of its sum."""
    return min(1.0, round(share, 9))


def _vertex(vertex: Vertex) -> Json:
    return {
        "id": vertex_id(vertex),
        "ttl": vertex.ttl,
        "address": None if vertex.address is None else str(vertex.address),
    }


def _revisit(revisit: Revisit) -> Json:
    return {
        "address": str(revisit.address),
        "ttls": revisit.ttls,
        "flows": revisit.flows,
        "loop": revisit.is_loop,
        "cause": revisit.cause.value,
    }


def _answering(trace: Trace, vertex: Vertex, answering: Answering) -> Json:
    limit = None
    if answering.limit is not None:
        limit = {
            "rate_pps": round(answering.limit.rate_pps, 3),
            "lowest_pps": round(answering.limit.lowest_pps, 3),
            "highest_pps": round(answering.limit.highest_pps, 3),
            "burst": answering.limit.burst,
        }
    told: Json = {
        "vertex": vertex_id(vertex),
        "asked": answering.asked,
        "lost": answering.lost,
        "limit": limit,
    }
    if vertex in trace.behaviour.may_be_limited:
        told["may_be_limited"] = True
    return told


def _vertex_certainty(certainty: VertexCertainty) -> Json:
    return {
        "vertex": vertex_id(certainty.vertex),
        "successors": certainty.seen,
        "flows": certainty.flows,
        "miss_probability": certainty.miss_probability,
        "finished": certainty.is_finished,
    }


def _read(document: Json) -> Record:
    plan, run = plan_json.read_plan(document["plan"]), document["run"]
    outcomes: list[Outcome] = []
    unresolved: list[Unresolved] = []
    for record in document["outcomes"]:
        request = ProbeRequest(int(record["flow"]), int(record["ttl"]), int(record["attempt"]))
        sent_at_s = record["sent_at_s"]
        if "responder" in record:
            outcomes.append(_read_reply(request, sent_at_s, record))
        elif "gave_up_at_s" in record:
            gave_up_at_s, is_timed = record["gave_up_at_s"], record.get("timed", True)
            outcomes.append(Loss(request, sent_at_s, gave_up_at_s, is_timed=is_timed))
        else:
            unresolved.append(Unresolved(request, sent_at_s))
    return Record(
        plan=plan,
        started_at_unix_s=run["started_at_unix_s"],
        duration_s=run["duration_s"],
        probes_sent=int(run["probes_sent"]),
        outcomes=tuple(outcomes),
        unresolved=tuple(unresolved),
        wire=plan_json.read_wire(run["wire"]),
        unmatched={reason: int(count) for reason, count in sorted(run["unmatched"].items())},
        stopped=StopReason(run["stopped"]),
        names=facts_json.read_by_address(document["names"]),
        facts=facts_json.read_facts(document),
        tables=facts_json.read_tables(document),
        ways=ways_json.read_ways(document),
        controls=verdict_json.read_controls(document),
        addresses=verdict_json.read_addresses(document),
        rounds=rounds_json.read(document),
    )


def _read_reply(request: ProbeRequest, sent_at_s: float, record: Json) -> Reply:
    numbers: Json = {name: plan_json.whole(record[name]) for name in _NUMBERS}
    return Reply(
        request=request,
        kind=ReplyKind(record["kind"]),
        responder=ip_address(record["responder"]),
        sent_at_s=sent_at_s,
        received_at_s=record["received_at_s"],
        **numbers,
        changed=tuple(record["changed"]),
        shown=tuple(record.get("shown", ())),
        in_tunnel=record.get("in_tunnel", False),
        is_timed=record.get("timed", True),
        mtu=plan_json.whole(record.get("mtu")),
        **extensions_json.read_extensions(record),
    )
