"""The JSON of dublin-traceroute: the hops of each flow, by UDP.

Layout: dublin-traceroute 0.4.2 (C++) and its version in Go. The former swaps type and code of ICMP,
does not pad the microseconds of its times, and writes round trips below zero as large numbers.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from mda.model import MplsEntry
from mda.plan import Algorithm
from paris.errors import FormatError
from paris.formats import plan_json, schemas
from paris.formats.readers.measured import Answer, Measured, Sent, found
from paris.packets import numbers
from paris.packets.extensions import Extensions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paris.formats.readers.base import Found

Json = dict[str, Any]

_MICROS: Final = 1_000_000
_MICRO_DIGITS: Final = 6
_SCHEMA: Final = "dublin.schema.json"
_FIRST: Final = re.compile(rb'\s*\{\s*"flows"\s*:\s*\{')
_FIRST_NEGATIVE_US: Final = 1 << 31


def recognises(head: bytes) -> bool:
    """Whether a file that begins so is of dublin-traceroute."""
    return _FIRST.match(head) is not None


def read(data: bytes, name: str) -> Iterator[Found]:
    """The measurement in a file. Raises FormatError, with the offset, where it is damaged."""
    place = f"{name}: byte 0"
    value = schemas.parse(data, place)
    schemas.check(value, _SCHEMA, place)
    hops: list[Json] = [hop for flow in value["flows"].values() for hop in flow]
    if hops:
        yield found(_measured(hops, place), place)


def _measured(hops: Sequence[Json], place: str) -> Measured:
    first = hops[0]["sent"]["ip"]
    ends = {(hop["sent"]["ip"]["src"], hop["sent"]["ip"]["dst"]) for hop in hops}
    if len(ends) > 1:
        raise FormatError(
            f"{place}: its probes are not all between {first['src']} and {first['dst']}"
        )
    ports = {field: sorted({int(hop["sent"]["udp"][field]) for hop in hops})
             for field in ("sport", "dport")}  # fmt: skip
    if all(len(own) > 1 for own in ports.values()):
        raise FormatError(f"{place}: both ports vary, so that neither numbers the flows")
    field = "sport" if len(ports["sport"]) > 1 else "dport"
    is_swapped = any(map(_looks_swapped, hops))
    sent = sorted(
        (
            _sent(hop, int(hop["sent"]["udp"][field]) - ports[field][0], is_swapped=is_swapped)
            for hop in hops
        ),
        key=lambda own: own.sent_at_us or 0,
    )
    return Measured(
        kind="dublin",
        tool="dublin-traceroute",
        algorithm=Algorithm.MDA if len(ports[field]) > 1 else Algorithm.PARIS,
        protocol="udp",
        flow_field=field,
        source=ip_address(first["src"]),
        destination=ip_address(first["dst"]),
        started_at_us=sent[0].sent_at_us,
        sport=ports["sport"][0],
        dport=ports["dport"][0],
        first_ttl=max(1, min(own.ttl for own in sent)),
        sent=tuple(sent),
        names={
            ip_address(hop["received"]["ip"]["src"]): hop["name"]
            for hop in hops
            if hop["received"] and hop.get("name", "") not in ("", hop["received"]["ip"]["src"])
        },
    )


def _looks_swapped(hop: Json) -> bool:
    """Whether what a hop calls the type is none of an error, and what it calls the code is."""
    if hop["received"] is None:
        return False
    icmp, version = hop["received"]["icmp"], ip_address(hop["sent"]["ip"]["dst"]).version
    errors = numbers.ERRORS[version]
    return icmp["type"] not in errors and icmp["code"] in errors


def _sent(hop: Json, flow: int, *, is_swapped: bool) -> Sent:
    answers = () if hop["received"] is None else (_answer(hop, is_swapped=is_swapped),)
    return Sent(flow, int(hop["sent"]["ip"]["ttl"]), 0, _time_us(hop["sent"]["timestamp"]), answers)


def _answer(hop: Json, *, is_swapped: bool) -> Answer:
    ip, icmp = hop["received"]["ip"], hop["received"]["icmp"]
    rtt_us = plan_json.whole(hop.get("rtt_usec"))
    type_and_code = int(icmp["type"]), int(icmp["code"])
    return Answer(
        responder=ip_address(ip["src"]),
        rtt_us=None if rtt_us is None or rtt_us >= _FIRST_NEGATIVE_US else rtt_us,
        icmp=type_and_code[::-1] if is_swapped else type_and_code,
        quoted_ttl=0 if hop.get("zerottl_forwarding_bug") else None,
        ttl=plan_json.whole(ip.get("ttl")),
        ip_id=plan_json.whole(ip.get("id")),
        extensions=Extensions(
            tuple(
                MplsEntry(
                    int(own["label"]), int(own["experimental"]), bool(own["bottom_of_stack"]),
                    int(own["ttl"]),
                )
                for own in icmp.get("mpls_labels") or ()
            )
        ),
    )  # fmt: skip


def _time_us(time: float | str) -> int:
    """A time; in a text, the digits behind the point are a number of microseconds."""
    if not isinstance(time, str):
        return round(time * _MICROS)
    seconds, _, micros = time.partition(".")
    return int(seconds) * _MICROS + int(micros.rjust(_MICRO_DIGITS, "0"))
