"""Tags: every one has a copy that the IPv4 header can carry, and comes back from it."""

from __future__ import annotations

import pytest

from mda.model import HeaderField, ProbeRequest
from paris.packets import probes, tags
from paris.packets.protocols import Protocol
from tests.support.probes import flows_of


@pytest.mark.parametrize("protocol", [Protocol.UDP, Protocol.ICMP])
def test_a_tag_of_16_bits_comes_back_from_its_copy(protocol: Protocol) -> None:
    every = range(tags.FIRST_TAG, tags.TAG_FIELD[protocol].highest + 1)
    assert all(tags.tag_of(tags.ip_id(tag)) == tag for tag in every)


def test_the_copy_fits_and_is_never_0_whatever_the_tag() -> None:
    highest = tags.TAG_FIELD[Protocol.TCP].highest
    for tag in (*range(1, 0x20002), *range(highest - 0x20000, highest + 1)):
        assert 1 <= tags.ip_id(tag) <= 0xFFFF


def test_tags_avoid_what_udp_checksums_cannot_say() -> None:
    assert tags.FIRST_TAG == 1  # 0 says that there is no checksum (RFC 768)
    assert tags.TAG_FIELD[Protocol.UDP].highest == 0xFFFE  # 0xFFFF is the same number as 0


def tag_told(version: int, tag: int, payload: bytes | None = None) -> int:
    """The tag in the destination's reply to a probe, which is `payload`, or the whole payload."""
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    segment = probes.build(flows, ProbeRequest(3, 9), tag)[20 if version == 4 else 40 :]
    ports = segment[2:4] + segment[:2]
    ends = flows.destination.packed, flows.source.packed
    return tags.of_udp_reply(*ends, ports, segment[8:] if payload is None else payload)


@pytest.mark.parametrize("version", [4, 6])
def test_what_a_service_returns_tells_the_tag(version: int) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    for tag in (1, 2, 0x8000, 0xBEEF, tags.TAG_FIELD[Protocol.UDP].highest):
        assert tag_told(version, tag) == tag  # an echo service
        word = probes.build(flows, ProbeRequest(3, 9), tag)[-14:-12]
        # What BIND 9.18, NSD 4.6 and Unbound 1.17 answer to a probe.
        for rest in ("f001", "f044"):
            assert tag_told(version, tag, word + bytes.fromhex(rest) + bytes(8)) == tag
        assert tag_told(version, tag, word + b"\xf0d" + tags.TEXT[2:]) == tag


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
)
def test_what_a_service_says_of_its_own_tells_no_tag(payload: bytes) -> None:
    assert tag_told(4, 7, payload) == 0
