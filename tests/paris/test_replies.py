"""Replies: what kernels send is read as its dissection says; nothing whatever raises."""

from __future__ import annotations

from ipaddress import ip_address
from random import Random

import pytest

from mda.model import MplsEntry, ReplyKind
from paris import packets
from paris.packets import IPHeader
from paris.replies import ParsedReply, Unparsed, UnparsedReason, parse
from tests.support.samples import REPLIES

# name -> kind, responder, ICMP type and code, quoted TTL, reply TTL, tag, (sport, dport)
EXPECTED = {
    "udp4-time-exceeded": ("time-exceeded", "192.0.2.2", 11, 0, 1, 64, 1, (50447, 33434)),
    "udp4-port-unreachable": ("unreachable", "203.0.113.2", 3, 3, 1, 60, None, (None, 33434)),
    "udp6-time-exceeded": ("time-exceeded", "2001:db8:0:1::2", 3, 0, 1, 64, None, (None, 33434)),
    "udp6-port-unreachable": ("unreachable", "2001:db8:0:f::2", 1, 4, 1, 60, None, (None, 33434)),
    "icmp4-time-exceeded": ("time-exceeded", "192.0.2.2", 11, 0, 1, 64, None, (None, None)),
    "icmp4-echo-reply": ("echo-reply", "203.0.113.2", 0, 0, None, 60, None, (None, None)),
    "icmp6-time-exceeded": ("time-exceeded", "2001:db8:0:1::2", 3, 0, 1, 64, None, (None, None)),
    "icmp6-echo-reply": ("echo-reply", "2001:db8:0:f::2", 129, 0, None, 60, None, (None, None)),
    "tcp4-time-exceeded": ("time-exceeded", "192.0.2.2", 11, 0, 1, 64, 0, (None, 80)),
    "tcp4-reset": ("rst", "203.0.113.2", None, None, None, 60, 0, (50622, 80)),
}
SOURCE, ROUTER, TARGET = (ip_address(f"192.0.2.{n}") for n in (1, 2, 9))
STACK = (MplsEntry(24016, 5, False, 1), MplsEntry(299776, 0, True, 255))


def parsed(datagram: bytes) -> ParsedReply:
    reply = parse(datagram)
    assert isinstance(reply, ParsedReply), reply
    return reply


@pytest.mark.parametrize("name", EXPECTED)
def test_packets_of_kernels_are_read_as_dissected(name: str) -> None:
    kind, responder, icmp_type, icmp_code, quoted_ttl, reply_ttl, tag, ports = EXPECTED[name]
    reply = parsed(REPLIES[name])
    assert reply.kind is ReplyKind(kind)
    assert reply.responder == ip_address(responder)
    assert (reply.icmp_type, reply.icmp_code) == (icmp_type, icmp_code)
    assert (reply.quoted_ttl, reply.reply_ttl) == (quoted_ttl, reply_ttl)
    assert (
        reply.quoted.destination
        == ip_address("203.0.113.2" if reply.responder.version == 4 else "2001:db8:0:f::2").packed
    )
    if tag is not None:
        assert reply.quoted.carrier_tag == tag
    assert reply.quoted.dport == ports[1]
    if ports[0] is not None:
        assert reply.quoted.sport == ports[0]


def test_every_sample_is_expected_to_be_something() -> None:
    assert set(REPLIES) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_every_prefix_is_a_value(name: str) -> None:
    whole = REPLIES[name]
    for length in range(len(whole)):
        assert isinstance(parse(whole[:length]), ParsedReply | Unparsed)
    assert parse(b"") == Unparsed(UnparsedReason.TOO_SHORT)


def test_a_hundred_thousand_mutations_are_values() -> None:
    random = Random(20070613)
    samples = list(REPLIES.values())
    kinds = set()
    for _ in range(100_000):
        mutant = bytearray(random.choice(samples))
        for _ in range(random.randint(1, 6)):
            mutant[random.randrange(len(mutant))] = random.randrange(256)
        if random.random() < 0.3:
            del mutant[random.randrange(len(mutant)) :]
        if random.random() < 0.1:
            mutant += random.randbytes(random.randrange(300))
        kinds.add(type(parse(bytes(mutant))))
    assert kinds == {ParsedReply, Unparsed}


@pytest.mark.parametrize("quoted", [28, 60, 128])
def test_a_quote_of_eight_bytes_behind_the_header_is_enough(quoted: int) -> None:
    probe = REPLIES["udp4-time-exceeded"][28:]
    error = packets.icmp_error(header(ROUTER), 11, 0, probe[:quoted])
    reply = parsed(error)
    assert (reply.quoted.sport, reply.quoted.dport, reply.quoted.carrier_tag) == (50447, 33434, 1)
    cut = parse(packets.icmp_error(header(ROUTER), 11, 0, probe[:27]))
    assert cut == Unparsed(UnparsedReason.TOO_SHORT)


def test_mpls_labels_are_read_where_the_quote_tells_its_length() -> None:
    probe = REPLIES["udp4-time-exceeded"][28:]
    assert parsed(packets.icmp_error(header(ROUTER), 11, 0, probe, STACK)).mpls == STACK


def test_mpls_labels_are_read_behind_128_bytes_where_it_does_not() -> None:
    probe = REPLIES["udp4-time-exceeded"][28:]
    error = bytearray(packets.icmp_error(header(ROUTER), 11, 0, probe, STACK))
    error[20 + 5] = 0  # the length, as routers from before RFC 4884 leave it
    assert parsed(bytes(error)).mpls == STACK
    error[-1] ^= 0xFF  # then only a right checksum tells an extension from a long quote
    assert parsed(bytes(error)).mpls == ()


def test_ipv6_extensions_count_the_quote_in_eight_bytes() -> None:
    whole = REPLIES["udp6-time-exceeded"]
    back = IPHeader(
        source=ip_address("2001:db8::2"), destination=ip_address("2001:db8::1"), protocol=58, ttl=9
    )
    assert parsed(packets.icmp_error(back, 3, 0, whole[48:], STACK)).mpls == STACK


def test_extension_headers_before_icmpv6_are_stepped_over() -> None:
    whole = REPLIES["udp6-time-exceeded"]
    hop_by_hop = bytes([58, 0]) + bytes.fromhex("0104 0000 0000")
    outer = whole[:6] + b"\0" + whole[7:40] + hop_by_hop + whole[40:]
    assert parsed(outer).quoted == parsed(whole).quoted


def test_later_fragments_in_a_quote_are_no_probe() -> None:
    whole = bytearray(REPLIES["udp4-time-exceeded"])
    whole[28 + 7] = 9  # fragment offset
    assert parse(bytes(whole)) == Unparsed(UnparsedReason.BAD_QUOTE)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((0, 0x55), UnparsedReason.NOT_IP),
        ((9, 17), UnparsedReason.OTHER_PROTOCOL),
        ((20, 5), UnparsedReason.OTHER_MESSAGE),
        ((21, 1), UnparsedReason.OTHER_MESSAGE),  # reassembly time exceeded
        ((28 + 9, 47), UnparsedReason.BAD_QUOTE),
    ],
)
def test_what_answers_no_probe_has_its_reason(
    change: tuple[int, int], reason: UnparsedReason
) -> None:
    foreign = bytearray(REPLIES["udp4-time-exceeded"])
    foreign[change[0]] = change[1]
    assert parse(bytes(foreign)) == Unparsed(reason)


def header(source: object) -> IPHeader:
    return IPHeader(source=source, destination=SOURCE, protocol=1, ttl=250)  # type: ignore[arg-type]
