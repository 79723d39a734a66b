"""Probes in flight: answers find their probe, and only theirs."""

from __future__ import annotations

import gc
from functools import partial
from ipaddress import ip_address
from itertools import cycle, islice
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, Loss, ProbeRequest, Reply, ReplyKind, Unresolved
from mda.variants import variant
from paris.engine.flights import Flight, Stray, StrayReason
from paris.engine.pending import Pending
from paris.errors import WireError
from paris.packets import probes, tags
from paris.packets.headers import IPHeader, echo_reply, icmp_error, tcp_reply, udp_reply
from paris.packets.protocols import Protocol
from paris.packets.replies import ParsedReply, parse
from tests.support.probes import COMBINATIONS, flows_of
from tests.support.translation import Way, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from paris.packets.flows import Flows

ROUTER = {4: "198.51.100.7", 6: "2001:db8:7::7"}
ELSEWHERE = {4: "203.0.114.10", 6: "2001:db8:a::9"}


def answer_to(
    flows: Flows, request: ProbeRequest, tag: int, rewrite: Callable[[bytes], bytes] = bytes
) -> ParsedReply:
    """The time exceeded of a router that quotes as little as it may, after `rewrite`."""
    version = flows.source.version
    back = IPHeader(
        source=ip_address(ROUTER[version]), destination=flows.source,
        protocol=1 if version == 4 else 58, ttl=250,
    )  # fmt: skip
    quote = rewrite(probes.build(flows, request._replace(ttl=1), tag))
    quote = quote[: 28 if version == 4 else 1232]
    parsed = parse(icmp_error(back, 11 if version == 4 else 3, 0, quote))
    assert isinstance(parsed, ParsedReply)
    return parsed


def udp4() -> Flows:
    return flows_of(4, Protocol.UDP, HeaderField.SPORT)


def half_a_second(_: int) -> float:
    return 0.5


