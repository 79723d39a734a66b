"""Tags: every one has a copy that the IPv4 header can carry, and comes back from it."""

from __future__ import annotations

from random import Random

import pytest

from mda.model import HeaderField, ProbeRequest
from paris.packets import probes, tags
from paris.packets.protocols import Protocol
from tests.support.probes import flows_of

EVERY = range(tags.FIRST_TAG, tags.HIGHEST_TAG + 1)


def test_the_ip_identification_yields_its_tag_and_is_never_0() -> None:
    assert all(tags.tag_of(tags.ip_id(tag)) == tag for tag in EVERY)
    assert all(1 <= tags.ip_id(tag) <= 0xFFFF for tag in EVERY)


def test_a_sequence_number_yields_its_tag() -> None:
    assert all(tags.of_sequence(tags.sequence(tag)) == tag for tag in EVERY)


@pytest.mark.parametrize("number", [0, 1, 0xBEEF, 0xBEEF_BEEE, 0xDEAD_BEEF, 0xFFFF_FFFE])
def test_a_sequence_number_of_another_program_yields_neither_a_tag_nor_0(number: int) -> None:
    assert tags.of_sequence(number) not in (0, *EVERY)


def test_no_sequence_number_lies_in_the_window_behind_another() -> None:
    numbers = [tags.sequence(tag) for tag in EVERY]
    following = [*numbers[1:], numbers[0] + (1 << 32)]
    # A SYN takes a number itself; a window begins behind that, and has 65,535 at most.
    assert all(
        after - number - 1 > 65_535 for number, after in zip(numbers, following, strict=True)
    )


def test_tags_avoid_the_udp_checksums_0_and_ffff() -> None:
    assert tags.FIRST_TAG == 1  # 0 says that there is no checksum (RFC 768)
    assert tags.HIGHEST_TAG == 0xFFFE  # 0xFFFF is the same number as 0


def tag_told(
    version: int, tag: int, payload: bytes | None = None, responder: bytes | None = None
) -> int:
    """The tag in the destination's reply to a probe, which is `payload`, or the whole payload."""
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    segment = probes.build(flows, ProbeRequest(3, 9), tag)[20 if version == 4 else 40 :]
    ports = segment[2:4] + segment[:2]
    ends = responder or flows.destination.packed, flows.source.packed
    return tags.of_udp_reply(*ends, ports, segment[8:] if payload is None else payload)


@pytest.mark.parametrize("version", [4, 6])
def test_an_echo_or_dns_reply_yields_the_tag(version: int) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    for tag in (1, 2, 0x8000, 0xBEEF, tags.HIGHEST_TAG):
        assert tag_told(version, tag) == tag  # an echo service
        word = probes.build(flows, ProbeRequest(3, 9), tag)[-18:-16]
        # What BIND 9.18, NSD 4.6 and Unbound 1.17 answer to a probe.
        for rest in ("f001", "f044"):
            assert tag_told(version, tag, word + bytes.fromhex(rest) + bytes(8)) == tag
        assert tag_told(version, tag, word + b"\xf0d" + tags.TEXT[2:]) == tag


@pytest.mark.parametrize("version", [4, 6])
def test_a_reply_from_another_address_yields_the_tag_given_the_probed_address(
    version: int,
) -> None:
    probed, random = flows_of(version, Protocol.UDP, HeaderField.SPORT).destination, Random(1)
    for tag in (1, 2, 0x8000, 0xBEEF, tags.HIGHEST_TAG):
        neighbours = [(probed + tag).packed, (probed - tag).packed]  # their sums may be 0
        for responder in (*neighbours, *(random.randbytes(len(probed.packed)) for _ in range(99))):
            told = tag_told(version, tag, responder=responder)
            assert told
            assert tags.from_elsewhere(told, responder, probed.packed) == tag


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x12",
        b"\x12\x34",
        b"\x12\x34paris-trace",  # too little for an echo
        b"\x12\x34\xf0\x01",  # ... and for a DNS header
        b"\x12\x34pa" + bytes(8),  # a query
        b"\x12\x34\x80\x04" + bytes(8),  # a response to another kind of query
        b"Mon Jan  1 00:00:00 1970\r\n",
    ],
    ids=[
        "nothing", "one byte", "one word", "too short for an echo", "too short for DNS", "a query",
        "a response to another query", "a text",
    ],
)  # fmt: skip
def test_a_udp_reply_that_returns_nothing_of_the_probe_yields_no_tag(payload: bytes) -> None:
    assert tag_told(4, 7, payload) == 0
