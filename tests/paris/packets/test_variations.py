"""Variants of a flow: each row changes its own field, to a different value for each number."""

from __future__ import annotations

from ipaddress import ip_address
from itertools import islice

import pytest

from mda.model import HeaderField
from mda.variants import MOST_SCARCE, MOST_VALUES
from paris.packets.flow_headers import FlowHeaders
from paris.packets.protocols import Protocol
from paris.packets.variations import VARIATIONS, Neighbours, other_addresses

UDP6 = FlowHeaders(
    source=ip_address("2001:db8::1"), destination=ip_address("2001:db8:9::9"),
    protocol=Protocol.UDP, sport=65_535, dport=33_434, icmp_checksum=None, traffic_class=0x21,
    flow_label=0x12345,
)  # fmt: skip
ICMP4 = FlowHeaders(
    source=ip_address("192.0.2.1"), destination=ip_address("203.0.113.9"),
    protocol=Protocol.ICMP, sport=None, dport=None, icmp_checksum=1000, traffic_class=0,
    flow_label=0,
)  # fmt: skip
OTHERS = tuple(ip_address(f"2001:db8::{number}") for number in range(2, 5))
NEAR = Neighbours(64, OTHERS)


@pytest.mark.parametrize(
    "field", [field for field in VARIATIONS if field is not HeaderField.ICMP_CHECKSUM]
)
def test_variants_differ_in_their_field_only(field: HeaderField) -> None:
    variation = VARIATIONS[field]
    count = min(variation.values(UDP6, NEAR), 200)
    assert count > 0
    varied = [variation.varied(UDP6, NEAR, number) for number in range(1, count + 1)]
    assert len(set(varied)) == count
    changed = {
        name
        for headers in varied
        for name in headers._fields
        if getattr(headers, name) != getattr(UDP6, name)
    }
    assert changed == {field.attribute}


def test_varied_ports_wrap_around_without_0() -> None:
    varied = VARIATIONS[HeaderField.SPORT].varied
    assert [varied(UDP6, NEAR, number).sport for number in (1, 2, 65_534)] == [1, 2, 65_534]


def test_a_varied_traffic_class_keeps_the_congestion_bits() -> None:
    variation = VARIATIONS[HeaderField.TRAFFIC_CLASS]
    assert variation.values(UDP6, NEAR) == 63
    classes = [variation.varied(UDP6, NEAR, number).traffic_class for number in range(1, 64)]
    assert {traffic_class & 3 for traffic_class in classes} == {1}


def test_fields_that_a_flow_does_not_have_cannot_be_varied() -> None:
    nobody = Neighbours(32, ())
    counts = {field: row.values(ICMP4, nobody) for field, row in VARIATIONS.items()}
    assert counts == {
        HeaderField.SPORT: 0, HeaderField.DPORT: 0, HeaderField.ICMP_CHECKSUM: MOST_VALUES,
        HeaderField.TRAFFIC_CLASS: 63, HeaderField.FLOW_LABEL: 0, HeaderField.SOURCE: 0,
        HeaderField.DESTINATION: 0, HeaderField.PROTOCOL: 1,
    }  # fmt: skip


def test_the_udp_twin_of_an_echo_request_has_its_first_four_bytes_as_ports() -> None:
    twin = VARIATIONS[HeaderField.PROTOCOL].varied(ICMP4, NEAR, 1)
    assert (twin.protocol, twin.sport, twin.dport) == (Protocol.UDP, 0x0800, 1000)
    assert twin.icmp_checksum is None


def test_other_addresses_are_the_other_hosts_of_the_prefix() -> None:
    found = list(other_addresses(ip_address("192.0.2.9"), 29))
    assert sorted(map(str, found)) == [f"192.0.2.{host}" for host in (10, 11, 12, 13, 14)]
    assert VARIATIONS[HeaderField.DESTINATION].values(ICMP4, Neighbours(29, ())) == 5
    assert len(set(islice(other_addresses(ip_address("2001:db8::9"), 64), 1000))) == 1000


def test_at_most_15_other_sources_are_used() -> None:
    many = Neighbours(64, OTHERS * MOST_SCARCE)
    assert VARIATIONS[HeaderField.SOURCE].values(UDP6, many) == MOST_SCARCE
