"""Results of RIPE Atlas traceroutes: an array of objects, or an object in each line.

A result follows one flow, which its `paris_id` numbers, and the next one follows the next. So the
results of a probe are merged, up to the first number that comes again. Without a number, or with 0,
each probe is another flow. Layout: RIPE Atlas, "Result format" (firmware 4460 and later).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import partial
from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mda.model import MplsEntry, ReplyKind
from mda.plan import Algorithm
from paris.errors import FormatError, on_one_line
from paris.formats import schemas
from paris.formats.readers.base import Found
from paris.formats.readers.json_values import values
from paris.formats.readers.measured import DUPLICATE, Answer, Measured, Sent, record
from paris.packets import numbers
from paris.packets.extensions import Extensions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mda.model import IPAddress
    from mda.record import Record

Json = dict[str, Any]

_MICROS: Final = 1_000_000
_SCHEMA: Final = "atlas.schema.json"
_FIRST: Final = re.compile(rb"\s*(?:\[\s*)?\{")
_MARK: Final = re.compile(rb'"prb_id"\s*:')
_HEAD: Final = 1 << 16  # bytes in which the first result says which probe it is of
_PAIR: Final = "msm_id", "prb_id", "src_addr", "dst_addr", "proto"  # of what may be merged
_LATE: Final = "came after its probe was given up"
# Protocol, and the field that a paris_id changes; where the ports are unknown that says nothing.
_PROTOCOLS: Final = {
    "UDP": ("udp", "dport"), "ICMP": ("icmp", "icmp-checksum"), "TCP": ("tcp", "sport"),
}  # fmt: skip
# Codes of destination unreachable by the letter that stands for each, by IP version.
_CODES: Final = {
    4: {"N": 0, "H": 1, "P": 2, "p": 3, "A": 13},
    6: {"N": 0, "A": 1, "h": 2, "H": 3, "p": 4},
}
_FLAGS: Final = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, "A": 0x10, "U": 0x20}  # RFC 9293


class _Result(NamedTuple):
    """A result in a file: between whom, which flow it follows, when, and its bytes."""

    source: IPAddress | None
    destination: IPAddress
    flow: int
    at_s: float
    begin: int
    end: int


def recognises(head: bytes) -> bool:
    """Whether a file that begins so holds results of RIPE Atlas."""
    return _FIRST.match(head) is not None and _MARK.search(head, 0, _HEAD) is not None


def read(data: bytes, name: str) -> Iterator[Found]:
    """The measurements in a file. Raises FormatError, with the offset, where it is damaged."""
    by_pair: defaultdict[tuple[object, ...], list[_Result]] = defaultdict(list)
    for part in values(data, name):
        place = f"{name}: byte {part.begin}"
        if not isinstance(part.value, dict):
            raise FormatError(f"{place}: a result is not an object")
        if part.value.get("type", "traceroute") != "traceroute":
            continue
        schemas.check(part.value, _SCHEMA, place)
        value: Json = part.value
        if not value.get("dst_addr"):  # its name had no address
            continue
        result = _Result(
            source=_address(value.get("src_addr")),
            destination=ip_address(value["dst_addr"]),
            flow=int(value.get("paris_id", 0)),
            at_s=float(value.get("timestamp", 0)),
            begin=part.begin,
            end=part.end,
        )
        by_pair[tuple(value.get(own) for own in _PAIR)].append(result)
    views = [view for results in by_pair.values() for view in _views(results)]
    for view in sorted(views, key=lambda view: view[0].begin):
        yield _found(view, data, name)


def _views(results: Sequence[_Result]) -> Iterator[list[_Result]]:
    """The results of one pair, in the order of their times, cut where a flow comes again."""
    view: list[_Result] = []
    known = set[int]()
    for result in sorted(results, key=lambda own: own.at_s):
        if result.flow in known or result.flow == 0:
            if view:
                yield view
            view, known = [], set()
        view.append(result)
        known.add(result.flow)
    if view:
        yield view


def _found(view: Sequence[_Result], data: bytes, name: str) -> Found:
    return Found(
        "atlas",
        view[0].source,
        view[0].destination,
        view[0].at_s or None,
        partial(_record, view, data, name),
    )


def _record(view: Sequence[_Result], data: bytes, name: str) -> Record:
    place = f"{name}: byte {view[0].begin}"
    results: list[Json] = [
        schemas.parse(data[own.begin : own.end], f"{name}: byte {own.begin}") for own in view
    ]
    first = results[0]
    protocol = first.get("proto", "UDP")
    if protocol not in _PROTOCOLS:
        raise FormatError(f"{place}: a traceroute by {on_one_line(protocol)}, which is not known")
    source, destination = view[0].source, view[0].destination
    unmatched = Counter[str]()
    sent = [
        probe
        for result, own in zip(results, view, strict=True)
        for probe in _probes(result, max(own.flow - 1, 0), destination, unmatched)
    ]
    if _algorithm(view) is Algorithm.CLASSIC:
        sent = [own._replace(flow=flow, attempt=0) for flow, own in enumerate(sent)]
    own_name = first.get("dst_name")
    return record(
        Measured(
            kind="atlas",
            tool=_tool(first, view),
            algorithm=_algorithm(view),
            protocol=_PROTOCOLS[protocol][0],
            flow_field=_PROTOCOLS[protocol][1],
            source=source,
            destination=destination,
            started_at_us=round(view[0].at_s * _MICROS) if "timestamp" in first else None,
            sport=None,
            dport=None,
            first_ttl=min((own.ttl for own in sent), default=1),
            sent=tuple(sent),
            traffic_class=int(first.get("tos", 0)),
            hidden=("changed", "reply_ip_id"),
            host=own_name or None,
            unmatched=MappingProxyType(unmatched),
        ),
        place,
    )


def _algorithm(view: Sequence[_Result]) -> Algorithm:
    if len(view) > 1:
        return Algorithm.MDA
    return Algorithm.PARIS if view[0].flow else Algorithm.CLASSIC


def _tool(first: Json, view: Sequence[_Result]) -> str:
    """Who measured, and what was merged."""
    of = f"RIPE Atlas probe {first.get('prb_id', '?')}, measurement {first.get('msm_id', '?')}"
    if len(view) == 1:
        return of
    span_s = round(view[-1].at_s - view[0].at_s)
    return f"{of}, {len(view)} results of one flow each within {span_s} s taken together"


def _probes(
    result: Json, flow: int, destination: IPAddress, unmatched: Counter[str]
) -> Iterator[Sent]:
    """The probes of a result; `unmatched` counts further replies."""
    sent_at_us: int | None = round(result["timestamp"] * _MICROS) if "timestamp" in result else None
    for hop in result["result"]:
        attempt = 0
        for reply in hop.get("result", ()):
            if "error" in reply or not hop.get("hop"):  # it was not sent
                continue
            if "late" in reply or reply.get("dup"):
                unmatched[_LATE if "late" in reply else DUPLICATE] += 1
                continue
            answers = (_answer(reply, destination),) if "from" in reply else ()
            yield Sent(flow, int(hop["hop"]), attempt, sent_at_us, answers)
            attempt, sent_at_us = attempt + 1, None


def _answer(reply: Json, destination: IPAddress) -> Answer:
    responder = ip_address(reply["from"])
    flags = reply.get("flags")
    icmp, kind = _what(reply, responder, destination)
    rtt_ms, mtu, ttl = (reply.get(name) for name in ("rtt", "mtu", "ttl"))
    return Answer(
        responder=responder,
        rtt_us=None if rtt_ms is None else round(rtt_ms * 1000),
        icmp=icmp,
        tcp_flags=None if flags is None else sum(_FLAGS.get(flag, 0) for flag in set(flags)),
        kind=kind,
        # It is left out where it is 1.
        quoted_ttl=None if kind is ReplyKind.UNKNOWN else int(reply.get("ittl", 1)),
        ttl=None if ttl is None else int(ttl),
        mtu=None if mtu is None else int(mtu),
        extensions=Extensions(
            tuple(
                MplsEntry(int(own["label"]), int(own["exp"]), own["s"] == 1, int(own["ttl"]))
                for part in reply.get("icmpext", {}).get("obj", ())
                for own in part.get("mpls", ())
            )
        ),
    )


def _what(
    reply: Json, responder: IPAddress, destination: IPAddress
) -> tuple[tuple[int, int] | None, ReplyKind | None]:
    """Type and code of an ICMP error, or else the kind of a reply that has no TCP flags."""
    if "flags" in reply:
        return None, None
    version, error = responder.version, reply.get("err")
    code = _CODES[version].get(error) if isinstance(error, str) else error
    if code is not None and 0 <= code <= 0xFF:
        return (numbers.UNREACHABLE[version], int(code)), None
    if responder == destination:  # it replied as it should, or probes expired there
        return None, ReplyKind.UNKNOWN
    return None, ReplyKind.TIME_EXCEEDED if error is None else ReplyKind.UNREACHABLE


def _address(text: object) -> IPAddress | None:
    return ip_address(text) if isinstance(text, str) and text else None
