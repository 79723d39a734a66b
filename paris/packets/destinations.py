"""Whose probe a received datagram names, before it is parsed: its destination, and its tag."""

from __future__ import annotations

import struct
from typing import Final

from paris.packets import numbers
from paris.packets.datagrams import NoReplyError, read_ip

_ICMP: Final = {numbers.ICMP4, numbers.ICMP6}
_NONE: Final = b""
_ERROR_BYTES: Final = 8  # of an ICMP error, before its quote


def named_destination(datagram: bytes) -> bytes:
    """The packed address that the quoted probe went to, or that replies itself; empty if none."""
    try:
        outer = read_ip(datagram)
        quoted = _quote(outer.version, outer.protocol, outer.payload)
        if quoted is None:
            return outer.source
        return read_ip(quoted, is_quote=True).destination
    except (NoReplyError, IndexError, struct.error):
        return _NONE


def named_tag(datagram: bytes) -> int:
    """The tag in the place where the quoted probe has it; 0, which no tag is, if there is none."""
    try:
        outer = read_ip(datagram)
        quoted = _quote(outer.version, outer.protocol, outer.payload)
        if quoted is None:
            return 0
        return int.from_bytes(read_ip(quoted, is_quote=True).payload[6:8])
    except (NoReplyError, IndexError, struct.error):
        return 0


def _quote(version: int, protocol: int, payload: bytes) -> bytes | None:
    """What an ICMP error quotes; None of any other message."""
    if protocol not in _ICMP or payload[0] in (
        numbers.ECHO_REPLY[version],
        numbers.ECHO_REQUEST[version],
    ):
        return None
    return payload[_ERROR_BYTES:]
