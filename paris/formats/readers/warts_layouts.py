"""The blocks of warts records of types trace and tracelb: their parameters in order.

Layout: libscamperfile, warts(5).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from paris.formats.readers.warts_blocks import (
    Addresses,
    Block,
    Field,
    address,
    read_address,
    text,
    time_us,
    type_and_code,
    u8,
    u16,
    u32,
)
from paris.packets.extensions import Extensions, read_extensions

if TYPE_CHECKING:
    from mda.model import IPAddress
    from paris.formats.readers.cursor import Cursor

MAGIC: Final = 0x1205  # what a record begins with
TRACE_TYPE, TRACELB_TYPE = 6, 8  # of records
HOP_HAS_TTL, HOP_BY_TCP, HOP_BY_UDP = 0x10, 0x20, 0x40  # flags of a hop in trace records
# The version and no checksum (RFC 4884 section 7).
_EXTENSION_HEADER: Final = b"\x20\0\0\0"


def _aside(cursor: Cursor, _: Addresses) -> IPAddress | None:
    """An address that gets no number."""
    size = cursor.u8()
    return read_address(cursor, size) if size else cursor.fail("a router's address is missing")


def extensions(cursor: Cursor, _: Addresses) -> Extensions:
    """The objects of an ICMP extension, whose lengths here leave out the objects' own headers."""
    left, structure = cursor.part(cursor.u16()), _EXTENSION_HEADER
    while left.at < left.end:
        size = left.u16()
        structure += struct.pack("!H", (size + 4) & 0xFFFF) + left.take(2 + size)
    return read_extensions(structure)


# The parameters of each block, from number 1 on.
TRACELB_HEAD: Final = Block(
    u32("list"), u32("cycle"), u32("old_source"),
    u32("old_destination"), time_us("start"), u16("sport"),
    u16("dport"), u16("size"), u8("type"), u8("first_hop"),
    u8("wait_s"), u8("wait_probe"), u8("attempts"),
    u8("confidence"), u8("tos"), u16("nodes"), u16("links"),
    u32("probes"), u32("most_probes"), u8("gap_limit"),
    address("source"), address("destination"), u32("user"), u8("flags"),
    Field("router", read=_aside), text("error"),
)  # fmt: skip
NODE: Final = Block(
    u32("old_address"), u8("flags"), u16("links"),
    u8("quoted_ttl"), address("address"), text("name"),
)  # fmt: skip
LINK: Final = Block(u16("from"), u16("to"), u8("hops"))
SET: Final = Block(u16("probes"))
PROBE: Final = Block(
    time_us("sent"), u16("flow"), u8("ttl"), u8("attempt"),
    u16("replies"),
)  # fmt: skip
REPLY: Final = Block(
    time_us("received"), u16("ip_id"), u8("ttl"), u8("flags"),
    type_and_code("icmp"), u8("tcp_flags"), Field("extensions", read=extensions),
    u8("quoted_ttl"), u8("quoted_tos"), u32("old_address"),
    address("address"),
)  # fmt: skip
TRACE_HEAD: Final = Block(
    u32("list"), u32("cycle"), u32("old_source"),
    u32("old_destination"), time_us("start"), u8("stop"),
    u8("stop_data"), u8("flags"), u8("attempts"),
    u8("hop_limit"), u8("type"), u16("size"), u16("sport"),
    u16("dport"), u8("first_hop"), u8("tos"), u8("wait_s"),
    u8("loops"), u16("hops"), u8("gap_limit"),
    u8("gap_action"), u8("loop_action"), u16("probes"),
    u8("wait_probe"), u8("confidence"), address("source"),
    address("destination"), u32("user"), u16("offset"),
    Field("router", read=_aside), u8("queries"), u32("more_flags"),
    u8("stop_hop"), text("error"),
)  # fmt: skip
HOP: Final = Block(
    u32("old_address"), u8("probe_ttl"), u8("ttl"),
    u8("flags"), u8("attempt"), u32("rtt_us"),
    type_and_code("icmp"), u16("size"), u16("reply_size"),
    u16("ip_id"), u8("reply_tos"), u16("mtu"),
    u16("quoted_size"), u8("quoted_ttl"), u8("tcp_flags"),
    u8("quoted_tos"), Field("extensions", read=extensions), address("address"),
    time_us("sent"), text("name"),
)  # fmt: skip
