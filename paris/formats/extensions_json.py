"""Writes and reads as JSON what replies hold behind their quotes."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from mda.model import InterfaceInfo, InterfaceRole, MplsEntry, Unread, UnreadReason
from paris.formats import plan_json

if TYPE_CHECKING:
    from mda.model import Reply

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
    """The fields of a Reply that `extensions` wrote."""
    return {
        "mpls": tuple(_read_entry(entry) for entry in record["mpls"]),
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


def _read_entry(member: Json) -> MplsEntry:
    return MplsEntry(
        label=int(member["label"]),
        traffic_class=int(member["traffic_class"]),
        bottom=member["bottom"],
        ttl=int(member["ttl"]),
    )


def _read_interface(member: Json) -> InterfaceInfo:
    address = member["address"]
    return InterfaceInfo(
        role=InterfaceRole(member["role"]),
        ifindex=plan_json.whole(member["ifindex"]),
        address=None if address is None else ip_address(address),
        name=member["name"],
        mtu=plan_json.whole(member["mtu"]),
    )


def _read_unread(member: Json) -> Unread:
    return Unread(
        reason=UnreadReason(member["reason"]),
        payload=bytes.fromhex(member["payload"]),
        object_class=plan_json.whole(member["class"]),
        object_type=plan_json.whole(member["type"]),
    )
