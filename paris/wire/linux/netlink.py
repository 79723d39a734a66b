"""Asks the kernel about its routes and policy rules (rtnetlink; needs no privilege).

Every run asks whether this machine has a choice at all, so this file defines no class: that would
take longer than the answer. Layouts and numbers come from linux/rtnetlink.h and linux/fib_rules.h.
"""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.model import IPAddress

_FAMILY: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_GET_ROUTE, _GET_RULE = 26, 34
_ERROR, _DONE = 2, 3
_REQUEST, _DUMP = 0x001, 0x300
_MATCHED: Final = 0x2000  # RTM_F_FIB_MATCH: answer with the whole route that matches
_LARGEST_ANSWER: Final = 1 << 16
# struct nlmsghdr; struct rtmsg, which has the layout of struct fib_rule_hdr.
_HEADER, _BODY = struct.Struct("@IHHII"), struct.Struct("@BBBBBBBBI")
_ATTRIBUTE, _NEXT_HOP = struct.Struct("@HH"), struct.Struct("@HBBi")  # struct rtnexthop
_TYPE_BITS: Final = 0x3FFF  # the others are flags
# Attributes of a route.
INTERFACE: Final = 4
_DESTINATION, _SOURCE, _MULTIPATH, _NEXT_HOP_GROUP = 1, 2, 9, 30
# Attributes of a rule that reads the protocol, ports, DSCP or flow label.
_BY_FIELDS: Final = frozenset(range(22, 31))
_DSCP: Final = 0xFC  # the other bits of a traffic class never route (RFC 3168)


def is_plain(destination: IPAddress, source: IPAddress | None, interface: str | None) -> bool:
    """Whether all packets to a destination leave alike, whatever their source, protocol and ports.

    `source` and `interface` are those that the user chose. The user and the mark do not count.
    """
    index = 0 if interface is None else socket.if_nametoindex(interface)
    others = [(INTERFACE, struct.pack("@I", index))] if index else []
    return not any(rules(destination.version)) and not has_choice(destination, source, others)


def rules(version: int) -> tuple[bool, bool]:
    """Whether any policy rule of an IP version reads the source, and whether any reads fields.

    Fields are the protocol, ports, traffic class and flow label. Where the system has no such
    sockets, nothing reads anything.
    """
    by_source = by_fields = False
    body = _BODY.pack(_FAMILY[version], 0, 0, 0, 0, 0, 0, 0, 0)
    with suppress(OSError):
        for answer in _ask(_GET_RULE, _DUMP, body):
            _, _, source_bits, traffic_class, *_ = _BODY.unpack_from(answer)
            by_source |= source_bits > 0
            by_fields |= traffic_class > 0 or not _BY_FIELDS.isdisjoint(_attributes(answer))
    return by_source, by_fields


def has_choice(
    destination: IPAddress, source: IPAddress | None, others: Iterable[tuple[int, bytes]]
) -> bool:
    """Whether the route of a packet has several next hops, or is for some sources only.

    `others` are further attributes, by their type.
    """
    found, source_bits = route(destination, source, 0, others, _MATCHED)
    return source_bits > 0 or not found.keys().isdisjoint({_MULTIPATH, _NEXT_HOP_GROUP})


def next_hops_by(
    interface: int, destination: IPAddress, others: Iterable[tuple[int, bytes]]
) -> int:
    """How many of a route's several next hops leave by an interface (index)."""
    found, _ = route(destination, None, 0, others, _MATCHED)
    count, data = 0, found.get(_MULTIPATH, b"")
    while len(data) >= _NEXT_HOP.size:
        length, _, _, index = _NEXT_HOP.unpack_from(data)
        count += index == interface
        data = data[max(_NEXT_HOP.size, (length + 3) & ~3) :]
    return count


def route(
    destination: IPAddress,
    source: IPAddress | None,
    traffic_class: int,
    others: Iterable[tuple[int, bytes]],
    flags: int = 0,
) -> tuple[dict[int, bytes], int]:
    """The attributes of a packet's route by their type, and how many bits of the source it reads.

    There are none if no route leads there. `others` are further attributes of the question.
    """
    bits = destination.max_prefixlen
    body = _BODY.pack(
        _FAMILY[destination.version], bits, 0 if source is None else bits,
        traffic_class & _DSCP, 0, 0, 0, 0, flags,
    )  # fmt: skip
    body += _attribute(_DESTINATION, destination.packed)
    if source is not None:
        body += _attribute(_SOURCE, source.packed)
    try:
        (answer,) = _ask(_GET_ROUTE, 0, body + b"".join(_attribute(*other) for other in others))
    except OSError:
        return {}, 0
    return _attributes(answer), answer[2]


def _ask(kind: int, flags: int, body: bytes) -> list[bytes]:
    """The bodies of the answers to a message. Raises OSError, also for the kernel's refusal."""
    message = _HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | flags, 0, 0) + body
    answers: list[bytes] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        kernel.send(message)
        while True:
            data = kernel.recv(_LARGEST_ANSWER)
            while data:
                length, answer, *_ = _HEADER.unpack_from(data)
                if answer == _DONE:
                    return answers
                if answer == _ERROR:
                    (number,) = struct.unpack_from("@i", data, _HEADER.size)
                    raise OSError(-number, os.strerror(-number))
                answers.append(data[_HEADER.size : length])
                data = data[(length + 3) & ~3 :]
            if not flags:
                return answers


def _attribute(kind: int, value: bytes) -> bytes:
    padding = bytes(-len(value) % 4)
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + padding


def _attributes(answer: bytes) -> dict[int, bytes]:
    """The attributes in the body of an answer, by their type."""
    found, data = {}, answer[_BODY.size :]
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        found[kind & _TYPE_BITS] = data[_ATTRIBUTE.size : length]
        data = data[max(_ATTRIBUTE.size, (length + 3) & ~3) :]
    return found
