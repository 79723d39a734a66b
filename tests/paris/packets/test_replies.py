"""Replies: what kernels send is read as its dissection says; nothing whatever raises."""

from __future__ import annotations

from ipaddress import ip_address
from random import Random

import pytest

from mda.model import (
    HeaderField,
    InterfaceInfo,
    InterfaceRole,
    MplsEntry,
    ProbeRequest,
    ReplyKind,
    Unread,
    UnreadReason,
)
from paris.packets import headers, probes, tags
from paris.packets.changes import changed_fields, fitting, tags_of
from paris.packets.checksums import pseudo_header, word_sum
from paris.packets.datagrams import UnparsedReason
from paris.packets.headers import IPHeader
from paris.packets.protocols import Protocol
from paris.packets.replies import ParsedReply, Unparsed, parse
from tests.support import answers
from tests.support.icmp import intact
from tests.support.probes import flows_of
from tests.support.quotes import quotes, tunnelled
from tests.support.samples import DESCRIBED, REPLIES, SEGMENTS
from tests.support.translation import NAT, translated

# name -> kind, responder, ICMP type and code, quoted TTL, reply TTL, tag,
# (sport, dport, identifier, ICMP checksum)
NO_TAG = tags.HIGHEST_TAG + 1  # the sequence number is another program's
EXPECTED = {
    "udp4-time-exceeded":
        ("time-exceeded", "192.0.2.2", 11, 0, 1, 64, 1, (50447, 33434, None, None)),
    "udp4-port-unreachable":
        ("unreachable", "203.0.113.2", 3, 3, 1, 60, 0x40, (50448, 33434, None, None)),
    "udp6-time-exceeded":
        ("time-exceeded", "2001:db8:0:1::2", 3, 0, 1, 64, 1, (57338, 33434, None, None)),
    "udp6-port-unreachable":
        ("unreachable", "2001:db8:0:f::2", 1, 4, 1, 60, 0x68, (57344, 33434, None, None)),
    "icmp4-time-exceeded":
        ("time-exceeded", "192.0.2.2", 11, 0, 1, 64, 0, (None, None, 50611, 1)),
    "icmp4-echo-reply":
        ("echo-reply", "203.0.113.2", 0, 0, None, 60, 19, (None, None, 50611, None)),
    "icmp6-time-exceeded":
        ("time-exceeded", "2001:db8:0:1::2", 3, 0, 1, 64, 0, (None, None, 0xC6ED, 1)),
    "icmp6-echo-reply":
        ("echo-reply", "2001:db8:0:f::2", 129, 0, None, 60, 19, (None, None, 0xC6ED, None)),
    "tcp4-time-exceeded":
        ("time-exceeded", "192.0.2.2", 11, 0, 1, 64, NO_TAG, (50618, 80, None, None)),
    "tcp4-reset":
        ("rst", "203.0.113.2", None, None, None, 60, NO_TAG, (50622, 80, None, None)),
}  # fmt: skip
# name -> responder, and of the interface: ifindex, address, name, MTU
INTERFACES = {
    "udp4-with-address": ("203.0.113.33", 9, "203.0.113.33", "fabric-uplink10", 1500),
    "udp4-without-address": ("203.0.113.2", 10, "", "right", 1400),
    "udp4-port-unreachable": ("192.0.2.9", 9, "", "eth0", 1500),
    "udp6-with-address": ("2001:db8::33", 9, "2001:db8::33", "fabric-uplink10", 1500),
    "udp6-without-address": ("2001:db8::2", 10, "", "right", 1400),
    "udp6-port-unreachable": ("2001:db8:9::9", 9, "", "eth0", 1500),
}
# Written by hand from the drawings in RFC 792, 4884, 4950 and 5837; none of our code made it.
LABELLED = bytes.fromhex(
    "45c000b4 12340000 fe01bd18 c6336407 c0000201"  # from 198.51.100.7, TTL 254
    "0b00 2408 00 20 0000"  # time exceeded; the quote has 32 words
    "4500002a 00084000 01117bb0 c0000201 cb007109"  # IPv4, identification 8, TTL 1, UDP
    "4e20 829a 0016 0007"  # ports 20000 and 33434, length, checksum 7
    + "00"
    * 100  # padding to 128 bytes
    + "2000 81d5"  # extensions: version 2, checksum
    "0008 02 01 00000007"  # an interface (class 2), of which only the MTU is given
    "000c 01 01 05dd0a01 493001ff"  # MPLS: 24016, class 5, TTL 1; 299776, bottom, TTL 255
)
SYN_ACK = bytes.fromhex(
    "4500002c 00004000 3c0640c1 cb007109 c0000201"  # from 203.0.113.9, TTL 60
    "0050 4e20 00112233 beefbef0"  # ports 80 and 20000, sequence, acknowledgment
    "6012 faf0 b085 0000 020405b4"  # SYN and ACK, window, checksum, urgent, MSS 1460
)
UDP_ANSWER = bytes.fromhex(
    "45000028 00070000 3c1180b4 cb007109 c0000201"  # from 203.0.113.9, identification 7, TTL 60
    "0035 4e20 0014 0000"  # ports 53 and 20000, length, no checksum
    "1234 f001 00000000 00000000"  # what DNS servers reply to something else than a query
)
EVERY = REPLIES | DESCRIBED | SEGMENTS
SOURCE, ROUTER, TARGET = (ip_address(f"192.0.2.{n}") for n in (1, 2, 9))
STACK = (MplsEntry(24016, 5, False, 1), MplsEntry(299776, 0, True, 255))


