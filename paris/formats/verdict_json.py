"""What a trace says of a service, in JSON: the verdict, which is derived, and the controls."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from mda.record import Control, Fate
from mda.service.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from mda.model import IPAddress, Vertex
    from mda.service.fates import Ending
    from mda.service.verdict import Verdict
    from mda.trace import Trace

Json = dict[str, Any]


def member(trace: Trace, vertex_id: Callable[[Vertex], str]) -> Json:
    """The member, empty without a verdict; `vertex_id` names a vertex."""
    found = verdict(trace)
    if found is None:
        return {}
    return {
        "verdict": {
            "word": found.word.value,
            "port": found.port.value,
            "by": None if found.by is None else vertex_id(found.by),
            "parts": {part.value: standing.value for part, standing in found.parts.items()},
            "endings": [_ending(ending, vertex_id) for ending in found.endings],
            "nearer": [
                {
                    "at": vertex_id(own.at),
                    "like": vertex_id(own.like),
                    "reply_ttl": own.reply_ttl,
                }
                for own in found.nearer
            ],
            "beyond": found.beyond and found.beyond.control.name,
            **_resets(found, vertex_id),
        }
    }


def _resets(found: Verdict, vertex_id: Callable[[Vertex], str]) -> Json:
    """The member "resets", if something resets flows that the destination accepts as well."""
    if found.resets is None:
        return {}
    like = [vertex_id(vertex) for vertex in found.resets.like]
    return {"resets": {**found.resets._asdict(), "like": like}}


def _ending(ending: Ending, vertex_id: Callable[[Vertex], str]) -> Json:
    icmp_type, icmp_code = ending.icmp or (None, None)
    return {
        "fate": ending.fate.value,
        "at": vertex_id(ending.at),
        "icmp_type": icmp_type,
        "icmp_code": icmp_code,
        "flows": ending.flows,
    }


def controls(trace: Trace) -> Json:
    """The members "controls" and "addresses", each where there are any."""
    members = [
        {
            **control._asdict(),
            "fate": control.fate.value,
            "address": None if control.address is None else str(control.address),
            "via": [str(address) for address in control.via],
        }
        for control in trace.controls
    ]
    addresses = list(map(str, trace.addresses))
    return ({"controls": members} if members else {}) | (
        {"addresses": addresses} if addresses else {}
    )


def read_controls(document: Json) -> tuple[Control, ...]:
    """The controls that `controls` wrote."""
    return tuple(
        Control(
            name=member["name"],
            probes=member["probes"],
            fate=Fate(member["fate"]),
            hop=member["hop"],
            address=None if member["address"] is None else ip_address(member["address"]),
            reply_ttl=member["reply_ttl"],
            via=tuple(map(ip_address, member["via"])),
        )
        for member in document.get("controls", ())
    )


def read_addresses(document: Json) -> tuple[IPAddress, ...]:
    """The addresses of the host's name that `controls` wrote."""
    return tuple(map(ip_address, document.get("addresses", ())))
