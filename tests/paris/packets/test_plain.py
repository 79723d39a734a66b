"""Plain replies: they are read as `replies` reads them, and whatever is unusual is left to it."""

from __future__ import annotations

from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, ProbeRequest, ReplyKind
from paris.packets import plain, probes
from paris.packets.headers import IPHeader, icmp_error
from paris.packets.protocols import Protocol
from paris.packets.replies import ParsedReply, parse
from tests.fuzz.mutations import changed_bytes
from tests.support.icmp import intact
from tests.support.probes import COMBINATIONS, flows_of
from tests.support.samples import DESCRIBED, REPLIES, SEGMENTS

if TYPE_CHECKING:
    from paris.packets.plain import Plain

ROUTER = {4: ip_address("198.51.100.7"), 6: ip_address("2001:db8:7::7")}
EXPIRED = {4: 11, 6: 3}
KINDS = [name for name in REPLIES if name.endswith("time-exceeded")]


def error_about(probe: bytes, kind: int | None = None, code: int = 0, left: int = 1) -> bytes:
    """The ICMP error of a router about a probe that had this TTL left, by default time exceeded."""
    version = probe[0] >> 4
    source = ip_address(probe[12:16] if version == 4 else probe[8:24])
    back = IPHeader(ROUTER[version], source, 1 if version == 4 else 58, ttl=250)
    at = 8 if version == 4 else 7
    quote = probe[:at] + bytes([left]) + probe[at + 1 :]
    return icmp_error(back, EXPIRED[version] if kind is None else kind, code, quote)


def probe_of(version: int, protocol: Protocol, field: HeaderField) -> bytes:
    return probes.build(flows_of(version, protocol, field), ProbeRequest(3, 5), 0xBEEF)


def both(datagram: bytes) -> tuple[Plain, ParsedReply]:
    """What either reader reads."""
    read, parsed = plain.read(datagram), parse(datagram)
    assert read is not None
    assert isinstance(parsed, ParsedReply)
    return read, parsed


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_time_exceeded_about_a_probe_as_it_was_sent_is_read_as_replies_reads_it(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    probe = probe_of(version, protocol, field)
    datagram = error_about(probe, left=2)
    read, parsed = both(datagram)
    assert read.quotes(probe)
    assert read.tag == parsed.quoted.carrier_tag == 0xBEEF
    assert read.responder == ROUTER[version].packed == parsed.responder.packed
    assert (parsed.kind, parsed.icmp_code) == (ReplyKind.TIME_EXCEEDED, 0)
    assert (read.quoted_ttl, read.reply_ttl, read.reply_ip_id) == (2, 250, parsed.reply_ip_id)
    assert (parsed.quoted_ttl, parsed.reply_ttl) == (2, 250)
    other = probes.build(flows_of(version, protocol, field), ProbeRequest(3, 5), 0xBEEE)
    assert (read.quotes(other), read.quotes(b"")) == (False, False)


@pytest.mark.parametrize("name", KINDS)
def test_time_exceeded_captured_from_linux_is_plain(name: str) -> None:
    read, parsed = both(REPLIES[name])
    assert read[1:] == (
        parsed.responder.packed, read.tag, parsed.quoted_ttl, parsed.reply_ttl, parsed.reply_ip_id,
    )  # fmt: skip


@pytest.mark.parametrize("version", [4, 6])
def test_what_is_unusual_in_a_reply_is_left_to_replies(version: int) -> None:
    probe = probe_of(version, Protocol.UDP, HeaderField.SPORT)
    unusual = {
        "another kind": error_about(probe, kind=3 if version == 4 else 1),
        "another code": error_about(probe, code=1),
        "a wrong checksum": error_about(probe)[:-1] + b"\xff",
        "cut short": error_about(probe)[:-1],
        "bytes after it": error_about(probe) + b"\0",
        "extensions": error_about(probe + bytes(128)),
        "nothing": b"",
    }
    announced = bytearray(error_about(probe))
    announced[25 if version == 4 else 44] = 32
    unusual["the length of its quote"] = intact(bytes(announced))
    if version == 4:
        with_options = error_about(probe)
        unusual["options"] = b"\x46" + with_options[1:20] + b"\1\1\1\1" + with_options[20:]
        fragment = bytearray(error_about(probe))
        fragment[6] |= 0x20
        unusual["a fragment"] = bytes(fragment)
    assert {name for name, datagram in unusual.items() if plain.read(datagram)} == set()
    assert plain.read(error_about(probe)) is not None


@pytest.mark.parametrize("version", [4, 6])
def test_no_changed_probe_is_quoted_as_it_was_sent(version: int) -> None:
    probe = probe_of(version, Protocol.UDP, HeaderField.SPORT)
    ignored = {8, 10, 11} if version == 4 else {7}  # the TTL, and the checksum that covers it
    whole = error_about(probe)
    for at in range(len(probe)):
        changed = bytearray(whole)
        changed[len(whole) - len(probe) + at] ^= 0x10
        read = plain.read(intact(bytes(changed)))
        assert read is not None
        assert read.quotes(probe) == (at in ignored), at


def test_every_changed_reply_that_is_plain_is_a_time_exceeded_for_replies_too() -> None:
    random = Random(1)
    sent = [probe_of(*combination) for combination in COMBINATIONS]
    samples = [*map(error_about, sent), *REPLIES.values(), *DESCRIBED.values(), *SEGMENTS.values()]
    read_plain = 0
    for _ in range(5000):
        datagram = changed_bytes(random, random.choice(samples))
        if len(datagram) > 44:
            datagram = intact(datagram)
        read = plain.read(datagram)
        if read is None or not any(map(read.quotes, sent)):
            continue
        read_plain += 1
        parsed = parse(datagram)
        assert isinstance(parsed, ParsedReply), datagram.hex()
        assert parsed == ParsedReply(
            kind=ReplyKind.TIME_EXCEEDED, responder=ip_address(read.responder),
            quoted=parsed.quoted, icmp_type=EXPIRED[datagram[0] >> 4], icmp_code=0,
            quoted_ttl=read.quoted_ttl, reply_ttl=read.reply_ttl, reply_ip_id=read.reply_ip_id,
        )  # fmt: skip
        assert parsed.quoted.carrier_tag == read.tag
    assert read_plain > 50
