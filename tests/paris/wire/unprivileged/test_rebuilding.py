"""What ordinary sockets say of answers, made datagrams again: they parse as raw ones would."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING

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
from paris.packets import probes, replies
from paris.packets.checksums import checksum, pseudo_header, word_sum
from paris.packets.extensions import write_extensions
from paris.packets.headers import IPHeader, icmp_error, read_ip
from paris.packets.payloads import PAYLOADS, TEXT
from paris.packets.protocols import Protocol
from paris.packets.replies import ParsedReply
from paris.wire.linux.ancillary import Ancillary
from paris.wire.unprivileged import rebuilding
from tests.support.probes import COMBINATIONS, flows_of

if TYPE_CHECKING:
    from paris.packets.payloads import Payload

ROUTER = {4: ip_address("198.51.100.7"), 6: ip_address("2001:db8:7::7")}
KEPT_BY_KERNEL = {Protocol.UDP: 8, Protocol.ICMP: 0, Protocol.TCP: 0}
HEADER_BYTES = {4: 20, 6: 40}


def ancillary_of(version: int, kind: int = 0, code: int = 0, extension_at: int = 0) -> Ancillary:
    ancillary = Ancillary()
    ancillary.ttl, ancillary.is_error = 250, True
    ancillary.icmp_type, ancillary.icmp_code = kind or {4: 11, 6: 3}[version], code
    ancillary.offender, ancillary.extension_at = ROUTER[version].packed, extension_at
    return ancillary


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_a_probe_is_taken_apart_into_socket_options(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    flows = flows_of(version, protocol, field)
    datagram = probes.build(flows, ProbeRequest(5, 9), 777)
    sent, headers = rebuilding.read_sent(datagram), flows.headers(5)
    assert (sent.ttl, sent.traffic_class, sent.flow_label) == (9, 0x20, headers.flow_label)
    if protocol is Protocol.ICMP:
        assert (sent.sport, sent.dport) == (flows.sport, 0)
        assert sent.body == datagram[HEADER_BYTES[version] :]
    else:
        assert (sent.sport, sent.dport) == (headers.sport, headers.dport)
    if protocol is Protocol.UDP:
        # The kernel's checksum of this payload is the tag.
        length = 8 + len(sent.body)
        segment = struct.pack("!HHHH", sent.sport, sent.dport, length, 0) + sent.body
        pseudo = pseudo_header(flows.source.packed, flows.destination.packed, 17, length)
        assert checksum(pseudo + segment) == 777


@pytest.mark.parametrize("returned", [8, 18, 600])
@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_a_rebuilt_error_parses_like_one_from_a_raw_socket(
    version: int, protocol: Protocol, field: HeaderField, returned: int
) -> None:
    flows = flows_of(version, protocol, field)
    datagram = probes.build(flows, ProbeRequest(5, 9), 777)
    sent = rebuilding.read_sent(datagram)
    behind = datagram[HEADER_BYTES[version] + KEPT_BY_KERNEL[protocol] :][:returned]
    if protocol is Protocol.TCP:
        behind = behind[:4] + b"\x12\x34\x56\x78" + behind[8:]  # a sequence number of the kernel's
    rebuilt = rebuilding.icmp_error(sent, behind, ancillary_of(version))
    parsed = replies.parse(rebuilt)
    assert isinstance(parsed, ParsedReply)
    assert (parsed.responder, parsed.reply_ttl) == (ROUTER[version], 250)
    assert parsed.kind is ReplyKind.TIME_EXCEEDED
    assert parsed.quoted.carrier_tag == 777
    quoted = icmp_error(
        IPHeader(
            source=ROUTER[version], destination=flows.source, ttl=250,
            protocol=1 if version == 4 else 58,
        ),
        {4: 11, 6: 3}[version], 0,
        datagram[: HEADER_BYTES[version] + KEPT_BY_KERNEL[protocol] + returned],
    )  # fmt: skip
    raw = replies.parse(quoted)
    assert isinstance(raw, ParsedReply)
    assert parsed.quoted == raw.quoted


@pytest.mark.parametrize("version", [4, 6])
def test_rebuilt_datagrams_have_right_checksums(version: int) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    sent = rebuilding.read_sent(probes.build(flows, ProbeRequest(5, 9), 777))
    syn = rebuilding.read_sent(
        probes.build(flows_of(version, Protocol.TCP, HeaderField.SPORT), ProbeRequest(0, 9), 777)
    )
    for rebuilt in (
        rebuilding.icmp_error(sent, sent.body, ancillary_of(version)),
        rebuilding.tcp_reply(syn, open_port=True),
        rebuilding.udp_reply(
            flows.destination.packed,
            flows.source.packed,
            33434,
            20005,
            b"hello",
            ancillary_of(version),
        ),
    ):
        read = read_ip(rebuilt)
        assert read is not None
        header, payload = read
        if version == 4:
            assert word_sum(rebuilt[:20]) == 0xFFFF
        pseudo = pseudo_header(
            header.source.packed, header.destination.packed, header.protocol, len(payload)
        )
        assert word_sum(payload if header.protocol == 1 else pseudo + payload) == 0xFFFF


@pytest.mark.parametrize("tells_offset", [True, False])
@pytest.mark.parametrize("version", [4, 6])
def test_mpls_labels_behind_the_quote_are_read(version: int, *, tells_offset: bool) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    datagram = probes.build(flows, ProbeRequest(5, 9), 777)
    header = IPHeader(
        source=ROUTER[version], destination=flows.source, ttl=9, protocol=1 if version == 4 else 58
    )
    label = MplsEntry(16001, 3, bottom=True, ttl=1)
    whole = icmp_error(header, {4: 11, 6: 3}[version], 0, datagram, (label,))
    kept = HEADER_BYTES[version] + 8
    returned = whole[HEADER_BYTES[version] + 8 + kept :]
    # The kernel says where the extensions begin, or, of routers from before RFC 4884, nothing.
    ancillary = ancillary_of(version, extension_at=(128 - kept) if tells_offset else 0)
    parsed = replies.parse(
        rebuilding.icmp_error(rebuilding.read_sent(datagram), returned, ancillary)
    )
    assert isinstance(parsed, ParsedReply)
    assert (parsed.mpls, parsed.unread) == ((label,), ())


@pytest.mark.parametrize("hidden", [0, 4, 20, 24])
@pytest.mark.parametrize("version", [4, 6])
def test_extensions_are_found_whatever_the_kernel_hides_and_kept_if_damaged(
    version: int, hidden: int
) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    sent = rebuilding.read_sent(probes.build(flows, ProbeRequest(5, 9), 777))
    interface = InterfaceInfo(InterfaceRole.INCOMING, 9, name="eth3")
    structure = write_extensions((), (interface,))
    damaged = structure[:-1] + b"!"
    # The router quotes options or a routing header, which the kernel takes away as well.
    at = 128 - HEADER_BYTES[version] - 8 - hidden
    for data, interfaces, unread in (
        (structure, (interface,), ()),
        (damaged, (), (Unread(UnreadReason.CHECKSUM, damaged),)),
    ):
        returned = sent.body.ljust(at, b"\0") + data
        ancillary = ancillary_of(version, kind={4: 11, 6: 3}[version], extension_at=at)
        parsed = replies.parse(rebuilding.icmp_error(sent, returned, ancillary))
        assert isinstance(parsed, ParsedReply)
        assert (parsed.interfaces, parsed.unread) == (interfaces, unread)
        assert (parsed.quoted.carrier_tag, parsed.quoted.sport) == (777, flows.sport + 5)


@pytest.mark.parametrize("version", [4, 6])
def test_a_quote_too_short_for_the_tag_names_only_the_flow(version: int) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    sent = rebuilding.read_sent(probes.build(flows, ProbeRequest(5, 9), 777))
    for returned in (b"", b"\x01", bytes(14), bytes(100) + b"\x20\0\0\0"):
        assert rebuilding.tag_of_quote(17, returned, TEXT) == b""
    assert rebuilding.tag_of_quote(17, bytes(2) + sent.body[2:], TEXT) == bytes(2)
    assert len(sent.body) == 18
    parsed = replies.parse(
        rebuilding.icmp_error(rebuilding.without_tag(sent), b"", ancillary_of(version))
    )
    assert isinstance(parsed, ParsedReply)
    assert (parsed.quoted.carrier_tag, parsed.quoted.sport) == (0, flows.sport + 5)
    assert not parsed.quoted.ip_id


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.name)
def test_a_quote_names_the_probe_once_it_shows_the_word_that_balances_the_checksum(
    payload: Payload,
) -> None:
    flows = flows_of(4, Protocol.UDP, HeaderField.SPORT).replace(payload=payload)
    sent = rebuilding.read_sent(probes.build(flows, ProbeRequest(5, 9), 777))
    word, end = rebuilding.tag_of_body(sent, payload), payload.word_at + 2
    for shown in (end, len(sent.body)):
        assert rebuilding.tag_of_quote(17, sent.body[:shown], payload) == word
    for hidden in (sent.body[: end - 1], sent.body[: end - 2].ljust(1000, b"\0")):
        assert rebuilding.tag_of_quote(17, hidden, payload) == b""
    parsed = replies.parse(rebuilding.icmp_error(sent, sent.body[:end], ancillary_of(4)))
    assert isinstance(parsed, ParsedReply)
    assert parsed.quoted.carrier_tag == 777


@pytest.mark.parametrize("version", [4, 6])
def test_the_outcome_of_a_connection_becomes_a_reply_without_a_ttl(version: int) -> None:
    flows = flows_of(version, Protocol.TCP, HeaderField.SPORT)
    sent = rebuilding.read_sent(probes.build(flows, ProbeRequest(2, 9), 0xBEEF))
    for is_open, kind in ((True, ReplyKind.SYN_ACK), (False, ReplyKind.RST)):
        answer = rebuilding.tcp_reply(sent, open_port=is_open)
        parsed = replies.parse(answer, frozenset({"reply_ip_id"}))
        assert isinstance(parsed, ParsedReply)
        assert (parsed.kind, parsed.responder) == (kind, flows.destination)
        assert parsed.quoted.carrier_tag == 0xBEEF
        assert (parsed.reply_ttl, parsed.reply_ip_id) == (None, None)


@pytest.mark.parametrize("version", [4, 6])
def test_a_forged_payload_does_not_yield_the_tag_of_a_probe(version: int) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    sent = rebuilding.read_sent(probes.build(flows, ProbeRequest(5, 9), 777))
    forged = rebuilding.with_body(sent, b"\x12\x34 not ours")
    parsed = replies.parse(rebuilding.icmp_error(forged, forged.body, ancillary_of(version)))
    assert isinstance(parsed, ParsedReply)
    assert parsed.quoted.carrier_tag not in (0, 777)
    assert not parsed.quoted.ip_id
    # The same payload as ours makes the same probe of it.
    ours = rebuilding.with_body(sent, sent.body)
    assert rebuilding.read_sent(ours.datagram).body == sent.body
    reparsed = replies.parse(rebuilding.icmp_error(ours, ours.body, ancillary_of(version)))
    assert isinstance(reparsed, ParsedReply)
    assert reparsed.quoted.carrier_tag == 777
