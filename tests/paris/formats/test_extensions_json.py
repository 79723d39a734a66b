"""Labels, interfaces and unread objects in JSON: nothing is lost, and odd values are refused."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mda.model import InterfaceInfo, InterfaceRole, MplsEntry, Unread, UnreadReason
from paris.errors import FormatError
from paris.formats import native
from tests.support.traces import assembled, outcomes

SCHEMA = json.loads(Path(native.__file__).with_name("native.schema.json").read_text())
ROUTER = "198.51.100.1"
FIELDS: dict[str, Any] = {
    "mpls": (MplsEntry(24016, 5, False, 1), MplsEntry(299776, 0, True, 255)),
    "interfaces": (
        InterfaceInfo(InterfaceRole.INCOMING, 9, ip_address("198.51.100.1"), "eth3", 1500),
        InterfaceInfo(InterfaceRole.SUB_IP, 0, ip_address("2001:db8::1"), "ä", 0),
        InterfaceInfo(InterfaceRole.OUTGOING),
        InterfaceInfo(InterfaceRole.NEXT_HOP, (1 << 32) - 1, None, "", (1 << 32) - 1),
    ),
    "unread": (
        *(Unread(reason, b"\0\xff", 5, 3) for reason in UnreadReason),
        Unread(UnreadReason.TRUNCATED, b""), Unread(UnreadReason.CHECKSUM, b"\x20"),
        Unread(UnreadReason.VERSION, b"\x10"),
    ),
}  # fmt: skip


def document(**fields: Any) -> Any:
    found = outcomes({0: [ROUTER, "203.0.113.9"]}, answers={ROUTER: fields})
    return json.loads(native.write(assembled(found)))


def test_what_is_written_follows_the_schema_and_is_read() -> None:
    written = document(**FIELDS)
    jsonschema.validate(written, SCHEMA)
    trace = native.read(json.dumps(written), "x.json")
    first, last = trace.replies
    assert {name: getattr(first, name) for name in FIELDS} == FIELDS
    assert (last.mpls, last.interfaces, last.unread) == ((), (), ())
    assert json.loads(native.write(trace)) == written


def test_replies_without_extensions_look_as_they_always_did() -> None:
    reply = document()["outcomes"][0]
    assert reply["mpls"] == []
    assert not {"interfaces", "unread"} & set(reply)


@pytest.mark.parametrize(
    ("member", "key", "value"),
    [
        ("interfaces", "role", "x"), ("interfaces", "ifindex", -1), ("interfaces", "mtu", 1 << 32),
        ("interfaces", "name", 5), ("interfaces", "address", 5), ("interfaces", "address", "x"),
        ("unread", "reason", "x"), ("unread", "class", None), ("unread", "class", 256),
        ("unread", "type", "1"), ("unread", "payload", "xy"), ("unread", "payload", None),
    ],
)  # fmt: skip
def test_odd_values_are_refused(member: str, key: str, value: object) -> None:
    written = document(**FIELDS)
    written["outcomes"][0][member][0][key] = value
    with pytest.raises(FormatError, match=rf"x\.json: outcomes\[0\]\.{member}\[0\]\.{key}: "):
        native.read(json.dumps(written), "x.json")


def test_an_object_needs_a_class_and_a_type() -> None:
    written = document(**FIELDS)
    written["outcomes"][0]["unread"][0].update({"class": None, "type": None})
    with pytest.raises(FormatError, match=r"unread\[0\]\.class: must be integer, not null"):
        native.read(json.dumps(written), "x.json")