def parsed(datagram: bytes) -> ParsedReply:
    reply = parse(datagram)
    assert isinstance(reply, ParsedReply), reply
    return reply


@pytest.mark.parametrize("name", EXPECTED)
def test_replies_captured_from_linux_are_read_as_tshark_reads_them(name: str) -> None:
    kind, responder, icmp_type, icmp_code, quoted_ttl, reply_ttl, tag, flow = EXPECTED[name]
    reply = parsed(REPLIES[name])
    assert reply.kind is ReplyKind(kind)
    assert reply.responder == ip_address(responder)
    assert (reply.icmp_type, reply.icmp_code) == (icmp_type, icmp_code)
    assert (reply.quoted_ttl, reply.reply_ttl) == (quoted_ttl, reply_ttl)
    assert (
        reply.quoted.destination
        == ip_address("203.0.113.2" if reply.responder.version == 4 else "2001:db8:0:f::2").packed
    )
    quoted = reply.quoted
    assert quoted.carrier_tag == tag
    assert (quoted.sport, quoted.dport, quoted.identifier, quoted.icmp_checksum) == flow


# name -> the TTL that the probe had left, and whether it was in a tunnel
@pytest.mark.parametrize(
    ("name", "left", "in_tunnel"), [("udp6-inserted", 1, False), ("udp6-encapsulated", 2, True)]
)
def test_probes_under_way_to_segments_of_linux_are_read_as_dissected(
    name: str, left: int, *, in_tunnel: bool
) -> None:
    reply = parsed(SEGMENTS[name])
    assert reply.responder == ip_address("2001:db8:1:1::2")
    assert (reply.quoted_ttl, reply.in_tunnel) == (left, in_tunnel)
    quoted = reply.quoted
    assert quoted.source == ip_address("2001:db8:1::1").packed
    assert quoted.destination == ip_address("2001:db8:ffff::9").packed
    assert (quoted.sport, quoted.dport, quoted.carrier_tag) == (15305, 33434, 0xF2A9)
    assert tags_of(quoted) == (0xF2A9,)


def test_mpls_labels_behind_another_extension_object_are_read() -> None:
    reply = parsed(LABELLED)
    assert (reply.mpls, reply.unread) == (STACK, ())
    assert reply.interfaces == (InterfaceInfo(InterfaceRole.INCOMING, mtu=7),)
    assert (reply.responder, reply.reply_ttl) == (ip_address("198.51.100.7"), 254)
    assert (reply.reply_ip_id, reply.quoted.ip_id, reply.quoted.carrier_tag) == (0x1234, 8, 7)


@pytest.mark.parametrize("name", DESCRIBED)
def test_interfaces_that_linux_describes_are_read_as_dissected(name: str) -> None:
    address, ifindex, own, interface, mtu = INTERFACES[name]
    reply = parsed(DESCRIBED[name])
    is_expired = reply.kind is ReplyKind.TIME_EXCEEDED
    assert is_expired == ("unreachable" not in name)
    assert (str(reply.responder), reply.quoted.dport, reply.unread) == (address, 33434, ())
    described = ip_address(own) if own else None
    assert reply.interfaces == (
        InterfaceInfo(InterfaceRole.INCOMING, ifindex, described, interface, mtu),
    )


