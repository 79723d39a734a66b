"""scamper's JSON, as sc_warts2json writes it: an object in each line.

Lines of type trace and tracelb are measurements; others are passed, as M-Lab's line of metadata is.
"""

from __future__ import annotations

import re
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from mda.model import MplsEntry, ReplyKind, StopReason
from mda.plan import Algorithm
from paris.errors import FormatError
from paris.formats import plan_json, schemas
from paris.formats.readers.base import Found
from paris.formats.readers.json_values import texts
from paris.formats.readers.measured import Answer, Measured, Sent, record
from paris.formats.readers.scamper import (
    TRACE,
    TRACELB,
    by_flow,
    failure,
    first_hop,
    method,
    on_one_path,
)
from paris.packets.extensions import Extensions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mda.model import IPAddress

Json = dict[str, Any]

_MICROS: Final = 1_000_000
_HIGHEST_TTL: Final = 255
SCHEMA: Final = "scamper.schema.json"
_STOPS: Final = {
    "ERROR": StopReason.WIRE_ERROR, "HALTED": StopReason.INTERRUPTED,
    "INPROGRESS": StopReason.INTERRUPTED,
}  # fmt: skip
_FIRST: Final = re.compile(
    rb'\s*\{\s*"(?:type"\s*:\s*"(?:cycle-start|cycle-stop|trace|tracelb|ping|dealias|tbit|host|'
    rb'udpprobe|neighbourdisc|owamp)"|UUID"\s*:)'
)

_PARTS: Final = re.compile(rb',\s*"(?:hops|nodes)"\s*:\s*\[')
_LISTED: Final = frozenset({"type", "method", "src", "dst", "start"})


def recognises(head: bytes) -> bool:
    """Whether a file that begins so holds scamper's JSON."""
    return _FIRST.match(head) is not None


def read(data: bytes, name: str) -> Iterator[Found]:
    """The measurements in a file. Raises FormatError, with the offset, where it is damaged.

    What stands behind the beginning of a measurement is looked at when its record is made.
    """
    for begin, line in texts(data):
        place = f"{name}: byte {begin}"
        value = _beginning(line) or schemas.parse(line, place)
        if isinstance(value, dict) and value.get("type") in (TRACE, TRACELB):
            schemas.check(value, SCHEMA, place)
            yield found(value, partial(_measured, line, value["type"], place), place)


def _beginning(line: bytes) -> Json | None:
    """What a line says before its hops or links; None if what a list shows is not all there."""
    cut = _PARTS.search(line)
    if cut is None:
        return None
    try:
        value = schemas.parse(line[: cut.start()] + b"}", "")
    except FormatError:
        return None
    return value if isinstance(value, dict) and value.keys() >= _LISTED else None


def _measured(line: bytes, kind: str, place: str) -> Measured:
    """All that a line says. Raises FormatError, with `place`."""
    value: Json = schemas.parse(line, place)
    schemas.check(value, SCHEMA, place)
    return _trace(value, place) if kind == TRACE else tracelb(value, place)


def found(value: Json, measured: Callable[[], Measured], place: str) -> Found:
    """What a line says of a measurement; `measured` reads all of it when that is asked for."""
    between = _between(value)
    started_at_us = between["started_at_us"]
    return Found(
        value["type"],
        between["source"],
        between["destination"],
        None if started_at_us is None else started_at_us / _MICROS,
        lambda: record(measured(), place),
    )


def tracelb(value: Json, place: str) -> Measured:
    """The measurement of a line of type tracelb. Raises FormatError, with `place`."""
    own = method(TRACELB, value["method"], place)
    between, nodes = _between(value), value.get("nodes", [])
    sport, dport, attempts = (_whole(value, name) for name in ("sport", "dport", "attempts"))
    sent = [
        _sent(probe, cell.get("addr", "*"))
        for node in nodes
        for row in node.get("links", ())
        for cell in row
        for probe in cell.get("probes", ())
    ]
    first_ttl = min([_whole(value, "firsthop") or 1, *(own.ttl for own in sent)])
    most, probes_sent = _whole(value, "probec_max") or 0, _whole(value, "probec")
    is_cut = 0 < most <= (probes_sent or 0)
    nearest = min((own.ttl for own in sent), default=first_ttl + 1)
    before: tuple[Sent, ...] = ()
    if nodes and nearest > first_ttl:
        before = first_hop(
            first_ttl, address(nodes[0]["addr"]), _whole(nodes[0], "q_ttl"),
            between["destination"], attempts or 1,
        )  # fmt: skip
    return Measured(
        kind=TRACELB,
        tool=f"scamper {TRACELB} {value['method']}",
        **own._asdict(),
        **between,
        sport=sport,
        dport=dport,
        first_ttl=first_ttl,
        sent=(*before, *by_flow(sent, own.first(sport, dport), place)),
        attempts=attempts,
        wait_us=_micros(value, "wait_timeout"),
        failure=failure(_whole(value, "confidence")),
        probes_sent=probes_sent,
        stopped=StopReason.PROBE_BUDGET if is_cut else StopReason.COMPLETE,
        names=_names(nodes),
    )


