"""Fields of the header that quotes show with another value than probes left with.

A field that is changed before a router is quoted changed by it and by those behind it. So the last
router that quotes it as sent and the first that does not enclose what changes it. Where one behind
quotes it as sent again, the quote itself may be wrong.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mda.findings.changes.base import Change, Kind
from mda.findings.changes.beginnings import beginnings, restored, values_of
from mda.model import ReplyKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mda.findings.changes.base import Seen
    from mda.model import Reply, Vertex

    Read = Callable[[Reply], str]

ERRORS: Final = (ReplyKind.TIME_EXCEEDED, ReplyKind.UNREACHABLE)  # those that quote
TRANSPORT: Final = frozenset(
    {"sport", "identifier", "udp-checksum", "tcp-checksum", "tcp-sequence", "icmp-checksum",
     "icmp-sequence"}
)  # fmt: skip


def source(seen: Seen) -> Iterator[Change]:
    """Where quotes begin to show another source address."""
    return _changes(seen, Kind.SOURCE, seen.source, partial(_field, "source"))


def transport(seen: Seen) -> Iterator[Change]:
    """Where they begin to show another port, identifier or checksum, and our own address."""
    return _changes(seen, Kind.TRANSPORT, "", _transport)


def dscp(seen: Seen) -> Iterator[Change]:
    """Where they begin to show another code point."""
    sent = seen.traffic_class
    return _changes(seen, Kind.DSCP, str(sent >> 2), partial(_class_part, 2, 0x3F, sent))


def ecn(seen: Seen) -> Iterator[Change]:
    """Where they begin to show other bits of ECN."""
    sent = seen.traffic_class
    return _changes(seen, Kind.ECN, str(sent & 3), partial(_class_part, 0, 3, sent))


def flow_label(seen: Seen) -> Iterator[Change]:
    """Where they begin to show another flow label."""
    return _changes(seen, Kind.FLOW_LABEL, "", partial(_field, "flow-label"))


def ip_id(seen: Seen) -> Iterator[Change]:
    """Where they begin to show another identification."""
    return _changes(seen, Kind.IP_ID, "", lambda reply: "*" if "ip-id" in reply.changed else "")


def length(seen: Seen) -> Iterator[Change]:
    """Where they begin to show another length."""
    return _changes(seen, Kind.LENGTH, "", partial(_field, "length"))


def payload(seen: Seen) -> Iterator[Change]:
    """Where they begin to show other data; which is in the replies."""
    return _changes(seen, Kind.PAYLOAD, "", lambda reply: "*" if "payload" in reply.changed else "")


def _changes(seen: Seen, kind: Kind, sent: str, read: Read) -> Iterator[Change]:
    """The changes of a field of which `read` returns what a quote shows, empty for as sent."""
    if not seen.shows_changes:
        return

    def quoted(_: Vertex, reply: Reply) -> str | None:
        return read(reply) if reply.kind in ERRORS else None

    values = values_of(seen, quoted)
    for found in beginnings(seen, values, ""):
        behind = str(found.behind)
        if behind:  # where it is as sent again, the change before says so
            yield Change(
                kind, found.after, found.vertices, found.flows, str(found.before) or sent,
                "" if behind == "*" else behind, until=restored(values, found),
            )  # fmt: skip


def _field(name: str, reply: Reply) -> str:
    """What a quote shows in a field that was changed; `*` if that is not recorded."""
    if name not in reply.changed:
        return ""
    return reply.shown[reply.changed.index(name)] if reply.shown else "*"


def _transport(reply: Reply) -> str:
    """The changed fields; a NAT changes them with the source."""
    if "source" in reply.changed:
        return ""
    return ", ".join(field for field in reply.changed if field in TRANSPORT)


def _class_part(shift: int, mask: int, sent: int, reply: Reply) -> str:
    """A part of the traffic class that was changed."""
    shown = _field("traffic-class", reply)
    if not shown.isdecimal():
        return ""
    part = int(shown) >> shift & mask
    return "" if part == sent >> shift & mask else str(part)