def test_every_description_is_expected() -> None:
    assert set(DESCRIBED) == set(INTERFACES)


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_description_cut_anywhere_is_kept_with_a_reason(name: str) -> None:
    whole = DESCRIBED[name]
    at = (20 if whole[0] >> 4 == 4 else 40) + 8
    expected = parsed(whole)
    structure = at + 128
    for length in range(structure, len(whole)):
        cut = parsed(whole[:length])
        assert (cut.quoted, cut.interfaces) == (expected.quoted, ())
        assert cut.unread == (Unread(UnreadReason.TRUNCATED, whole[structure:length]),)
    for length in range(at, structure):
        cut_quote = parse(whole[:length])
        if isinstance(cut_quote, ParsedReply):
            assert cut_quote.interfaces == ()
            assert cut_quote.unread == (Unread(UnreadReason.TRUNCATED, b""),)


@pytest.mark.parametrize("length", range(56, len(LABELLED)))
def test_extensions_that_are_cut_off_are_kept_and_leave_the_probe_readable(length: int) -> None:
    whole, cut = parsed(LABELLED), parsed(LABELLED[:length])
    assert cut.quoted == whole.quoted
    assert (cut.mpls, cut.interfaces) == ((), ())
    assert cut.unread == (Unread(UnreadReason.TRUNCATED, LABELLED[156:length]),)


def test_a_structure_that_is_promised_and_missing_holds_nothing() -> None:
    whole = bytearray(LABELLED[:156])
    whole[2:4] = len(whole).to_bytes(2)
    reply = parsed(intact(bytes(whole)))
    assert (reply.mpls, reply.interfaces, reply.unread) == ((), (), ())


def test_a_structure_with_a_wrong_checksum_is_kept_unread() -> None:
    damaged = bytearray(LABELLED)
    damaged[-1] ^= 1
    reply = parsed(intact(bytes(damaged)))
    assert (reply.mpls, reply.interfaces) == ((), ())
    assert reply.unread == (Unread(UnreadReason.CHECKSUM, bytes(damaged[156:])),)


def test_a_syn_ack_names_the_probe_by_its_acknowledgment() -> None:
    reply = parsed(SYN_ACK)
    assert (reply.kind, reply.responder) == (ReplyKind.SYN_ACK, ip_address("203.0.113.9"))
    quoted = reply.quoted
    assert (quoted.sport, quoted.dport, quoted.carrier_tag) == (20_000, 80, 0xBEEF)
    only_syn = SYN_ACK[:33] + b"\x02" + SYN_ACK[34:]
    assert not reply.is_challenge
    confirmed = parsed(SYN_ACK[:33] + b"\x10" + SYN_ACK[34:])
    assert (confirmed.is_challenge, confirmed.quoted) == (True, quoted)
    assert parse(only_syn) == Unparsed(UnparsedReason.OTHER_MESSAGE)


def test_replies_of_one_router_share_its_address() -> None:
    assert parsed(LABELLED).responder is parsed(LABELLED).responder
    assert parsed(SYN_ACK).responder is parsed(UDP_ANSWER).responder


def test_a_udp_reply_names_the_flow_and_if_it_returns_the_first_word_the_probe() -> None:
    reply, host = parsed(UDP_ANSWER), ip_address("203.0.113.9")
    assert (reply.kind, reply.responder) == (ReplyKind.UDP_ANSWER, host)
    assert (reply.reply_ttl, reply.reply_ip_id, reply.quoted_ttl) == (60, 7, None)
    quoted = reply.quoted
    assert (quoted.sport, quoted.dport, quoted.protocol) == (20_000, 53, 17)
    assert (quoted.source, quoted.destination) == (SOURCE.packed, host.packed)
    probe = headers.udp(
        IPHeader(source=SOURCE, destination=host, protocol=17, ttl=9), 20_000, 53,
        b"\x12\x34paris-trace " + tags.copies(quoted.carrier_tag), quoted.carrier_tag,
    )  # fmt: skip
    pseudo = pseudo_header(SOURCE.packed, host.packed, 17, 26)
    assert word_sum(pseudo + probe[20:]) == 0xFFFF  # the tag is the checksum that it must have had
    other = parsed(UDP_ANSWER[:30] + b"\x01" + UDP_ANSWER[31:])
    assert other.quoted == quoted._replace(carrier_tag=0)


@pytest.mark.parametrize("words", [1, 7, 31])
def test_a_quote_length_that_has_no_room_for_a_probe_is_ignored(words: int) -> None:
    whole = bytearray(REPLIES["udp4-time-exceeded"])
    whole[20 + 5] = words
    assert parsed(intact(bytes(whole))) == parsed(REPLIES["udp4-time-exceeded"])