def _trace(value: Json, place: str) -> Measured:
    own = method(TRACE, value["method"], place)
    sport, dport, checksum = (_whole(value, name) for name in ("sport", "dport", "icmp_sum"))
    flow = 0 if checksum is None else checksum - own.first(sport, dport)
    hops = value.get("hops", [])
    sent = [_hop(hop, flow) for hop in hops]
    first_ttl = min([_whole(value, "firsthop") or 1, *(own.ttl for own in sent)])
    last_ttl = min(_whole(value, "hop_count") or 0, _HIGHEST_TTL)
    attempts = _whole(value, "attempts") or 1
    return Measured(
        kind=TRACE,
        tool=f"scamper {TRACE} {value['method']}",
        **own._asdict(),
        **_between(value),
        sport=sport,
        dport=dport,
        first_ttl=first_ttl,
        sent=on_one_path(sent, own, flow, range(first_ttl, last_ttl + 1), attempts),
        max_ttl=_whole(value, "hoplimit") or None,
        attempts=1 if own.algorithm is Algorithm.CLASSIC else attempts,
        wait_us=_micros(value, "wait"),
        probes_sent=_whole(value, "probe_count"),
        stopped=_STOPS.get(value.get("stop_reason", ""), StopReason.COMPLETE),
        names=_names(hops),
    )


def _between(value: Json) -> Json:
    """The fields that both kinds share."""
    source, destination = value.get("src"), address(value["dst"])
    return {
        "source": None if source is None else address(source),
        "destination": destination,
        "started_at_us": (_time_us(value["start"]) or 0) if "start" in value else None,
        "traffic_class": (_whole(value, "tos") or 0),
    }


def _sent(probe: Json, responder: str) -> Sent:
    """A probe of a tracelb line, in the cell of the address that replied."""
    own, sent_at_us = address(responder), _time_us(probe.get("tx"))
    replies: Sequence[Json] = () if own is None else probe.get("replies", ())
    answers = () if own is None else tuple(_answer(reply, own, sent_at_us) for reply in replies)
    if sent_at_us is None and answers and answers[0].rtt_us is not None:
        received_at_us = _time_us(replies[0].get("rx"))
        sent_at_us = None if received_at_us is None else received_at_us - answers[0].rtt_us
    return Sent(
        int(probe["flowid"]),
        int(probe["ttl"]),
        (_whole(probe, "attempt") or 0),
        sent_at_us,
        answers,
    )


def _answer(reply: Json, responder: IPAddress, sent_at_us: int | None) -> Answer:
    rtt_us = _between_us(sent_at_us, _time_us(reply.get("rx")))
    if rtt_us is None and "rtt" in reply:
        rtt_us = round(reply["rtt"] * 1000)
    return Answer(
        responder=responder,
        rtt_us=rtt_us,
        icmp=_icmp(reply),
        tcp_flags=_whole(reply, "tcp_flags"),
        quoted_ttl=_whole(reply, "icmp_q_ttl"),
        ttl=_whole(reply, "ttl"),
        ip_id=_whole(reply, "ipid") if responder.version == 4 else None,
        extensions=_labels(reply),
    )


def _hop(hop: Json, flow: int) -> Sent:
    """The probe of a hop in a trace line, and its reply."""
    responder = address(hop["addr"])
    icmp, tcp_flags = _icmp(hop), _whole(hop, "tcp_flags")
    answers = () if responder is None else (
        Answer(
            responder=responder,
            rtt_us=round(hop["rtt"] * 1000) if "rtt" in hop else None,
            icmp=icmp,
            tcp_flags=tcp_flags,
            kind=ReplyKind.UDP_ANSWER if icmp is None and tcp_flags is None else None,
            quoted_ttl=_whole(hop, "icmp_q_ttl"),
            ttl=_whole(hop, "reply_ttl"),
            ip_id=_whole(hop, "reply_ipid") if responder.version == 4 else None,
            mtu=_whole(hop, "icmp_nhmtu") or _whole(hop, "icmp_nhmtu:"),
            extensions=_labels(hop),
        ),
    )  # fmt: skip
    return Sent(
        flow,
        int(hop["probe_ttl"]),
        (_whole(hop, "probe_id") or 1) - 1,
        _time_us(hop.get("tx")),
        answers,
    )


def _icmp(reply: Json) -> tuple[int, int] | None:
    return (
        (int(reply["icmp_type"]), int(reply.get("icmp_code", 0))) if "icmp_type" in reply else None
    )


def _labels(reply: Json) -> Extensions:
    """The label stacks of a reply; of other objects the lines do not keep the bytes."""
    return Extensions(
        tuple(
            MplsEntry(
                int(own["mpls_label"]),
                int(own["mpls_exp"]),
                own["mpls_s"] == 1,
                int(own["mpls_ttl"]),
            )
            for part in reply.get("icmpext", ())
            for own in part.get("mpls_labels", ())
        )
    )


def _whole(values: Json, name: str) -> int | None:
    """A whole number, which JSON may write as 1.0; None where it is missing."""
    return plan_json.whole(values.get(name))


def address(text: str) -> IPAddress | None:
    """An address, of IPv4 where it is mapped into IPv6; None for silence."""
    if text in ("*", ""):
        return None
    own = ip_address(text)
    return getattr(own, "ipv4_mapped", None) or own


def _micros(values: Json, name: str) -> int | None:
    """Seconds in microseconds."""
    return round(values[name] * _MICROS) if name in values else None


def _time_us(time: Json | None) -> int | None:
    """A time; None where it is missing, or 0."""
    return (int(time["sec"]) * _MICROS + int(time["usec"])) or None if time else None


def _between_us(begin_us: int | None, end_us: int | None) -> int | None:
    return None if begin_us is None or end_us is None else end_us - begin_us


def _names(looked_up: Sequence[Json]) -> Mapping[IPAddress, str]:
    """The names of those addresses that were looked up."""
    return {
        own: values["name"]
        for values in looked_up
        if "name" in values and (own := address(values["addr"])) is not None
    }
