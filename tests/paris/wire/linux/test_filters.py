"""Kernel filters let in what can answer our probes, and nothing else: run by the kernel itself."""

from __future__ import annotations

import socket
from contextlib import closing
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, ProbeRequest
from mda.variants import variant
from paris.packets import headers, probes, tags
from paris.packets.multiplex import MultiplexedFlows
from paris.packets.payloads import PAYLOADS
from paris.packets.protocols import Protocol
from paris.wire.linux import filters
from paris.wire.linux.filters import Sent
from tests.support.answers import (
    ELSEWHERE,
    ELSEWHERE_BESIDE,
    HEADER_BYTES,
    ROUTER,
    answers,
    header,
    strays,
)
from tests.support.probes import COMBINATIONS, flows_of
from tests.support.quotes import extended, quotes
from tests.support.services import SERVICES
from tests.support.translation import NAT, Way, quoted, translated

if TYPE_CHECKING:
    from paris.packets.flows import Flows
    from paris.packets.payloads import Payload
    from paris.wire.linux.bpf import Instruction


def kept(instructions: list[Instruction], datagrams: list[bytes]) -> list[bytes]:
    """Those that a socket with this filter receives: any kind of socket can have one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with closing(ours), closing(theirs):
        filters.attach(ours, instructions)
        ours.setblocking(False)
        found = []
        for datagram in datagrams:
            theirs.send(datagram)
            try:
                found.append(ours.recv(1 << 16))
            except BlockingIOError:
                continue
        return found


def whole_filter(flows: Flows, sent: range = filters.ALL) -> list[Instruction]:
    at = HEADER_BYTES[flows.source.version]
    kept = filters.icmp_replies(flows, at, sent)
    if Protocol.TCP in flows.protocols:
        kept = filters.either(kept, filters.tcp_replies(flows, at, sent))
    if Protocol.UDP in flows.protocols:
        kept = filters.either(kept, filters.udp_replies(flows, at))
    return kept


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_the_filter_keeps_every_reply_and_drops_every_stray(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    flows = flows_of(version, protocol, field)
    expected = answers(flows)
    assert kept(whole_filter(flows), [*expected, *strays(flows)]) == expected


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_the_filter_keeps_answers_with_a_tag_from_another_address(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    flows, at = flows_of(version, protocol, field), HEADER_BYTES[version]
    message = probes.build(flows, ProbeRequest(3, 7), 77)[at:]
    elsewhere = header(flows, ELSEWHERE[version])
    match protocol:
        case Protocol.ICMP:
            expected = [headers.echo_reply(elsewhere, message)]
        case Protocol.TCP:
            expected = [headers.tcp_reply(elsewhere, message, open_port=is_open) for is_open in
                        (True, False)]  # fmt: skip
        case Protocol.UDP:
            said = message[8:], message[8:10] + b"\xf0\x04" + bytes(8)
            expected = [headers.udp_reply(elsewhere, message, payload) for payload in said]
    assert kept(whole_filter(flows, range(50, 100)), expected) == expected


def test_the_filter_keeps_a_reply_with_ip_options() -> None:
    flows = flows_of(4, *COMBINATIONS[0][1:])
    (answer, *_) = answers(flows)
    with_options = bytes([0x46]) + answer[1:20] + b"\x94\x04\0\0" + answer[20:]
    assert kept(whole_filter(flows), [with_options]) == [with_options]


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_the_filter_of_a_raw_ipv6_socket_works_without_the_ip_header(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    if version == 4:
        return
    flows = flows_of(version, protocol, field)
    shown = [flow[40:] for flow in answers(flows) if flow[6] == 58]
    theirs = [flow[40:] for flow in strays(flows) if len(flow) > 40 and flow[6] == 58]
    assert kept(filters.icmp_replies(flows, 0), [*shown, *theirs]) == shown


@pytest.mark.parametrize("version", [4, 6])
def test_the_filter_keeps_replies_to_variants(version: int) -> None:
    prefix_len = 20 if version == 4 else 52
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT).replace(prefix_len=prefix_len)
    router, kind = header(flows, ROUTER[version]), 11 if version == 4 else 3
    expected = []
    for field in (HeaderField.DESTINATION, HeaderField.PROTOCOL, HeaderField.ALL):
        probe = probes.build(flows, ProbeRequest(variant(3, field, 1), 7), 77)
        expected.append(headers.icmp_error(router, kind, 0, probe))
        if field is HeaderField.PROTOCOL:
            end = header(flows, flows.destination)
            message = probe[HEADER_BYTES[version] :]
            expected.append(headers.tcp_reply(end, message, open_port=False))
    beside = flows.replace(destination=ELSEWHERE_BESIDE[version])
    stray = headers.icmp_error(router, kind, 0, probes.build(beside, ProbeRequest(3, 7), 77))
    assert kept(whole_filter(flows), [*expected, stray]) == expected


@pytest.mark.parametrize("version", [4, 6])
def test_the_filter_keeps_udp_replies_from_every_probed_port(version: int) -> None:
    fixed = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    upwards = flows_of(version, Protocol.UDP, HeaderField.DPORT)
    dns, web = fixed.replace(dport=53), fixed.replace(protocol=Protocol.TCP, dport=443)
    at = HEADER_BYTES[version]
    for flows, low, high in (
        (fixed, 33_434, 33_434),
        (upwards, 33_434, 0xFFFF),
        (fixed.replace(varies=True), 0, 0xFFFF),
        (MultiplexedFlows.join([web, fixed, dns]), 53, 33_434),
    ):
        said = {
            port: headers.udp(header(flows, flows.destination, 17), port, 20_003, b"hello", 0)
            for port in {low - 1, low, high, high + 1} & set(range(0x10000))
        }
        expected = [text for port, text in said.items() if low <= port <= high]
        assert kept(filters.udp_replies(flows, at), list(said.values())) == expected


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
@pytest.mark.parametrize("sent", [filters.NONE, range(100, 200), range(1, 1 << 16)])
def test_the_filter_drops_replies_with_tags_that_were_not_sent(
    version: int, protocol: Protocol, field: HeaderField, sent: range
) -> None:
    flows = flows_of(version, protocol, field)
    numbers = (1, 99, 100, 199, 200, 0xFFFE)
    at = 9 if version == 4 else 6
    tagged = {
        number: [answer for answer in answers(flows, number) if answer[at] != 17]
        for number in numbers
    }
    arriving = [answer for number in numbers for answer in tagged[number]]
    expected = [answer for number in numbers if number in sent for answer in tagged[number]]
    assert kept(whole_filter(flows, sent), arriving) == expected


def test_the_filter_keeps_a_quote_with_any_copy_of_the_tag_or_too_short_for_the_last() -> None:
    flows = flows_of(4, Protocol.UDP, HeaderField.SPORT)
    probe = probes.build(flows, ProbeRequest(3, 7), 77)

    def answer(ip_id: bytes, tag: bytes, payload: bytes = b"") -> bytes:
        quote = probe[:4] + ip_id + probe[6:26] + tag + payload
        return headers.icmp_error(header(flows, ROUTER[4]), 11, 0, quote)

    copy, tag, other, none = probe[4:6], probe[26:28], b"\xab\xcd", b"\0\0"
    payload = probe[28:]
    expected = [answer(copy, other), answer(other, tag), answer(none, none)]
    expected.append(answer(other, other, payload))
    # Another program's, or one whose tags were all rewritten: it is counted.
    expected += [answer(other, other, payload[:-3]), answer(other, other), answer(other, none)]
    theirs = payload[:-4] + tags.copies(777)
    strays = [answer(other, other, theirs), answer(other, none, theirs)]
    assert kept(whole_filter(flows, range(50, 100)), [*expected, *strays]) == expected


@pytest.mark.parametrize("is_translated", [False, True])
@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("version", [4, 6])
def test_the_filter_keeps_every_quote_of_a_probe_whatever_is_before_it_and_wherever_it_is_cut(
    version: int, protocol: Protocol, is_translated: bool
) -> None:
    icmp = HeaderField.ICMP_CHECKSUM
    flows = flows_of(version, protocol, icmp if protocol is Protocol.ICMP else HeaderField.SPORT)
    router, kind = header(flows, ROUTER[version]), 11 if version == 4 else 3
    probe = probes.build(flows, ProbeRequest(3, 7), 77)
    arriving = [
        headers.icmp_error(router, kind, 0, quote.data[:length])
        for quote in quotes(translated(probe, NAT[version]) if is_translated else probe)
        for length in range(len(quote.data) + 1)
    ]
    at = HEADER_BYTES[version]
    assert kept(whole_filter(flows, range(50, 100)), arriving) == arriving
    if version == 6:
        shown = [whole[at:] for whole in arriving]
        assert kept(filters.icmp_replies(flows, 0, range(50, 100)), shown) == shown


@pytest.mark.parametrize("version", [4, 6])
def test_the_filter_drops_quotes_of_others_behind_other_headers(version: int) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    others = flows.replace(source=NAT[version], destination=ELSEWHERE[version])
    router, kind = header(flows, ROUTER[version]), 11 if version == 4 else 3
    arriving = [
        headers.icmp_error(router, kind, 0, quote.data)
        for quote in quotes(probes.build(others, ProbeRequest(3, 7), 77))
        if quote.name.count(",") < 2  # with more headers it cannot judge
    ]
    assert kept(whole_filter(flows), arriving) == []


def test_the_filter_keeps_quotes_of_probes_from_any_of_many_sources() -> None:
    sources = tuple(ip_address("2001:db8::100") + number for number in range(60))
    flows = flows_of(6, Protocol.UDP, HeaderField.SPORT).replace(prefix_len=64, sources=sources
    )  # fmt: skip
    router, probe = header(flows, ROUTER[6]), probes.build(flows, ProbeRequest(3, 7), 77)
    arriving = [
        headers.icmp_error(router, 3, 0, extended(translated(probe, source), ("segments",)))
        for source in sources
    ]
    plain = headers.icmp_error(router, 3, 0, probe)
    assert kept(whole_filter(flows), [*arriving, plain]) == [*arriving, plain]


def test_the_filter_keeps_answers_to_us_behind_extension_headers_unless_cut_in_fragments() -> None:
    flows = flows_of(6, Protocol.UDP, HeaderField.SPORT)
    plain = answers(flows)[0]
    names = ("options", "hop-by-hop", "authentication", "last segment")
    arriving = [extended(plain, (name,)) for name in names]
    first = extended(plain, ("fragment",))
    whole = first[:43] + b"\0" + first[44:]
    elsewhere = arriving[0][:24] + ELSEWHERE[6].packed + arriving[0][40:]
    found = kept(filters.extended_replies(flows), [*arriving, whole, first, elsewhere, plain])
    assert found == [*arriving, whole]


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_the_filter_keeps_the_quote_of_a_probe_whatever_a_nat_rewrote(
    version: int, protocol: Protocol, field: HeaderField, way: Way
) -> None:
    flows, kind = flows_of(version, protocol, field), 11 if version == 4 else 3
    arriving = [
        headers.icmp_error(
            header(flows, ROUTER[version]), kind, 0,
            quoted(probes.build(flows, ProbeRequest(3, 7), tag), way),
        )
        for tag in (77, 777)
    ]  # fmt: skip
    at = HEADER_BYTES[version]
    assert kept(filters.icmp_replies(flows, at, range(50, 100)), arriving) == arriving[:1]
    if version == 6:
        shown = [whole[at:] for whole in arriving]
        assert kept(filters.icmp_replies(flows, 0, range(50, 100)), shown) == shown[:1]


def test_the_filter_keeps_udp_replies_only_to_ports_that_were_used() -> None:
    for version in (4, 6):
        flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
        end, at = header(flows, flows.destination, 17), HEADER_BYTES[version]
        said = [headers.udp(end, flows.dport, port, b"hello", 0) for port in range(495, 505)]
        for sent in (filters.NONE, range(498, 501)):
            expected = [said[port - 495] for port in sent]
            assert kept(filters.udp_replies(flows, at, sent), said) == expected


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.name)
@pytest.mark.parametrize("version", [4, 6])
def test_the_filter_keeps_the_quote_of_any_payload_with_a_checksum_that_a_nat_has_left(
    version: int, payload: Payload
) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT).replace(payload=payload)
    router, kind = header(flows, ROUTER[version]), 11 if version == 4 else 3
    probe = probes.build(flows, ProbeRequest(3, 7), 77)
    ours = headers.icmp_error(router, kind, 0, quoted(probe, Way.STALE_CHECKSUM))
    at = HEADER_BYTES[version]
    foreign = probe[: at + 6] + b"\xab\xcd" + bytes(range(0xA0, 0xE0))
    if version == 4:
        foreign = foreign[:4] + b"\xab\xcd" + foreign[6:]
    theirs = headers.icmp_error(router, kind, 0, foreign)
    assert kept(filters.icmp_replies(flows, at, range(50, 100)), [ours, theirs]) == [ours]


@pytest.mark.parametrize("version", [4, 6])
def test_the_filter_keeps_from_elsewhere_what_any_payload_may_be_answered(version: int) -> None:
    plain = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    lanes = [plain.replace(payload=payload, dport=payload.ports[0]) for payload in PAYLOADS[1:]]
    at = HEADER_BYTES[version]
    for flows in (*lanes, MultiplexedFlows.join(lanes)):
        elsewhere = header(flows, ELSEWHERE[version], 17)
        said, strange = [], []
        for lane in lanes if flows not in lanes else [flows]:
            asked = probes.build(lane, ProbeRequest(0, 9), 7)[at + 8 :]
            answer = SERVICES[lane.payload.name](asked, (str(lane.source), 20_000))
            assert answer is not None
            said.append(headers.udp(elsewhere, lane.dport, 20_000, answer, 0))
            strange.append(headers.udp(elsewhere, lane.dport, 20_000, b"whatever you ask" * 4, 0))
        assert kept(filters.udp_replies(flows, at), [*said, *strange]) == said


def test_the_range_of_tags_and_ports_grows_in_steps() -> None:
    flows = flows_of(4, Protocol.UDP, HeaderField.SPORT)
    sent = Sent(flows)

    def add(*numbers: tuple[int, int]) -> bool:
        return sent.add([probes.build(flows, ProbeRequest(flow, 1), tag) for flow, tag in numbers])

    assert not add()
    assert add((0, 30_000), (1, 30_001))
    assert not add((1, 30_001), (2, 30_002))  # what comes next is let in as well
    assert (len(sent.tags), len(sent.ports)) == (2048, 256)
    before = sent.tags
    assert add((2, before.stop))
    assert (before.start, before.stop) == (sent.tags.start, sent.tags.stop - 2048)
    assert add((300, 30_000))
    assert {flows.sport, flows.sport + 300} < set(sent.ports)
    assert add((0, 0xFFFE), (0, 1))  # tags begin anew
    assert (1 in sent.tags, 0xFFFE in sent.tags, 0 in sent.tags) == (True, True, False)
    assert not add((0, 2), (0, 0xFFFD))


def test_the_filter_keeps_replies_to_the_highest_tcp_tag() -> None:
    flows, highest = flows_of(6, Protocol.TCP, HeaderField.SPORT), tags.HIGHEST_TAG
    sent = Sent(flows)
    assert sent.add([probes.build(flows, ProbeRequest(0, 1), highest)])
    arriving = [*answers(flows, highest), *answers(flows, 7)]
    assert kept(whole_filter(flows, sent.tags), arriving) == answers(flows, highest)


def test_the_identifier_of_an_echo_request_counts_as_its_port() -> None:
    flows = flows_of(6, Protocol.ICMP, HeaderField.ICMP_CHECKSUM)
    sent = Sent(flows)
    assert sent.add([probes.build(flows, ProbeRequest(5, 1), 7)])
    assert flows.sport in sent.ports