def test_the_mtu_of_packet_too_big_is_not_taken_for_a_quote_length() -> None:
    whole = bytearray(REPLIES["udp6-time-exceeded"])
    whole[40] = 2
    whole[44:48] = bytes.fromhex("12000500")
    reply = parsed(intact(bytes(whole)))
    assert reply.kind is ReplyKind.UNREACHABLE
    assert reply.quoted == parsed(REPLIES["udp6-time-exceeded"]).quoted
    assert reply.mtu == 0x12000500


@pytest.mark.parametrize(("code", "mtu"), [(4, 1400), (3, None)], ids=["too big", "other"])
def test_an_ipv4_error_states_an_mtu_only_if_the_probe_was_too_big(
    code: int, mtu: int | None
) -> None:
    whole = bytearray(REPLIES["udp4-time-exceeded"])
    whole[20:22] = 3, code
    whole[24:28] = bytes.fromhex("00000578")
    assert parsed(intact(bytes(whole))).mtu == mtu


def test_every_captured_reply_has_an_expectation() -> None:
    assert set(REPLIES) == set(EXPECTED)


@pytest.mark.parametrize(
    "whole",
    [*EVERY.values(), LABELLED, SYN_ACK, UDP_ANSWER],
    ids=[*EVERY, "labels", "syn-ack", "udp-answer"],
)
def test_parse_returns_a_value_for_every_prefix_of_a_reply(whole: bytes) -> None:
    for length in range(len(whole)):
        assert isinstance(parse(whole[:length]), ParsedReply | Unparsed)
    assert parse(b"") == Unparsed(UnparsedReason.TOO_SHORT)


def test_parse_returns_a_value_for_100_000_mutated_replies() -> None:
    random = Random(20070613)
    samples = [*EVERY.values(), LABELLED, SYN_ACK, UDP_ANSWER]
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
def test_eight_quoted_bytes_after_the_header_are_enough(quoted: int) -> None:
    probe = REPLIES["udp4-time-exceeded"][28:]
    error = headers.icmp_error(header(ROUTER), 11, 0, probe[:quoted])
    reply = parsed(error)
    assert (reply.quoted.sport, reply.quoted.dport, reply.quoted.carrier_tag) == (50447, 33434, 1)
    cut = parse(headers.icmp_error(header(ROUTER), 11, 0, probe[:27]))
    assert cut == Unparsed(UnparsedReason.TOO_SHORT)


def test_mpls_labels_are_read_where_the_error_states_the_length_of_its_quote() -> None:
    probe = REPLIES["udp4-time-exceeded"][28:]
    assert parsed(headers.icmp_error(header(ROUTER), 11, 0, probe, STACK)).mpls == STACK


def test_mpls_labels_are_read_behind_128_bytes_where_the_error_states_no_length() -> None:
    probe = REPLIES["udp4-time-exceeded"][28:]
    error = bytearray(headers.icmp_error(header(ROUTER), 11, 0, probe, STACK))
    error[20 + 5] = 0  # the length, as routers from before RFC 4884 leave it
    assert parsed(intact(bytes(error))).mpls == STACK
    error[-1] ^= 0xFF  # only a right checksum distinguishes an extension from a long quote
    assert parsed(intact(bytes(error))).mpls == ()


def test_mpls_labels_of_icmpv6_are_read_behind_a_length_in_units_of_eight_bytes() -> None:
    whole = REPLIES["udp6-time-exceeded"]
    back = IPHeader(
        source=ip_address("2001:db8::2"), destination=ip_address("2001:db8::1"), protocol=58, ttl=9
    )
    assert parsed(headers.icmp_error(back, 3, 0, whole[48:], STACK)).mpls == STACK


