"""Answers read by the hundred: the same probes as read one by one, and no others."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mda.model import HeaderField, MplsEntry, ProbeRequest, Reply
from paris.engine.pending import Pending
from paris.packets import headers, probes, replies
from paris.packets.payloads import PAYLOADS, TEXT, named
from paris.packets.protocols import Protocol
from paris.packets.reply_matrix import Matcher
from tests.support.answers import ELSEWHERE, ROUTER, answers, header, strays
from tests.support.probes import COMBINATIONS, flows_of
from tests.support.services import SERVICES
from tests.support.translation import Way, quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from paris.packets.flows import Flows
    from paris.packets.payloads import Payload

WIDTH = 512
LONG = named("hex:" + 600 * "2a")  # its last two bytes lie behind a row's end


def rows_of(datagrams: list[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    """Datagrams as a ring shows them: rows of one width, and how long each is."""
    rows = np.zeros((len(datagrams), WIDTH), np.uint8)
    for row, datagram in zip(rows, datagrams, strict=True):
        row[: len(datagram)] = np.frombuffer(datagram[:WIDTH], np.uint8)
    return rows, np.array([len(datagram) for datagram in datagrams], np.uint32)


def said_to(flows: Flows, asked: bytes, tag: int) -> bytes:
    """What a service says that returns a part of a probe."""
    if flows.payload is TEXT:
        return asked if tag % 3 else asked[:2] + b"\xf0\x01" + bytes(8)
    answer = SERVICES[flows.payload.name](asked, (str(flows.source), 20_000))
    assert answer is not None
    return answer


def some_answers(flows: Flows, requests: dict[int, ProbeRequest]) -> list[bytes]:
    """An answer to each probe: a router's, with and without labels, or the destination's own."""
    version = flows.source.version
    router, near = header(flows, ROUTER[version]), header(flows, flows.destination)
    expired, unreachable = ((11, 0), (3, 3)) if version == 4 else ((3, 0), (1, 4))
    found = []
    for tag, request in requests.items():
        probe = probes.build(flows, request, tag)
        message = probe[20 if version == 4 else 40 :]
        end = near if tag % 7 else header(flows, ELSEWHERE[version])  # another of its addresses
        match tag % 5:
            case 0 if flows.protocol is Protocol.ICMP:
                found.append(headers.echo_reply(end, message))
            case 0 if flows.protocol is Protocol.TCP:
                found.append(headers.tcp_reply(end, message, open_port=tag % 2 == 0))
            case 0 if flows.protocol is Protocol.UDP and tag % 2 and flows.payload is not LONG:
                found.append(headers.udp_reply(end, message, said_to(flows, message[8:], tag)))
            case 0:
                found.append(headers.icmp_error(end, *unreachable, probe))
            case 1:
                labels = (MplsEntry(16001, 0, bottom=True, ttl=1),)
                found.append(headers.icmp_error(router, *expired, probe, labels))
            case 2 if tag % 4:  # from behind a NAT
                ways = {1: Way.SOURCE, 2: Way.SOURCE_AND_PORT, 3: Way.STALE_CHECKSUM}
                found.append(headers.icmp_error(router, *expired, quoted(probe, ways[tag % 4])))
            case 2:
                least = 28 if version == 4 else 48
                found.append(headers.icmp_error(router, *expired, probe[:least]))
            case 3 if version == 4:  # with options in the header of the answer
                plain = headers.icmp_error(router, *expired, probe)
                length = (len(plain) + 4).to_bytes(2, "big")
                found.append(b"\x46" + plain[1:2] + length + plain[4:20] + bytes(4) + plain[20:])
            case _:
                found.append(headers.icmp_error(router, *expired, probe))
    return found


def some_requests(random: Random) -> dict[int, ProbeRequest]:
    """Requests by tag, each once, because one that is sent twice needs no second answer."""
    every = [ProbeRequest(flow, ttl) for flow in range(1000) for ttl in range(1, 31)]
    return dict(zip(random.sample(range(1, 0xFFFE), 400), random.sample(every, 400), strict=True))


Found = tuple[ProbeRequest, bytes, bool]  # a request, who replied, and whether its path ends there


def both_ways(
    flows: Flows, requests: dict[int, ProbeRequest], datagrams: list[bytes]
) -> tuple[list[Found], list[Found], int]:
    """The replies as read singly and as read together, and how many of the latter are none."""
    pending, matcher = Pending(flows), Matcher(flows)
    for number, (tag, request) in enumerate(requests.items()):
        pending.add(tag, request, 0.0)
        matcher.add(np.array([tag]), np.array([request.flow]), np.array([number]))
    alone = []
    for datagram in datagrams:
        parsed = replies.parse(datagram, payloads=flows.payloads)
        if isinstance(parsed, replies.ParsedReply):
            reply = pending.match(parsed, 1.0)
            if isinstance(reply, Reply):
                alone.append((reply.request, reply.responder.packed, reply.ends_path))
    found = matcher.match(*rows_of(datagrams))
    by_number = list(requests.values())
    together = [
        (by_number[number], responder.tobytes(), bool(ends))
        for number, responder, ends in zip(
            found.probes, found.responders, found.ends_path, strict=True
        )
    ]
    return alone, together, matcher.unmatched


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_many_replies_at_once_are_read_like_single_replies(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    if field is HeaderField.FLOW_LABEL:
        return  # a label is not compared: ports and tag tell
    flows = flows_of(version, protocol, field)
    requests = some_requests(Random(3))
    datagrams = some_answers(flows, requests)
    datagrams += strays(flows)
    datagrams += some_answers(flows, {tag: requests[tag] for tag in list(requests)[:50]})  # twice
    alone, together, unmatched = both_ways(flows, requests, datagrams)
    assert len(alone) == len(requests)
    assert together == alone
    assert unmatched == len(datagrams) - len(requests)


@pytest.mark.parametrize("payload", [*PAYLOADS[1:], LONG], ids=lambda payload: payload.name[:9])
@pytest.mark.parametrize("version", [4, 6])
def test_replies_to_any_payload_are_read_like_single_replies(
    version: int, payload: Payload
) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT).replace(payload=payload)
    requests = some_requests(Random(3))
    alone, together, unmatched = both_ways(flows, requests, some_answers(flows, requests))
    if payload is LONG:  # a row does not show its word, which a NAT makes necessary
        alone = [own for own in alone if own in together]
    assert together == alone
    answered = {request for request, _, _ in alone}
    assert [request for request in requests.values() if request in answered] == [
        request for request, _, _ in alone
    ]
    # Behind a NAT of IPv6 a payload without a copy may not show whose it is.
    assert len(alone) == len(requests) if version == 4 else len(alone) > 0.7 * len(requests)
    assert unmatched == len(requests) - len(alone)


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.name)
@pytest.mark.parametrize("version", [4, 6])
def test_a_checksum_that_a_nat_has_left_names_no_other_probe(
    version: int, payload: Payload
) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT).replace(payload=payload)
    router, expired = header(flows, ROUTER[version]), 11 if version == 4 else 3
    every = np.arange(1, 0xFFFF)
    probe = probes.build(flows, ProbeRequest(3, 7), 0xBEEF)
    for way, is_shown in ((Way.RESTORED, True), (Way.STALE_CHECKSUM, True), (Way.SOURCE, False)):
        matcher = Matcher(flows)
        matcher.add(every, np.full_like(every, 3), every)  # all in flight, in one flow
        arrived = headers.icmp_error(router, expired, 0, quoted(probe, way))
        found = matcher.match(*rows_of([arrived])).probes.tolist()
        is_recognised = is_shown or payload.has_copies or version == 4
        assert found == [0xBEEF] * is_recognised


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("version", [4, 6])
def test_random_bytes_are_neither_a_reply_nor_an_exception(
    version: int, protocol: Protocol
) -> None:
    random = Random(9)
    field = HeaderField.ICMP_CHECKSUM if protocol is Protocol.ICMP else HeaderField.SPORT
    flows = flows_of(version, protocol, field)
    matcher = Matcher(flows)
    matcher.add(np.arange(1, 0xFFFF), np.arange(1, 0xFFFF) % 1000, np.arange(1, 0xFFFF))
    whole = answers(flows)
    wrong = [random.randbytes(random.randrange(200)) for _ in range(300)]
    wrong += [datagram[:cut] for datagram in whole for cut in range(0, 28)]
    found = matcher.match(*rows_of(wrong))
    assert len(found.rows) == 0
    assert matcher.unmatched == len(wrong)


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("version", [4, 6])
def test_replies_with_a_wrong_icmp_checksum_are_left_out(version: int, protocol: Protocol) -> None:
    field = HeaderField.ICMP_CHECKSUM if protocol is Protocol.ICMP else HeaderField.SPORT
    flows, requests = (
        flows_of(version, protocol, field),
        {1 + n: ProbeRequest(n, 3) for n in range(40)},
    )
    matcher = Matcher(flows)
    for tag, request in requests.items():
        matcher.add(np.array([tag]), np.array([request.flow]), np.array([tag]))
    datagrams = some_answers(flows, requests)
    number, protocol_at = (1, 9) if version == 4 else (58, 6)
    is_icmp = [whole[protocol_at] == number for whole in datagrams]
    damaged = []
    for whole, is_wrong in zip(datagrams, is_icmp, strict=True):
        at = 2 + (4 * (whole[0] & 0xF) if version == 4 else 40)
        damaged.append(whole[:at] + bytes([whole[at] ^ is_wrong]) + whole[at + 1 :])
    found = matcher.match(*rows_of(damaged))
    assert sorted(found.rows) == [row for row, is_wrong in enumerate(is_icmp) if not is_wrong]