def flying(flows: Flows, request: ProbeRequest, at_s: float = 1.0) -> tuple[Pending, int]:
    pending = Pending(flows)
    tag = pending.reserve()
    pending.add(tag, request, at_s)
    return pending, tag


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_a_reply_matches_its_probe_once_and_is_a_duplicate_after_that(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    flows = flows_of(version, protocol, field)
    pending = Pending(flows, tags.in_turn(0xFE00))
    requests = {}
    for flow in range(40):
        tag = pending.reserve()
        requests[tag] = ProbeRequest(flow, 5)
        pending.add(tag, requests[tag], flow / 10)
    for tag, request in reversed(requests.items()):
        parsed = answer_to(flows, request, tag)
        reply = pending.match(parsed, 9.0)
        assert isinstance(reply, Reply)
        assert (reply.request, reply.sent_at_s, reply.changed) == (request, request.flow / 10, ())
        assert pending.match(parsed, 9.1) == Stray(StrayReason.DUPLICATE)
    assert pending.in_flight == 0


def test_a_reply_from_an_address_that_no_router_can_have_does_not_count() -> None:
    flows = udp4()
    pending, tag = flying(flows, ProbeRequest(2, 3))
    parsed = answer_to(flows, ProbeRequest(2, 3), tag)
    own = parsed._replace(responder=flows.source)
    assert pending.match(own, 2.0) == Stray(StrayReason.OWN_ADDRESS)
    for address in (ip_address("0.0.0.0"), ip_address("224.0.0.1")):
        forged = parsed._replace(responder=address)
        assert pending.match(forged, 2.0) == Stray(StrayReason.NO_RESPONDER)
    assert pending.in_flight == 1
    assert isinstance(pending.match(parsed, 2.0), Reply)


def test_a_probe_is_lost_after_its_timeout_and_a_late_reply_still_counts() -> None:
    flows = udp4()
    request = ProbeRequest(2, 3)
    pending, tag = flying(flows, request)
    assert pending.next_expiry_s(half_a_second) == 1.5
    assert pending.expire(1.49, half_a_second) == []
    lost = [Loss(request=request, sent_at_s=1.0, gave_up_at_s=1.5)]
    assert pending.expire(1.5, half_a_second) == lost
    assert (pending.in_flight, pending.next_expiry_s(half_a_second)) == (0, float("inf"))
    assert pending.expire(9.0, half_a_second) == []
    late = pending.match(answer_to(flows, request, tag), 2.0)
    assert isinstance(late, Reply)
    assert late.rtt_s == 1.0
    assert pending.in_flight == 0


def test_each_probe_is_lost_after_the_timeout_of_its_ttl() -> None:
    pending = Pending(udp4())
    requests = [ProbeRequest(0, 3), ProbeRequest(0, 1), ProbeRequest(0, 2), ProbeRequest(0, 1, 1)]
    for at_s, request in enumerate(requests):
        pending.add(pending.reserve(), request, float(at_s))
    timeouts_s = {1: 9.0, 2: 0.5, 3: 4.0}.__getitem__
    assert pending.next_expiry_s(timeouts_s) == 2.5
    assert [loss.request for loss in pending.expire(4.0, timeouts_s)] == [requests[0], requests[2]]
    assert pending.next_expiry_s(timeouts_s) == 10.0
    assert [probe.request for probe in pending.unresolved()] == [requests[1], requests[3]]
    assert [loss.request for loss in pending.expire(12.0, timeouts_s)] == [requests[1], requests[3]]


def test_probes_in_flight_at_the_end_are_unresolved() -> None:
    pending, _ = flying(udp4(), ProbeRequest(2, 3))
    assert pending.unresolved() == [Unresolved(ProbeRequest(2, 3), 1.0)]


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_probe_is_forgotten_once_it_has_its_outcome_and_its_tag_names_another(
    *, is_answered: bool
) -> None:
    flows = udp4()
    pending = Pending(flows, cycle(islice(tags.in_turn(), 8)))
    for number in range(100):
        tag, request = pending.reserve(), ProbeRequest(2, 3, number)
        pending.add(tag, request, 10.0 * number)
        if is_answered:
            pending.match(answer_to(flows, request, tag), 10.0 * number + 0.1)
        pending.expire(10.0 * number + 1.0, half_a_second)
    gc.collect()
    kept = [
        own for own in gc.get_objects() if isinstance(own, Flight) and own.request[:2] == (2, 3)
    ]
    assert len(kept) <= 8 + 2
    assert pending.unresolved() == []


def test_replies_to_probes_of_other_programs_are_strays() -> None:
    flows = udp4()
    request = ProbeRequest(2, 3)
    pending, tag = flying(flows, request)
    elsewhere = flows.replace(destination=ip_address("203.0.113.10"))
    other_port = flows.replace(dport=53)
    for foreign in (
        answer_to(elsewhere, request, tag),
        answer_to(other_port, request, tag),
        answer_to(flows, request, tag + 1),
        answer_to(flows_of(4, Protocol.TCP, HeaderField.SPORT), request, tag),
    ):
        assert pending.match(foreign, 2.0) == Stray(StrayReason.NOT_OURS)
    assert pending.in_flight == 1


def test_a_reply_matches_although_a_nat_rewrote_source_and_checksum_of_the_probe() -> None:
    flows = udp4()
    request = ProbeRequest(2, 3)
    pending, tag = flying(flows, request)
    parsed = answer_to(flows, request, tag)
    quoted = parsed.quoted._replace(
        source=ip_address("198.18.0.1").packed, carrier_tag=0x7777, traffic_class=0
    )
    reply = pending.match(parsed._replace(quoted=quoted), 2.0)
    assert isinstance(reply, Reply)
    assert reply.request == request
    assert reply.changed == ("source", "traffic-class", "udp-checksum")


def seen(flows: Flows, request: ProbeRequest, **shown: object) -> Reply | Stray:
    """What the answer to a probe is taken for if the quote shows other values than were sent."""
    pending, tag = flying(flows, request)
    parsed = answer_to(flows, request, tag)
    quoted = parsed.quoted._replace(**shown)  # type: ignore[arg-type]
    return pending.match(parsed._replace(quoted=quoted), 2.0)


OTHER = {4: ip_address("198.18.0.1").packed, 6: ip_address("2001:db8:ff::1").packed}
NOT_OURS = Stray(StrayReason.NOT_OURS)


@pytest.mark.parametrize(
    ("version", "protocol", "field", "shown", "changed"),
    [
        (4, Protocol.UDP, HeaderField.SPORT, {"sport": 9, "carrier_tag": 0x7777},
         ("source", "sport", "udp-checksum")),
        (4, Protocol.UDP, HeaderField.DPORT, {"sport": 9}, ("source", "sport")),
        (4, Protocol.ICMP, HeaderField.ICMP_CHECKSUM, {"identifier": 9, "icmp_checksum": 9},
         ("icmp-checksum", "identifier", "source")),
        (4, Protocol.TCP, HeaderField.SPORT, {"sport": 9, "ip_id": 9},
         ("ip-id", "source", "sport")),
        (6, Protocol.UDP, HeaderField.SPORT, {}, ("source",)),
    ],
)  # fmt: skip
def test_fields_that_a_nat_rewrites_are_reported(
    version: int,
    protocol: Protocol,
    field: HeaderField,
    shown: dict[str, object],
    changed: tuple[str, ...],
) -> None:
    flows = flows_of(version, protocol, field)
    reply = seen(flows, ProbeRequest(2, 3), source=OTHER[version], **shown)
    assert isinstance(reply, Reply)
    assert reply.changed == changed


@pytest.mark.parametrize("name", ["ip_id", "flow_label", "traffic_class"])
def test_a_field_that_a_middlebox_rewrites_is_reported(name: str) -> None:
    version = 6 if name == "flow_label" else 4
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    reply = seen(flows, ProbeRequest(2, 3), **{name: 9})
    assert isinstance(reply, Reply)
    assert reply.changed == (name.replace("_", "-"),)


def test_a_quote_with_another_port_but_our_source_is_a_stray() -> None:
    assert seen(udp4(), ProbeRequest(2, 3), sport=9) == NOT_OURS
    assert seen(udp4(), ProbeRequest(2, 3), sport=9, carrier_tag=0x7777) == NOT_OURS
    icmp = flows_of(4, Protocol.ICMP, HeaderField.ICMP_CHECKSUM)
    assert seen(icmp, ProbeRequest(2, 3), identifier=9) == NOT_OURS


def test_a_quote_with_another_source_needs_the_copy_of_the_tag() -> None:
    assert seen(udp4(), ProbeRequest(2, 3), source=OTHER[4], ip_id=0x7777) == NOT_OURS
    udp6 = flows_of(6, Protocol.UDP, HeaderField.SPORT)
    shown: dict[str, object] = {"source": OTHER[6], "payload_tag": None}
    assert seen(udp6, ProbeRequest(2, 3), **shown, sport=9) == NOT_OURS
    assert seen(udp6, ProbeRequest(2, 3), **shown) == NOT_OURS


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_every_quote_matches_its_own_probe_whatever_a_nat_rewrote(
    version: int, protocol: Protocol, field: HeaderField, way: Way
) -> None:
    flows = flows_of(version, protocol, field)
    pending = Pending(flows)
    # The tags are near each other, so that a rewritten checksum often equals another one.
    requests = [ProbeRequest(flow, ttl) for ttl in range(1, 30) for flow in range(30)]
    for tag, request in zip(sent(pending, 0.0, *requests), requests, strict=True):
        parsed = answer_to(flows, request, tag, partial(quoted, way=way))
        if (version, protocol, way) == (4, Protocol.UDP, Way.STALE_CHECKSUM):
            parsed = answer_to(flows, request, tag)  # in 28 bytes, either copy may be the wrong one
        reply = pending.match(parsed, 1.0)
        assert isinstance(reply, Reply)
        assert reply.request == request
        assert pending.match(parsed, 1.1) == Stray(StrayReason.DUPLICATE)


def test_a_checksum_that_a_nat_rewrote_to_another_probes_tag_matches_the_right_probe() -> None:
    flows = udp4()
    pending = Pending(flows)
    for ttl in (1, 2, 3):
        pending.add(pending.reserve(), ProbeRequest(5, ttl), 0.0)
    parsed = answer_to(flows, ProbeRequest(5, 3), 3)
    patched = parsed.quoted._replace(source=OTHER[4], carrier_tag=1)
    reply = pending.match(parsed._replace(quoted=patched), 1.0)
    assert isinstance(reply, Reply)
    assert reply.request == ProbeRequest(5, 3)
    mended = parsed.quoted._replace(carrier_tag=1)  # a quote whose source was put right again
    parsed = parsed._replace(quoted=mended._replace(ip_id=3))
    assert pending.match(parsed, 1.0) == Stray(StrayReason.AMBIGUOUS)


def test_a_quote_with_neither_tag_nor_copy_is_a_stray() -> None:
    flows = udp4()
    pending, tag = flying(flows, ProbeRequest(2, 3))
    parsed = answer_to(flows, ProbeRequest(2, 3), tag)
    forged = parsed.quoted._replace(carrier_tag=0x7777, ip_id=0x7777)
    assert pending.match(parsed._replace(quoted=forged), 2.0) == Stray(StrayReason.NOT_OURS)


def answer_from(source: str, flows: Flows, message: bytes, payload: bytes = b"") -> ParsedReply:
    """What the destination answers to a probe, given the probe's message, from this address."""
    version = flows.source.version
    back = IPHeader(
        source=ip_address(source), destination=flows.source, ttl=60,
        protocol=flows.protocol.number(version),
    )  # fmt: skip
    match flows.protocol:
        case Protocol.TCP:
            parsed = parse(tcp_reply(back, message, open_port=True))
        case Protocol.ICMP:
            parsed = parse(echo_reply(back, message))
        case Protocol.UDP:
            parsed = parse(udp_reply(back, message, payload or message[8:]))
    assert isinstance(parsed, ParsedReply)
    return parsed


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_an_answer_from_another_address_matches_by_tag_and_ports(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    flows, request = flows_of(version, protocol, field), ProbeRequest(2, 9)
    pending, tag = flying(flows, request)
    message = probes.build(flows, request, tag)[20 if version == 4 else 40 :]
    others = {
        "sport": b"\x12\x34" + message[2:],
        "dport": message[:2] + b"\x12\x34" + message[4:],
        "tag": message[:4] + bytes(4) + message[8:],
    }
    if protocol is Protocol.ICMP:
        others = {"identifier": message[:4] + b"\x12\x34" + message[6:]}
    elif protocol is Protocol.UDP:
        del others["tag"]  # it follows from the payload
    for name, other in others.items():
        stray = pending.match(answer_from(ELSEWHERE[version], flows, other), 2.0)
        assert stray == Stray(StrayReason.NOT_OURS), name
    answer = answer_from(ELSEWHERE[version], flows, message)
    reply = pending.match(answer, 2.0)
    assert isinstance(reply, Reply)
    assert (reply.request, str(reply.responder)) == (request, ELSEWHERE[version])
    assert (reply.changed, reply.ends_path) == ((), True)
    assert pending.match(answer, 2.1) == Stray(StrayReason.DUPLICATE)


@pytest.mark.parametrize("version", [4, 6])
def test_of_services_elsewhere_a_response_with_the_tag_is_an_answer_and_other_words_are_none(
    version: int,
) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    pending = Pending(flows)
    requests = probes_of(2, 7, 8, 9)
    for tag, request in zip(sent(pending, 1.0, *requests), requests, strict=True):
        message = probes.build(flows, request, tag)[20 if version == 4 else 40 :]
        said = answer_from(ELSEWHERE[version], flows, message, b"hello")
        assert pending.match(said, 1.5) == Stray(StrayReason.NOT_OURS)
        dns = message[8:10] + b"\xf0\x04" + bytes(8)
        reply = pending.match(answer_from(ELSEWHERE[version], flows, message, dns), 2.0)
        assert isinstance(reply, Reply)
        assert reply.request == request


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("version", [4, 6])
def test_where_destinations_vary_each_answers_its_own_probes(
    version: int, protocol: Protocol
) -> None:
    field = HeaderField.ICMP_CHECKSUM if protocol is Protocol.ICMP else HeaderField.SPORT
    flows = flows_of(version, protocol, field).replace(prefix_len=24 if version == 4 else 64)
    pending = Pending(flows)
    requests = [
        ProbeRequest(variant(flow, HeaderField.DESTINATION, number), 9)
        for flow in range(5)
        for number in (1, 2, 3)
    ]
    for tag, request in zip(sent(pending, 1.0, *requests), requests, strict=True):
        message = probes.build(flows, request, tag)[20 if version == 4 else 40 :]
        responder = flows.headers(request.flow).destination
        reply = pending.match(answer_from(str(responder), flows, message), 2.0)
        assert isinstance(reply, Reply)
        assert (reply.request, reply.responder) == (request, responder)


def test_tags_wrap_around_and_skip_those_in_flight() -> None:
    flows = udp4()
    pending = Pending(flows, tags.in_turn(0xFFFE))
    assert pending.reserve() == 0xFFFE
    pending.add(0xFFFE, ProbeRequest(0, 1), 0.0)
    tag = pending.reserve()
    assert tag == 1
    pending.add(tag, ProbeRequest(1, 1), 0.0)
    for number in range(2, 0xFFFE):
        tag = pending.reserve()
        pending.add(tag, ProbeRequest(number % 1000, number // 1000), 0.0)
    with pytest.raises(WireError, match="in flight at once"):
        pending.reserve()
    pending.match(answer_to(flows, ProbeRequest(700, 0), 700), 1.0)
    assert pending.reserve() == 700


def untagged(flows: Flows, request: ProbeRequest) -> ParsedReply:
    """What is left of an answer that quotes no more than the ports."""
    parsed = answer_to(flows, request, 1)
    return parsed._replace(quoted=parsed.quoted._replace(carrier_tag=0, ip_id=0))


def test_an_error_that_names_only_the_flow_matches_the_flows_only_probe() -> None:
    flows = udp4()
    pending, _ = flying(flows, ProbeRequest(3, 5))
    pending.add(pending.reserve(), ProbeRequest(4, 5), 1.0)
    assert pending.conversations.free_at_s(3) == float("inf")
    reply = pending.match(untagged(flows, ProbeRequest(3, 1)), 1.1)
    assert isinstance(reply, Reply)
    assert reply.request == ProbeRequest(3, 5)
    assert pending.conversations.free_at_s(3) < 1.1
    assert pending.match(untagged(flows, ProbeRequest(3, 1)), 1.2) == Stray(StrayReason.DUPLICATE)
    assert pending.in_flight == 1


def test_an_error_that_may_belong_to_two_probes_withdraws_both() -> None:
    flows = udp4()
    pending, _ = flying(flows, ProbeRequest(3, 5))
    pending.add(pending.reserve(), ProbeRequest(3, 6), 1.0)
    assert pending.match(untagged(flows, ProbeRequest(3, 1)), 1.1) == Stray(StrayReason.AMBIGUOUS)
    assert pending.conversations.withdrawn() == [ProbeRequest(3, 5), ProbeRequest(3, 6)]
    assert (pending.conversations.withdrawn(), pending.in_flight) == ([], 0)
    withdrawn = [Unresolved(ProbeRequest(3, ttl), 1.0) for ttl in (5, 6)]
    assert pending.unresolved() == withdrawn
    # Until a second has passed since, the next answer could be to one of those.
    assert pending.conversations.free_at_s(3) == 2.0
    pending.add(pending.reserve(), ProbeRequest(3, 5), 2.0)
    reply = pending.match(untagged(flows, ProbeRequest(3, 1)), 2.05)
    assert isinstance(reply, Reply)
    assert (reply.request, reply.sent_at_s) == (ProbeRequest(3, 5), 2.0)
    assert pending.unresolved() == withdrawn[1:]


def test_a_withdrawn_probe_that_is_never_settled_does_not_keep_those_after_it() -> None:
    flows = udp4()
    pending, _ = flying(flows, ProbeRequest(3, 5))
    pending.add(pending.reserve(), ProbeRequest(3, 6), 1.0)
    pending.match(untagged(flows, ProbeRequest(3, 1)), 1.1)
    for second in range(20, 120):
        pending.add(pending.reserve(), ProbeRequest(3, 7, second), float(second))
        assert len(pending.expire(second + 0.6, half_a_second)) == 1
    assert pending.unresolved() == [Unresolved(ProbeRequest(3, ttl), 1.0) for ttl in (5, 6)]
    assert len(pending.conversations.of(3).unanswered) <= 2 + 11


def test_a_late_reply_to_a_withdrawn_probe_counts_once() -> None:
    flows = udp4()
    pending, tag = flying(flows, ProbeRequest(3, 5))
    pending.add(pending.reserve(), ProbeRequest(3, 6), 1.0)
    pending.match(untagged(flows, ProbeRequest(3, 1)), 1.1)
    again = pending.reserve()
    pending.add(again, ProbeRequest(3, 5), 2.0)
    reply = pending.match(answer_to(flows, ProbeRequest(3, 5), tag), 2.1)
    assert isinstance(reply, Reply)
    assert reply.sent_at_s == 1.0
    late = pending.match(answer_to(flows, ProbeRequest(3, 5), again), 2.2)
    assert late == Stray(StrayReason.DUPLICATE)
    assert pending.in_flight == 0


def test_a_corrected_send_time_counts_while_its_probe_is_in_flight() -> None:
    flows = udp4()
    pending, tag = flying(flows, ProbeRequest(0, 5))
    pending.correct(0, 1.5)
    assert pending.next_expiry_s(half_a_second) == 2.0
    reply = pending.match(answer_to(flows, ProbeRequest(0, 5), tag), 2.0)
    assert isinstance(reply, Reply)
    assert reply.rtt_s == 0.5
    pending.correct(0, 1.7)  # too late to change what has been reported


ECHO = b""  # stands for all that the probe carried
UDP = Protocol.UDP


def said(flows: Flows, flow: int, payload: bytes = b"hello", *, tag: int = 1) -> ParsedReply:
    """What a service of the destination answers to a probe of a flow."""
    headers = flows.headers(flow)
    back = IPHeader(source=headers.destination, destination=headers.source, protocol=17, ttl=60)
    segment = probes.build(flows, ProbeRequest(flow, 9), tag)[-26:]
    parsed = parse(udp_reply(back, segment, payload or segment[8:]))
    assert isinstance(parsed, ParsedReply)
    return parsed


def sent(pending: Pending, at_s: float, *requests: ProbeRequest) -> list[int]:
    """The tags of these, sent at one moment."""
    given = []
    for request in requests:
        given.append(pending.reserve())
        pending.add(given[-1], request, at_s)
    return given


def probes_of(flow: int, *ttls: int) -> list[ProbeRequest]:
    return [ProbeRequest(flow, ttl) for ttl in ttls]


UDP_PLANS = [(version, field) for version, protocol, field in COMBINATIONS if protocol is UDP]


@pytest.mark.parametrize(("version", "field"), UDP_PLANS)
def test_an_echoed_payload_matches_its_probe_among_all_probes_of_the_flow(
    version: int, field: HeaderField
) -> None:
    flows = flows_of(version, Protocol.UDP, field)
    pending = Pending(flows)
    requests = [*probes_of(3, 5, 6, 7), *probes_of(4, 5, 6)]
    for tag, request in zip(sent(pending, 1.0, *requests), requests, strict=True):
        reply = pending.match(said(flows, request.flow, ECHO, tag=tag), 1.1)
        assert isinstance(reply, Reply)
        assert (reply.request, reply.kind) == (request, ReplyKind.UDP_ANSWER)
        assert reply.ends_path
        again = pending.match(said(flows, request.flow, ECHO, tag=tag), 1.2)
        assert again == Stray(StrayReason.DUPLICATE)
    assert not pending.conversations.one_at_a_time


def test_a_udp_reply_without_a_tag_matches_the_flows_only_probe() -> None:
    flows, pending = udp4(), Pending(udp4())
    sent(pending, 1.0, *probes_of(3, 5), *probes_of(4, 5))
    reply = pending.match(said(flows, 3), 1.1)
    assert isinstance(reply, Reply)
    assert reply.request == ProbeRequest(3, 5)
    assert reply.rtt_s == pytest.approx(0.1)
    assert pending.conversations.one_at_a_time
    assert pending.match(said(flows, 9), 1.2) == Stray(StrayReason.NOT_OURS)
    # A service may reply twice: for a second, its reply looks like the next one.
    assert pending.match(said(flows, 3), 1.2) == Stray(StrayReason.DUPLICATE)
    assert pending.conversations.free_at_s(3) == 2.0


def test_a_udp_reply_that_may_belong_to_several_probes_withdraws_them() -> None:
    flows, pending = udp4(), Pending(udp4())
    tags = sent(pending, 1.0, *probes_of(3, 5, 6, 7), *probes_of(4, 7))
    assert pending.match(said(flows, 3), 1.1) == Stray(StrayReason.AMBIGUOUS)
    assert pending.conversations.withdrawn() == probes_of(3, 5, 6, 7)
    assert pending.match(said(flows, 3), 1.1) == Stray(StrayReason.AMBIGUOUS)
    assert (pending.conversations.withdrawn(), pending.in_flight) == ([], 1)
    # What was withdrawn and is quoted after all is answered, and is asked no more.
    reply = pending.match(answer_to(flows, ProbeRequest(3, 5), tags[0]), 1.15)
    assert isinstance(reply, Reply)
    assert pending.conversations.free_at_s(3) == 2.0
    sent(pending, 2.0, ProbeRequest(3, 6))
    reply = pending.match(said(flows, 3), 2.1)
    assert isinstance(reply, Reply)
    assert (reply.request, reply.sent_at_s) == (ProbeRequest(3, 6), 2.0)
    assert pending.unresolved() == [Unresolved(ProbeRequest(3, 7), 1.0),
                                    Unresolved(ProbeRequest(4, 7), 1.0)]  # fmt: skip


def test_a_second_udp_reply_to_one_probe_is_not_matched_to_the_next_probe() -> None:
    flows, pending = udp4(), Pending(udp4())
    (tag, _) = sent(pending, 1.0, *probes_of(3, 5, 6))
    assert isinstance(pending.match(said(flows, 3, ECHO, tag=tag), 1.1), Reply)
    assert pending.match(said(flows, 3), 1.11) == Stray(StrayReason.AMBIGUOUS)
    assert pending.conversations.withdrawn() == probes_of(3, 6)


def test_a_flow_pauses_for_twice_the_slowest_reply() -> None:
    flows, pending = udp4(), Pending(udp4())
    sent(pending, 0.0, *probes_of(3, 5, 6))
    assert pending.match(said(flows, 3), 1.5) == Stray(StrayReason.AMBIGUOUS)
    # The other one is on its way still: to ask again now would be to take it for that answer.
    assert pending.conversations.free_at_s(3) == 3.0
    assert pending.match(said(flows, 3), 1.6) == Stray(StrayReason.AMBIGUOUS)
    sent(pending, 3.2, ProbeRequest(3, 5))
    reply = pending.match(said(flows, 3), 4.7)
    assert isinstance(reply, Reply)
    assert reply.request == ProbeRequest(3, 5)
    assert reply.rtt_s == pytest.approx(1.5)
    pending.match(said(flows, 3), 100.0)
    assert pending.conversations.free_at_s(3) < 20  # whatever comes from long ago


def test_a_payload_that_only_looks_like_a_tag_matches_by_flow() -> None:
    flows, pending = udp4(), Pending(udp4())
    sent(pending, 1.0, *probes_of(3, 5))
    reply = pending.match(said(flows, 3, ECHO, tag=0x7777), 1.1)
    assert isinstance(reply, Reply)
    assert reply.request == ProbeRequest(3, 5)


def test_flows_with_the_same_ports_share_a_conversation() -> None:
    by_label = flows_of(6, Protocol.UDP, HeaderField.FLOW_LABEL)
    classified = udp4().replace(prefix_len=24)
    for flows, other in ((by_label, 4), (classified, variant(3, HeaderField.TRAFFIC_CLASS, 1))):
        pending = Pending(flows)
        assert pending.conversations.of(3) is pending.conversations.of(other)
        sent(pending, 1.0, *probes_of(3, 5), *probes_of(other, 5))
        assert pending.match(said(flows, 3), 1.1) == Stray(StrayReason.AMBIGUOUS)
        assert pending.conversations.withdrawn() == [*probes_of(3, 5), *probes_of(other, 5)]


@pytest.mark.parametrize(
    "field", [HeaderField.DPORT, HeaderField.DESTINATION, HeaderField.PROTOCOL]
)
def test_a_udp_reply_to_a_variant_matches_by_ports_and_addresses(field: HeaderField) -> None:
    flows = udp4().replace(prefix_len=24)
    if field is HeaderField.PROTOCOL:
        flows = flows_of(4, Protocol.TCP, HeaderField.SPORT).replace(prefix_len=24)
    other = variant(3, field, 1)
    pending = Pending(flows)
    sent(pending, 1.0, *probes_of(3, 5), *probes_of(other, 5))
    reply = pending.match(said(flows, other), 1.1)
    assert isinstance(reply, Reply)
    assert reply.request == ProbeRequest(other, 5)
    assert reply.responder == flows.headers(other).destination
