"""Writes and reads as JSON what replies hold behind their quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mda.model import InterfaceInfo, InterfaceRole, MplsEntry, Unread, UnreadReason
from paris.formats import plan_json

if TYPE_CHECKING:
    from mda.model import Reply

_WORD: Final = (1 << 32) - 1
_OF_OBJECTS: Final = (UnreadReason.UNKNOWN, UnreadReason.MALFORMED)

Json = dict[str, Any]


def extensions(reply: Reply) -> Json:
    """The members "mpls", and "interfaces" and "unread" if there are any, of a reply's object."""
    members: Json = {"mpls": [entry._asdict() for entry in reply.mpls]}
    if reply.interfaces:
        members["interfaces"] = [interface_json(interface) for interface in reply.interfaces]
    if reply.unread:
        members["unread"] = [
            {
                "reason": part.reason.value,
                "class": part.object_class,
                "type": part.object_type,
                "payload": part.payload.hex(),
            }
            for part in reply.unread
        ]
    return members


def read_extensions(record: Json) -> Json:
    """The fields of a Reply that `extensions` wrote. Raises KeyError, TypeError or ValueError."""
    return {
        "mpls": tuple(MplsEntry(**entry) for entry in record["mpls"]),
        "interfaces": tuple(_read_interface(member) for member in record.get("interfaces", ())),
        "unread": tuple(_read_unread(member) for member in record.get("unread", ())),
    }


def interface_json(interface: InterfaceInfo) -> Json:
    """What a responder says of an interface."""
    return {
        **interface._asdict(),
        "role": interface.role.value,
        "address": None if interface.address is None else str(interface.address),
    }


def _read_interface(member: Json) -> InterfaceInfo:
    name, address = member["name"], member["address"]
    if name is not None and not isinstance(name, str):
        raise ValueError(f"not a name: {name!r}")
    return InterfaceInfo(
        role=InterfaceRole(member["role"]),
        ifindex=_number(member["ifindex"], _WORD),
        address=None if address is None else plan_json.address(address),
        name=name,
        mtu=_number(member["mtu"], _WORD),
    )


def _read_unread(member: Json) -> Unread:
    part = Unread(
        reason=UnreadReason(member["reason"]),
        payload=bytes.fromhex(member["payload"]),
        object_class=_number(member["class"], 0xFF),
        object_type=_number(member["type"], 0xFF),
    )
    is_object = part.reason in _OF_OBJECTS or (part.object_class, part.object_type) != (None, None)
    if is_object and None in (part.object_class, part.object_type):
        raise ValueError(f"an object without class or type: {member!r}")
    return part


def _number(value: object, highest: int) -> int | None:
    return None if value is None else plan_json.whole(value, 0, highest)
