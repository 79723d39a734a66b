"""What replies hold behind their quotes, in words: what is said, how often, and of whom."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from mda.model import (
    InterfaceInfo,
    InterfaceRole,
    MplsEntry,
    ProbeRequest,
    Reply,
    ReplyKind,
    Unread,
    UnreadReason,
)
from render.words.extensions import extension_notes

INCOMING = InterfaceRole.INCOMING
HERE = {4: "198.51.100.2", 6: "2001:db8::2"}
ELSEWHERE = {4: "203.0.113.7", 6: "2001:db8:7::7"}


def reply(version: int = 4, **fields: Any) -> Reply:
    return Reply(
        request=ProbeRequest(0, 1),
        kind=ReplyKind.TIME_EXCEEDED,
        responder=ip_address(HERE[version]),
        sent_at_s=0.0,
        received_at_s=0.1,
        **fields,
    )


@pytest.mark.parametrize(
    ("interface", "note"),
    [
        (InterfaceInfo(INCOMING, 9, name="eth3", mtu=1500), "eth3, ifindex 9"),
        (InterfaceInfo(INCOMING, name="ae0.100"), "ae0.100"),
        (InterfaceInfo(INCOMING, 0), "ifindex 0"),
        (InterfaceInfo(InterfaceRole.SUB_IP, name="xe-0/0/1"), "sub-IP xe-0/0/1"),
        (InterfaceInfo(InterfaceRole.OUTGOING, 4, name="eth4"), "outgoing eth4, ifindex 4"),
        (InterfaceInfo(INCOMING, name="\x1b[31m\n"), r"\x1b[31m\n"),
        (InterfaceInfo(INCOMING, name="x" * 70), f"...{'x' * 57}"),
    ],
)
def test_an_interface_is_named_as_its_router_names_it(interface: InterfaceInfo, note: str) -> None:
    assert extension_notes([reply(interfaces=(interface,))]) == [note]


@pytest.mark.parametrize("interface", [(INCOMING,), (INCOMING, None, None, "", 1500)])
def test_an_interface_without_name_index_and_address_has_no_note(interface: Any) -> None:
    assert extension_notes([reply(interfaces=(InterfaceInfo(*interface),))]) == []


@pytest.mark.parametrize("version", [4, 6])
def test_an_address_is_noted_where_another_replied(version: int) -> None:
    here, elsewhere = ip_address(HERE[version]), ip_address(ELSEWHERE[version])
    same = InterfaceInfo(INCOMING, 9, here, "eth3")
    other = InterfaceInfo(INCOMING, 10, elsewhere, "eth4")
    following = InterfaceInfo(InterfaceRole.NEXT_HOP, address=elsewhere)
    notes = extension_notes([reply(version, interfaces=(same, other, following))] * 2)
    assert notes == [
        "eth3, ifindex 9", f"eth4, ifindex 10, {elsewhere}", f"next hop {elsewhere}",
    ]  # fmt: skip


def test_what_is_unread_is_counted_by_answers() -> None:
    unknown = Unread(UnreadReason.UNKNOWN, b"\0", 5, 3)
    cut = Unread(UnreadReason.TRUNCATED, b"", 2, 15)
    replies = [
        reply(unread=(unknown, unknown)),
        reply(unread=(unknown, cut), mpls=(MplsEntry(24016, 0, bottom=True, ttl=1),)),
        reply(unread=(Unread(UnreadReason.MALFORMED, b"", 2, 1),)),
        reply(unread=(Unread(UnreadReason.CHECKSUM, b"\x20\0"),)),
        reply(unread=(Unread(UnreadReason.VERSION, b"\x10\0"),)),
        reply(unread=(Unread(UnreadReason.TRUNCATED, b""),)),
        reply(),
    ]
    assert extension_notes(replies) == [
        "MPLS 24016",
        "extensions of an unknown version in 1 answer",
        "extensions with a wrong checksum in 1 answer",
        "malformed object (class 2, type 1) in 1 answer",
        "truncated extensions in 1 answer",
        "truncated object (class 2, type 15) in 1 answer",
        "unknown object (class 5, type 3) in 2 answers",
    ]


def test_a_router_that_says_too_much_fills_no_page() -> None:
    many = tuple(InterfaceInfo(INCOMING, 10 + number) for number in range(30))
    notes = extension_notes([reply(interfaces=many)])
    assert notes[:2] == ["ifindex 10", "ifindex 11"]
    assert notes[8:] == ["and 22 others"]
