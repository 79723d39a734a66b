"""Quotes of probes that NATs have rewritten: whose they are, and what differs."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, ProbeRequest
from paris.packets import headers, probes, tags
from paris.packets.changes import changed_fields, fitting, tags_of
from paris.packets.payloads import PAYLOADS
from paris.packets.protocols import Protocol
from paris.packets.replies import ParsedReply, parse
from tests.support.answers import ROUTER, header
from tests.support.probes import COMBINATIONS, flows_of
from tests.support.translation import NAT, Way, quoted

if TYPE_CHECKING:
    from paris.packets.flows import Flows
    from paris.packets.payloads import Payload

SHORTEST = {4: 28, 6: 48}  # bytes of a quote without payload
WHOLE = 1232
TAG, REQUEST = 0xBEEF, ProbeRequest(2, 3)


def told(flows: Flows, quote: bytes) -> ParsedReply:
    """The time exceeded that quotes this."""
    version = flows.source.version
    kind = 11 if version == 4 else 3
    error = headers.icmp_error(header(flows, ROUTER[version]), kind, 0, quote)
    parsed = parse(error, payloads=flows.payloads)
    assert isinstance(parsed, ParsedReply)
    return parsed


def changes(flows: Flows, quote: bytes, tag: int = TAG) -> tuple[str, ...] | None:
    return changed_fields(told(flows, quote), tag, flows.headers(REQUEST.flow), flows)


CHANGED = {  # by protocol and version, what the quote of a wholly translated probe shows
    (Protocol.UDP, 4): ("source", "sport", "udp-checksum"),
    (Protocol.UDP, 6): ("source", "sport", "udp-checksum"),
    (Protocol.TCP, 4): ("source", "sport"),
    (Protocol.TCP, 6): ("source", "sport"),
    (Protocol.ICMP, 4): ("icmp-checksum", "identifier", "source"),
    (Protocol.ICMP, 6): ("icmp-checksum", "identifier", "source"),
}


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_a_whole_quote_shows_its_tag_and_what_a_nat_rewrote(
    version: int, protocol: Protocol, field: HeaderField, way: Way
) -> None:
    flows = flows_of(version, protocol, field)
    quote = quoted(probes.build(flows, REQUEST, TAG), way)
    assert TAG in tags_of(told(flows, quote).quoted)
    expected = set(CHANGED[protocol, version]) if way is not Way.RESTORED else set()
    if way is Way.STALE_CHECKSUM:
        expected -= {"source", "sport", "identifier"}
    if way is Way.SOURCE:
        expected -= {"sport", "identifier"}
        if (version, protocol) == (4, Protocol.ICMP):
            expected -= {"icmp-checksum"}  # it covers no address
    assert changes(flows, quote) == tuple(sorted(expected))


@pytest.mark.parametrize("protocol", [Protocol.UDP, Protocol.ICMP])
@pytest.mark.parametrize("version", [4, 6])
def test_the_copy_of_the_tag_in_the_payload_outweighs_what_a_nat_rewrites(
    version: int, protocol: Protocol
) -> None:
    field = HeaderField.ICMP_CHECKSUM if protocol is Protocol.ICMP else HeaderField.SPORT
    flows = flows_of(version, protocol, field)
    for way in Way:
        quote = quoted(probes.build(flows, REQUEST, TAG), way)
        assert tags_of(told(flows, quote).quoted) == (TAG,)
        least = SHORTEST[version] + tags.PAYLOAD_BYTES
        assert told(flows, quote[:least]).quoted.payload_tag == TAG
        assert told(flows, quote[: least - 1]).quoted.payload_tag is None
        assert told(flows, quote[: least - 4] + bytes(90)).quoted.payload_tag is None  # padded
        assert told(flows, quote[: least - 4] + b"\xbe\xef\x41\x11").quoted.payload_tag is None


@pytest.mark.parametrize("payload", PAYLOADS[1:], ids=lambda payload: payload.name)
@pytest.mark.parametrize("version", [4, 6])
def test_a_quote_of_a_payload_without_a_copy_never_names_another_probe(
    version: int, payload: Payload
) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT).replace(payload=payload)
    headers_of_all = flows.headers(REQUEST.flow)  # as if each tag were that of a probe in flight
    for way in Way:
        quote = quoted(probes.build(flows, REQUEST, TAG), way)
        for length in (SHORTEST[version], SHORTEST[version] + payload.word_at + 2, 576, WHOLE):
            found = fitting(told(flows, quote[:length]), flows, lambda _: headers_of_all)
            is_shown = length > SHORTEST[version]
            if version == 4:
                # The identification shows the tag, and a stale checksum another, if alone.
                assert TAG in [tag for _, tag in found[:2]]
                assert len(found) == 1 + (way is Way.STALE_CHECKSUM and not is_shown)
            elif is_shown or way is not Way.STALE_CHECKSUM:
                is_same = way in (Way.STALE_CHECKSUM, Way.RESTORED)
                assert [tag for _, tag in found] == [TAG] * is_same


@pytest.mark.parametrize("version", [4, 6])
def test_a_short_quote_of_a_udp_probe_from_elsewhere_needs_proof(version: int) -> None:
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
    quote = quoted(probes.build(flows, REQUEST, TAG), Way.SOURCE)[: SHORTEST[version]]
    shown = int.from_bytes(quote[-2:])  # the checksum, which may be another probe's tag
    assert changes(flows, quote, shown) is None
    proven = ("source", "udp-checksum") if version == 4 else None  # by the IP identification
    assert changes(flows, quote) == proven


def test_a_translated_prefix_that_keeps_checksums_is_recognised_by_them() -> None:
    flows = flows_of(6, Protocol.UDP, HeaderField.SPORT)
    probe = probes.build(flows, REQUEST, TAG)[: SHORTEST[6]]
    # RFC 6296 section 3.1: another prefix, and a word that keeps the sum.
    neutral = ip_address("2001:db7:1::1").packed
    assert changes(flows, probe[:8] + neutral + probe[24:]) == ("source",)
    assert changes(flows, probe[:8] + NAT[6].packed + probe[24:]) is None


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_a_probe_of_another_port_destination_or_program_is_not_ours(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    flows = flows_of(version, protocol, field)
    at = SHORTEST[version] - 8
    probe = probes.build(flows, REQUEST, TAG)
    sport_at = at + (4 if protocol is Protocol.ICMP else 0)
    places = [at - 1, sport_at + 1]  # the last byte of the destination, of the source port
    if protocol is not Protocol.ICMP:
        places.append(at + 3)  # ... and of the destination port
    for place in places:
        foreign = probe[:place] + bytes([probe[place] ^ 1]) + probe[place + 1 :]
        assert changes(flows, foreign) is None
    assert changes(flows, probe) == ()


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_another_length_and_another_payload_are_noticed(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    flows = flows_of(version, protocol, field)
    probe = bytearray(probes.build(flows, REQUEST, TAG))
    length_at, text_at = (2, 30) if version == 4 else (4, 50)
    probe[length_at + 1] += 4
    if protocol is not Protocol.TCP:
        probe[text_at] ^= 0xFF
    found = changes(flows, bytes(probe))
    assert found == (("length",) if protocol is Protocol.TCP else ("length", "payload"))


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_a_short_quote_that_is_filled_with_zeros_shows_no_other_payload(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    flows = flows_of(version, protocol, field)
    probe = probes.build(flows, REQUEST, TAG)
    least = (20 if version == 4 else 40) + 8
    for length in range(least, len(probe) + 1):
        assert changes(flows, probe[:length].ljust(128, b"\0")) == (), length
