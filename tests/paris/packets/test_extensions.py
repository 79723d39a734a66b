"""Extension structures: hand-written bytes are read as the RFCs draw them, and none is lost."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from random import Random

import pytest

from mda.model import InterfaceInfo, InterfaceRole, MplsEntry, Unread, UnreadReason
from paris.packets.checksums import checksum
from paris.packets.extensions import Extensions, read_extensions, write_extensions

HEADER = bytes.fromhex("20000000")  # version 2, no checksum
# Written by hand from the drawings in RFC 4884, 4950 and 5837.
LABELS = (MplsEntry(24016, 5, False, 1), MplsEntry(299776, 0, True, 255))
LABEL = bytes.fromhex("0008 01 01 03e81101")
LINUX_NAME = "14 65746833 000000 000000000000000000000000"  # length 20: "eth3", padded
OBJECTS = {
    "0008 02 08 00000009": InterfaceInfo(InterfaceRole.INCOMING, 9),
    "000c 02 04 0001 0000 c6336402":
        InterfaceInfo(InterfaceRole.INCOMING, address=ip_address("198.51.100.2")),
    "0018 02 44 0002 ffff 20010db8000000000000000000000007":  # reserved bits are not read
        InterfaceInfo(InterfaceRole.SUB_IP, address=ip_address("2001:db8::7")),
    "000c 02 82 08 65746833 000000": InterfaceInfo(InterfaceRole.OUTGOING, name="eth3"),
    "0008 02 02 04 6c6f00": InterfaceInfo(InterfaceRole.INCOMING, name="lo"),
    "0008 02 02 03 6c6f00":  # the length leaves out the padding
        InterfaceInfo(InterfaceRole.INCOMING, name="lo"),
    "0008 02 02 04 c3a400": InterfaceInfo(InterfaceRole.INCOMING, name="ä"),
    "0008 02 02 04 000000": InterfaceInfo(InterfaceRole.INCOMING, name=""),
    "0008 02 01 000005dc": InterfaceInfo(InterfaceRole.INCOMING, mtu=1500),
    "0008 02 31 000005dc":  # bits 2 and 3 are reserved
        InterfaceInfo(InterfaceRole.INCOMING, mtu=1500),
    "0004 02 c0": InterfaceInfo(InterfaceRole.NEXT_HOP),
    f"0028 02 0f 00000009 0001 0000 c6336402 {LINUX_NAME} 00000578":
        InterfaceInfo(InterfaceRole.INCOMING, 9, ip_address("198.51.100.2"), "eth3", 1400),
}  # fmt: skip
MALFORMED = (
    "000c 02 04 0003 0000 c6336402",  # an address of no family that we know
    "000c 02 04 0002 0000 c6336402",  # an IPv6 address of four bytes
    "0008 02 04 0001 0000", "0006 02 04 0001",
    "0006 02 08 0009",
    "0008 02 02 00 6c6f00", "0008 02 02 05 6c6f00", "0008 02 02 ff 6c6f00",
    "0008 02 02 04 ff6f00",  # not UTF-8
    "0004 02 01", "0004 02 02", "0004 02 04", "0004 02 08",
    "000c 02 08 00000009 00000000",  # more than the fields
    "0008 02 00 00000009",
    "0004 01 01", "000a 01 01 03e81101 03e8",
)  # fmt: skip
ALL = (
    HEADER + LABEL
    + b"".join(bytes.fromhex(text) for text in OBJECTS)
    + bytes.fromhex("000c 05 03 0123456789abcdef")
)  # fmt: skip


def interface_of(random: Random) -> InterfaceInfo:
    """Any interface that can be written."""
    return InterfaceInfo(
        random.choice(tuple(InterfaceRole)),
        random.choice((None, random.getrandbits(32))),
        random.choice((None, *(ip_address(random.randbytes(size)) for size in (4, 16)))),
        random.choice((None, "", "ae0.100", "ä" * random.randrange(32), "x" * 63)),
        random.choice((None, random.getrandbits(32))),
    )


def with_checksum(structure: bytes) -> bytes:
    return structure[:2] + struct.pack("!H", checksum(structure)) + structure[4:]


def value_count(structure: bytes) -> int:
    """How many values it holds: a value per label or other object, and one for the last bytes."""
    at, found = 4, 0
    while at < len(structure):
        length = int.from_bytes(structure[at : at + 2]) if at + 4 <= len(structure) else 0
        if not 4 <= length <= len(structure) - at:
            return found + 1
        is_stack = structure[at + 2 : at + 4] == b"\1\1" and length > 4 and length % 4 == 0
        at, found = at + length, found + ((length - 4) // 4 if is_stack else 1)
    return found


def count(read: Extensions) -> int:
    return sum(map(len, read))


def test_label_stack_entries_are_read_bit_by_bit() -> None:
    assert read_extensions(HEADER + LABEL).mpls == (MplsEntry(0x03E81, 0, bottom=True, ttl=1),)
    two = bytes.fromhex("20000000000c010105dc1cfe05dc21ff")
    assert read_extensions(two).mpls == (
        MplsEntry(0x05DC1, 6, bottom=False, ttl=0xFE),
        MplsEntry(0x05DC2, 0, bottom=True, ttl=0xFF),
    )


@pytest.mark.parametrize("text", OBJECTS)
def test_interfaces_are_read_field_by_field(text: str) -> None:
    read = read_extensions(with_checksum(HEADER + bytes.fromhex(text)))
    assert read == Extensions(interfaces=(OBJECTS[text],))


@pytest.mark.parametrize("text", MALFORMED)
def test_what_does_not_fit_an_object_stays_bytes(text: str) -> None:
    data = bytes.fromhex(text)
    kept = Unread(UnreadReason.MALFORMED, data[4:], data[2], data[3])
    read = read_extensions(HEADER + data + LABEL)
    assert (read.unread, read.interfaces, len(read.mpls)) == ((kept,), (), 1)


def test_objects_of_other_classes_and_types_stay_bytes() -> None:
    other = bytes.fromhex("0008 05 03 01234567 0008 01 02 03e81101 0004 f7 00")
    assert read_extensions(HEADER + LABEL + other).unread == (
        Unread(UnreadReason.UNKNOWN, bytes.fromhex("01234567"), 5, 3),
        Unread(UnreadReason.UNKNOWN, bytes.fromhex("03e81101"), 1, 2),
        Unread(UnreadReason.UNKNOWN, b"", 0xF7, 0),
    )


def test_objects_that_cannot_be_told_apart_stay_bytes() -> None:
    short = HEADER + LABEL + bytes.fromhex("0003 02 08") + LABEL
    assert read_extensions(short).unread == (Unread(UnreadReason.MALFORMED, LABEL, 2, 8),)
    long = HEADER + LABEL + bytes.fromhex("00ff 02 08") + LABEL
    assert read_extensions(long).unread == (Unread(UnreadReason.TRUNCATED, LABEL, 2, 8),)


def test_a_structure_that_cannot_be_believed_stays_bytes() -> None:
    wrong = HEADER[:2] + b"\0\1" + LABEL
    other = b"\x10" + HEADER[1:] + LABEL
    for structure, is_whole, reason in (
        (wrong, True, UnreadReason.CHECKSUM),
        (wrong, False, UnreadReason.TRUNCATED),
        (other, True, UnreadReason.VERSION),
        (HEADER[:3], True, UnreadReason.TRUNCATED),
        (b"", False, UnreadReason.TRUNCATED),
    ):
        read = read_extensions(structure, is_whole=is_whole)
        assert read == Extensions(unread=(Unread(reason, structure),))


@pytest.mark.parametrize("structure", [None, b"", HEADER, with_checksum(HEADER)])
def test_nothing_holds_nothing(structure: bytes | None) -> None:
    assert read_extensions(structure) == Extensions()


def test_what_is_written_is_read() -> None:
    random = Random(5837)
    for _ in range(2_000):
        labels = LABELS[: random.randrange(3)]
        interfaces = tuple(interface_of(random) for _ in range(random.randrange(4)))
        written = write_extensions(labels, interfaces)
        assert read_extensions(written) == Extensions(labels, interfaces)
        assert len(written) % 4 == 0
        damaged = bytearray(written)
        damaged[random.randrange(1, len(damaged))] ^= 1 << random.randrange(8)
        if damaged[2:4] != b"\0\0":
            read = read_extensions(bytes(damaged))
            assert read == Extensions(unread=(Unread(UnreadReason.CHECKSUM, bytes(damaged)),))


@pytest.mark.parametrize("end", range(1, len(ALL)))
def test_a_cut_at_any_byte_keeps_what_is_before_it_and_the_bytes_behind_it(end: int) -> None:
    whole, cut = read_extensions(ALL), read_extensions(ALL[:end])
    assert cut.mpls in ((), whole.mpls)
    assert cut.interfaces == whole.interfaces[: len(cut.interfaces)]
    if end >= 4:
        assert count(cut) == value_count(ALL[:end])
    if cut.unread and cut.unread[-1].reason is not UnreadReason.UNKNOWN:
        assert cut.unread[-1].reason is UnreadReason.TRUNCATED
        assert ALL[:end].endswith(cut.unread[-1].payload)
    checked = read_extensions(with_checksum(ALL)[:end], is_whole=False)
    assert [kept.reason for kept in checked.unread] == [UnreadReason.TRUNCATED]


def test_of_any_bytes_every_object_is_read_or_kept() -> None:
    random = Random(4884)
    for _ in range(20_000):
        data = bytearray(ALL)
        for _ in range(random.randint(1, 8)):
            data[random.randrange(4, len(data))] = random.choice((0, 1, 2, 4, 8, 255))
        del data[random.randrange(4, len(data) + 1) :]
        assert count(read_extensions(bytes(data))) == value_count(bytes(data))
