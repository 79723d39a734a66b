"""Type and code of replies, also where a file says only what kind they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.model import ReplyKind
from paris.packets import numbers

if TYPE_CHECKING:
    from mda.model import Reply


def icmp_type(reply: Reply) -> tuple[int, int] | None:
    """The ICMP type and code of a reply; None for others, and if nothing says them."""
    version = reply.responder.version
    if reply.icmp_type is not None:
        return reply.icmp_type, reply.icmp_code or 0
    if reply.kind is ReplyKind.TIME_EXCEEDED:
        return numbers.TIME_EXCEEDED[version], numbers.IN_TRANSIT
    return (numbers.ECHO_REPLY[version], 0) if reply.kind is ReplyKind.ECHO_REPLY else None