def test_extension_headers_before_icmpv6_are_skipped() -> None:
    whole = REPLIES["udp6-time-exceeded"]
    hop_by_hop = bytes([58, 0]) + bytes.fromhex("0104 0000 0000")
    length = (len(whole) - 40 + len(hop_by_hop)).to_bytes(2)
    outer = whole[:4] + length + b"\0" + whole[7:40] + hop_by_hop + whole[40:]
    assert parsed(outer).quoted == parsed(whole).quoted


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("version", [4, 6])
def test_a_probe_is_read_behind_any_headers_and_if_it_is_cut_off_the_quote_is_too_short(
    version: int, protocol: Protocol
) -> None:
    icmp = HeaderField.ICMP_CHECKSUM
    field = icmp if protocol is Protocol.ICMP else HeaderField.SPORT
    flows = flows_of(version, protocol, field)
    router, kind = answers.header(flows, answers.ROUTER[version]), 11 if version == 4 else 3
    for quote in quotes(probes.build(flows, ProbeRequest(3, 7), 77)):
        for length in range(len(quote.data) + 1):
            reply = parse(headers.icmp_error(router, kind, 0, quote.data[:length]))
            place = quote.name, length
            if length < quote.message_at + 8:
                assert reply == Unparsed(UnparsedReason.TOO_SHORT), place
                continue
            assert isinstance(reply, ParsedReply), place
            assert changed_fields(reply, 77, flows.headers(3), flows) == (), place
            assert tags_of(reply.quoted) == (77,), place


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("version", [4, 6])
def test_behind_any_headers_a_probe_is_ours_though_a_nat_rewrote_its_source(
    version: int, protocol: Protocol
) -> None:
    icmp = HeaderField.ICMP_CHECKSUM
    field = icmp if protocol is Protocol.ICMP else HeaderField.SPORT
    flows = flows_of(version, protocol, field)
    router, kind = answers.header(flows, answers.ROUTER[version]), 11 if version == 4 else 3
    own = {77: flows.headers(3)}
    for quote in quotes(translated(probes.build(flows, ProbeRequest(3, 7), 77), NAT[version])):
        reply = parsed(headers.icmp_error(router, kind, 0, quote.data))
        ((changed, tag),) = fitting(reply, flows, own.get)
        assert ("source" in changed, tag) == (True, 77), quote.name


@pytest.mark.parametrize("version", [4, 6])
def test_the_quoted_ttl_is_that_of_the_probe_whatever_the_tunnel_counts(version: int) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    probe = probes.build(flows, ProbeRequest(3, 7), 77)
    router, kind = answers.header(flows, answers.ROUTER[version]), 11 if version == 4 else 3
    for tunnel_ttl in (1, 60):
        reply = parsed(headers.icmp_error(router, kind, 0, tunnelled(probe, ttl=tunnel_ttl)))
        assert (reply.quoted_ttl, reply.in_tunnel) == (7, True)
    assert not parsed(headers.icmp_error(router, kind, 0, probe)).in_tunnel


def test_tunnels_in_tunnels_are_read_however_many() -> None:
    flows = flows_of(4, Protocol.UDP, HeaderField.SPORT)
    probe = probes.build(flows, ProbeRequest(3, 7), 77)
    inside = probe
    while len(inside) < 60_000:
        inside = tunnelled(inside)
    reply = parsed(headers.icmp_error(answers.header(flows, ROUTER), 11, 0, inside))
    assert reply.quoted.sport == flows.headers(3).sport


def test_a_quoted_later_fragment_is_not_a_probe() -> None:
    whole = bytearray(REPLIES["udp4-time-exceeded"])
    whole[28 + 7] = 9  # fragment offset
    assert parse(intact(bytes(whole))) == Unparsed(UnparsedReason.BAD_QUOTE)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((0, 0x55), UnparsedReason.NOT_IP),
        ((9, 47), UnparsedReason.OTHER_PROTOCOL),
        ((20, 5), UnparsedReason.OTHER_MESSAGE),
        ((21, 1), UnparsedReason.OTHER_MESSAGE),  # reassembly time exceeded
        ((28 + 9, 47), UnparsedReason.BAD_QUOTE),
    ],
)
def test_a_datagram_that_is_not_a_reply_is_unparsed_with_the_reason(
    change: tuple[int, int], reason: UnparsedReason
) -> None:
    foreign = bytearray(REPLIES["udp4-time-exceeded"])
    foreign[change[0]] = change[1]
    is_icmp = change[0] >= 20
    assert parse(intact(bytes(foreign)) if is_icmp else bytes(foreign)) == Unparsed(reason)


@pytest.mark.parametrize("name", [name for name in REPLIES if EXPECTED[name][0] != "rst"])
def test_a_reply_with_a_wrong_icmp_checksum_is_unparsed(name: str) -> None:
    whole = REPLIES[name]
    at = 20 if whole[0] >> 4 == 4 else 40
    assert intact(whole) == whole
    for place in (at, at + 1, at + 3, at + 6, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 0x40
        assert parse(bytes(damaged)) == Unparsed(UnparsedReason.BAD_CHECKSUM)


def test_the_checksum_of_an_incomplete_datagram_is_not_checked() -> None:
    whole = bytearray(REPLIES["udp4-time-exceeded"])
    assert parsed(bytes(whole[:-1])).quoted.sport == parsed(bytes(whole)).quoted.sport
    whole[6] |= 0x20  # more fragments follow
    whole[-1] ^= 0xFF
    assert isinstance(parse(bytes(whole)), ParsedReply)


def header(source: object) -> IPHeader:
    return IPHeader(source=source, destination=SOURCE, protocol=1, ttl=250)  # type: ignore[arg-type]
