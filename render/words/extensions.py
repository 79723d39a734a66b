"""The words for what replies hold behind their quotes: labels, interfaces, unread objects."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from mda.model import InterfaceRole, UnreadReason
from render.words.quantities import count, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import InterfaceInfo, IPAddress, Reply, Unread

_ROLES: Final = {
    InterfaceRole.INCOMING: "",
    InterfaceRole.SUB_IP: "sub-IP ",
    InterfaceRole.OUTGOING: "outgoing ",
    InterfaceRole.NEXT_HOP: "next hop ",
}
_STRUCTURES: Final = {
    UnreadReason.CHECKSUM: "extensions with a wrong checksum",
    UnreadReason.VERSION: "extensions of an unknown version",
    UnreadReason.TRUNCATED: "truncated extensions",
}
_MANY: Final = 8  # different notes of a kind; a router that sends more is not worth the space


def extension_notes(replies: Sequence[Reply]) -> list[str]:
    """Notes on what the replies of a vertex hold behind their quotes."""
    stacks = {"/".join(str(entry.label) for entry in reply.mpls) for reply in replies if reply.mpls}
    interfaces = {
        interface_words(interface, reply.responder)
        for reply in replies
        for interface in reply.interfaces
    }
    unread = Counter(
        words for reply in replies for words in {_unread(part) for part in reply.unread}
    )
    return [
        *(f"MPLS {stack}" for stack in sorted(stacks)),
        *_some(sorted(interfaces - {""})),
        *_some(
            [f"{words} in {count(n, 'answer', 'answers')}" for words, n in sorted(unread.items())]
        ),
    ]


def _some(notes: list[str]) -> list[str]:
    return notes if len(notes) <= _MANY else [*notes[:_MANY], f"and {len(notes) - _MANY} others"]


def interface_words(interface: InterfaceInfo, responder: IPAddress | None) -> str:
    """What is worth a note; its address only where it differs from the responder's."""
    parts = [shortened(interface.name)] if interface.name else []
    if interface.ifindex is not None:
        parts.append(f"ifindex {interface.ifindex}")
    if interface.address is not None and interface.address != responder:
        parts.append(str(interface.address))
    return _ROLES[interface.role] + ", ".join(parts) if parts else ""


def _unread(part: Unread) -> str:
    if part.object_class is None:
        return _STRUCTURES[part.reason]
    return f"{part.reason.value} object (class {part.object_class}, type {part.object_type})"
