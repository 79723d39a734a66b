"""A probe request into the datagram that asks it: flow and tag in their fields, all else fixed."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from paris import packets, tags
from paris.checksums import balancing_word, pseudo_header, word_sum
from paris.flows import FlowPlan, Protocol
from paris.packets import IPHeader

if TYPE_CHECKING:
    from mda.model import ProbeRequest

# Behind the balancing word; says to whoever wonders what this datagram is.
_TEXT: Final = b"paris-trace "


def build(plan: FlowPlan, request: ProbeRequest, tag: int) -> bytes:
    """The whole IP datagram that asks `request`, told apart by `tag` (see `tags` for its range).

    Of two probes of one flow, all bytes that routers hash are equal, whatever TTL and tag.
    """
    headers = plan.headers(request.flow)
    version = plan.source.version
    ip = IPHeader(
        source=plan.source,
        destination=plan.destination,
        protocol=plan.protocol.number(version),
        ttl=request.ttl,
        traffic_class=plan.traffic_class,
        ip_id=tags.ip_id(tag) if version == 4 else 0,
        flow_label=headers.flow_label,
    )
    match plan.protocol:
        case Protocol.UDP:
            sport, dport = headers.sport or 0, headers.dport or 0
            length = 8 + 2 + len(_TEXT)
            segment = struct.pack("!HHHHH", sport, dport, length, 0, 0) + _TEXT
            payload = _balanced(ip, segment, tag)
            return packets.udp(ip, sport, dport, payload, tag)
        case Protocol.ICMP:
            echo = 8 if version == 4 else 128
            wanted = headers.icmp_checksum or 0
            message = struct.pack("!BBHHHH", echo, 0, 0, plan.sport, tag, 0) + _TEXT
            payload = _balanced(ip, message, wanted)
            return packets.icmp_echo(ip, plan.sport, tag, payload, wanted)
        case Protocol.TCP:
            return packets.tcp(ip, headers.sport or 0, headers.dport or 0, tag, 0, "S")


def _balanced(ip: IPHeader, message: bytes, wanted: int) -> bytes:
    """The payload that gives `message` (checksum and first payload word 0) a wanted checksum."""
    summed = message
    if ip.protocol != packets.ICMP4:
        summed = (
            pseudo_header(ip.source.packed, ip.destination.packed, ip.protocol, len(message))
            + message
        )
    return struct.pack("!H", balancing_word(word_sum(summed), wanted)) + _TEXT
