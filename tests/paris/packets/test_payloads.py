"""Payloads: services answer them, and their answers yield the probe's tag."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, ProbeRequest
from mda.multiplex import LANE
from mda.variants import variant
from paris.errors import SettingsError
from paris.packets import payloads, probes, tags
from paris.packets.multiplex import MultiplexedFlows
from paris.packets.payloads import PAYLOADS, TEXT, named, tag_of_answer
from paris.packets.protocols import Protocol
from tests.support.probes import flows_of
from tests.support.services import SERVICES

if TYPE_CHECKING:
    from paris.packets.flows import Flows
    from paris.packets.payloads import Payload

TAGS = (1, 2, 0x8000, 0xBEEF, tags.HIGHEST_TAG)
ODD, EVEN = named("hex:c0ffee"), named("hex:C0FFEE00")


def speaking(version: int, payload: Payload) -> Flows:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    return flows.replace(payload=payload)


def segment_of(flows: Flows, tag: int) -> bytes:
    return probes.build(flows, ProbeRequest(3, 9), tag)[20 if flows.source.version == 4 else 40 :]


def tag_told(flows: Flows, tag: int, answer: bytes, responder: bytes | None = None) -> int:
    """The tag in an answer to the probe with `tag`."""
    segment = segment_of(flows, tag)
    ends = responder or flows.destination.packed, flows.source.packed
    return tag_of_answer(*ends, segment[2:4] + segment[:2], answer, flows.payloads)


@pytest.mark.parametrize("payload", PAYLOADS[1:], ids=lambda payload: payload.name)
@pytest.mark.parametrize("version", [4, 6])
def test_a_strict_service_answers_and_the_answer_yields_the_tag(
    version: int, payload: Payload
) -> None:
    flows = speaking(version, payload)
    for tag in TAGS:
        whom = str(flows.source), 20_003
        answer = SERVICES[payload.name](segment_of(flows, tag)[8:], whom)
        assert answer is not None
        assert SERVICES[payload.name](segment_of(speaking(version, TEXT), tag)[8:], whom) is None
        assert tag_told(flows, tag, answer) == tag
        signs = [int.from_bytes(answer[at : at + 4]) & mask for at, mask, _ in payload.signs]
        assert signs == [sign.value for sign in payload.signs]


@pytest.mark.parametrize("version", [4, 6])
def test_a_dns_server_answers_our_own_text_and_yields_the_tag(version: int) -> None:
    flows = speaking(version, TEXT)
    for tag in TAGS:
        word = segment_of(flows, tag)[8:10]
        # What BIND 9.18, NSD 4.6 and Unbound 1.17 answer to a probe.
        for rest in ("f001", "f044"):
            assert tag_told(flows, tag, word + bytes.fromhex(rest) + bytes(8)) == tag
        assert tag_told(flows, tag, word + b"\xf0d" + tags.TEXT[2:]) == tag


@pytest.mark.parametrize("payload", [*PAYLOADS, ODD, EVEN], ids=lambda payload: payload.name)
def test_an_echo_of_any_payload_yields_the_tag(payload: Payload) -> None:
    for version in (4, 6):
        flows = speaking(version, payload)
        for tag in TAGS:
            assert tag_told(flows, tag, segment_of(flows, tag)[8:]) == tag
            assert tag_told(flows, tag, segment_of(flows, tag)[8:-1]) == 0


@pytest.mark.parametrize("version", [4, 6])
def test_a_reply_from_another_address_yields_the_tag_given_the_probed_address(
    version: int,
) -> None:
    flows, random = speaking(version, named("ntp")), Random(1)
    probed = flows.destination
    for tag in TAGS:
        answer = SERVICES["ntp"](segment_of(flows, tag)[8:], ("", 0))
        assert answer is not None
        neighbours = [(probed + tag).packed, (probed - tag).packed]  # their sums may be 0
        for responder in (*neighbours, *(random.randbytes(len(probed.packed)) for _ in range(99))):
            told = tag_told(flows, tag, answer, responder)
            assert told
            assert tags.from_elsewhere(told, responder, probed.packed) == tag


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x12",
        b"\x12\x34",
        b"\x12\x34paris-trace",  # too little for an echo
        b"\x12\x34\xf0\x01",  # ... and for a DNS header
        b"\x12\x34pa" + bytes(8),  # a query
        b"\x12\x34\x90\x04" + bytes(8),  # a response to another kind of query
        b"\x24" + bytes(47),  # an origin that is not ours
        b"Mon Jan  1 00:00:00 1970\r\n",
    ],
    ids=[
        "nothing", "one byte", "one word", "too short for an echo", "too short for DNS", "a query",
        "a response to another query", "a time", "a text",
    ],
)  # fmt: skip
def test_a_udp_reply_that_returns_nothing_of_the_probe_yields_no_tag(answer: bytes) -> None:
    for payload in (*PAYLOADS, ODD):
        assert tag_told(speaking(4, payload), 7, answer) == 0


def test_each_lane_of_a_comparison_says_what_suits_its_port_and_reads_all_answers() -> None:
    text, web = speaking(4, TEXT), flows_of(4, Protocol.TCP, HeaderField.SPORT)
    dns = text.replace(dport=53, payload=named("dns"))
    joined = MultiplexedFlows.join([web, dns, text])
    assert joined.payloads == (named("dns"), TEXT)
    for lane, number in ((text, 2), (dns, 1)):
        first = number * LANE
        assert joined.payload_of(first) is lane.payload
        assert probes.build(joined, ProbeRequest(first, 9), 7) == probes.build(
            lane, ProbeRequest(0, 9), 7
        )


def test_a_port_without_a_service_of_its_own_gets_our_text() -> None:
    usual = {port: payloads.chosen(None, port).name for port in (53, 123, 161, 443, 3478)}
    assert list(usual.values()) == ["dns", "ntp", "snmp", "quic", "stun"]
    assert payloads.chosen(None, 33_434) is TEXT
    assert payloads.chosen("text", 53) is TEXT


def test_the_users_bytes_are_sent_as_they_are_before_ours() -> None:
    for own, sent in (("00", 4), ("c0ffee", 6), ("C0FFEE00", 6), ("00" * 1230, 1232)):
        payload = named(f"hex:{own}")
        assert payload.name == f"hex:{own.lower()}"
        said = segment_of(speaking(4, payload), 7)[8:]
        assert said.startswith(bytes.fromhex(own))
        assert len(said) == sent


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("hex:zz", "hex: needs bytes, as two hexadecimal digits each, not 'zz'"),
        ("hex:", "hex: needs bytes, as two hexadecimal digits each, not ''"),
        ("hex:123", "hex: needs bytes, as two hexadecimal digits each, not '123'"),
        ("hex:12 34", "hex: needs bytes, as two hexadecimal digits each, not '12 34'"),
        ("hex:" + "00" * 1231, "hex: takes 1230 bytes at most, not 1231"),
        ("dhcp", "no payload 'dhcp'; use text, dns, ntp, snmp, quic, stun or hex:BYTES"),
    ],
    ids=["no digits", "nothing", "half a byte", "a space", "too many", "an unknown name"],
)
def test_a_payload_that_cannot_be_sent_is_refused_in_one_line(name: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as refused:
        named(name)
    assert str(refused.value) == complaint


@pytest.mark.parametrize("payload", [*PAYLOADS, ODD, EVEN], ids=lambda payload: payload.name)
def test_an_answer_to_a_longer_probe_yields_the_tag_whatever_the_length(payload: Payload) -> None:
    for version in (4, 6):
        flows = speaking(version, payload)
        for length in (1280, 1281, 1500, 9000):
            long = probes.build(
                flows, ProbeRequest(variant(3, HeaderField.LENGTH, length), 9), 0xBEEF
            )
            assert len(long) == length
            said = long[20 if version == 4 else 40 :]
            assert said[6:8] == segment_of(flows, 0xBEEF)[6:8]  # the checksum is the tag
            assert tag_told(flows, 0xBEEF, said[8:]) == 0xBEEF
            word = said[8:][payload.word_at : payload.word_at + 2]
            assert word == segment_of(flows, 0xBEEF)[8:][payload.word_at : payload.word_at + 2]
