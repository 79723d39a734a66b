"""Whose probe a received datagram names, before it is parsed: its destination, and its tag."""

from __future__ import annotations

import struct
from typing import Final

from paris.packets import numbers
from paris.packets.datagrams import Datagram, NoReplyError, read_ip

_ICMP: Final = {numbers.ICMP4, numbers.ICMP6}
_NONE: Final = b""
_ERROR_BYTES: Final = 8  # of an ICMP error, before its quote


def named_destination(datagram: bytes) -> bytes:
    """The packed address that the quoted probe went to, or that replies itself; empty if none."""
    try:
        outer = read_ip(datagram)
        quoted = _quoted(outer)
        return outer.source if quoted is None else quoted.destination
    except (NoReplyError, IndexError, struct.error):
        return _NONE


def named_tag(datagram: bytes) -> int:
    """The tag in the place where the quoted probe has it; 0, which no tag is, if there is none."""
    try:
        quoted = _quoted(read_ip(datagram))
        return 0 if quoted is None else int.from_bytes(quoted.payload[6:8])
    except (NoReplyError, IndexError, struct.error):
        return 0


def _quoted(outer: Datagram) -> Datagram | None:
    """The probe that an ICMP error quotes; None of any other message."""
    echoes = numbers.ECHO_REPLY[outer.version], numbers.ECHO_REQUEST[outer.version]
    if outer.protocol not in _ICMP or outer.payload[0] in echoes:
        return None
    return read_ip(outer.payload[_ERROR_BYTES:], is_quote=True)
