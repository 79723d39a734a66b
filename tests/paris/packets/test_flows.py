"""No two flow numbers share header values, over the whole range."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mda.model import FLOW_FIELDS, HeaderField, ProbeRequest
from mda.variants import MOST_COMPANIONS, scarce_variant, variant
from paris.errors import SettingsError
from paris.packets import probes, tags
from paris.packets.flows import PREFIX_LEN, Flows
from paris.packets.protocols import Protocol
from tests.support.probes import COMBINATIONS, flows_of, hashed


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_no_two_flows_have_the_same_headers(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    flows = flows_of(version, protocol, field)
    step = max(1, flows.capacity // 50_000)
    numbers = {*range(0, flows.capacity, step), flows.capacity - 1}
    assert len({flows.headers(flow) for flow in numbers}) == len(numbers)


def test_headers_of_a_flow_number_out_of_range_raise_an_error() -> None:
    flows = flows_of(4, Protocol.UDP, HeaderField.SPORT)
    for beyond in (-1, flows.capacity):
        with pytest.raises(ValueError, match="is not one of"):
            flows.headers(beyond)


@pytest.mark.parametrize(
    ("protocol", "field", "version", "message"),
    [
        (Protocol.ICMP, HeaderField.SPORT, 4, "use icmp-checksum"),
        (Protocol.UDP, HeaderField.ICMP_CHECKSUM, 4, "use sport or dport"),
        (Protocol.UDP, HeaderField.ICMP_CHECKSUM, 6, "use sport or dport or flow-label"),
        (Protocol.UDP, HeaderField.FLOW_LABEL, 4, "which has no flow label"),
    ],
)
def test_a_flow_field_that_the_protocol_lacks_is_refused_with_a_remedy(
    protocol: Protocol, field: HeaderField, version: int, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        flows_of(version, protocol, field)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("sport", 65_536, "source port must be from 0 to 65535, not 65536"),
        ("dport", -1, "destination port must be"),
        ("traffic_class", 256, "traffic class must be from 0 to 255"),
        ("flow_label", 1 << 20, "flow label must be from 0 to 1048575"),
    ],
)
def test_a_value_too_large_for_its_field_is_refused(field: str, value: int, message: str) -> None:
    flows = flows_of(6, Protocol.UDP, HeaderField.SPORT)
    with pytest.raises(SettingsError, match=message):
        flows.replace(**{field: value})


def test_source_and_destination_must_have_one_ip_version() -> None:
    with pytest.raises(SettingsError, match="same IP version"):
        Flows(
            source=ip_address("192.0.2.1"), destination=ip_address("2001:db8::1"),
            protocol=Protocol.UDP, field=HeaderField.SPORT, sport=1, dport=1,
        )  # fmt: skip


SOURCES = {4: ("192.0.2.7", "192.0.2.8"), 6: ("2001:db8::7", "2001:db8::8")}
NEEDS_NO_PREFIX = {*FLOW_FIELDS, HeaderField.TRAFFIC_CLASS}
# What a router sees change, of what `hashed` lists; ports and checksums are behind the IP header.
SEEN = {
    HeaderField.SOURCE: {0},
    HeaderField.DESTINATION: {1},
    HeaderField.PROTOCOL: {2},
    HeaderField.TRAFFIC_CLASS: {3},
    HeaderField.FLOW_LABEL: {4},
    HeaderField.SPORT: {5},
    HeaderField.DPORT: {5},
    HeaderField.ICMP_CHECKSUM: {5},
}


def varied_flows(version: int, protocol: Protocol, field: HeaderField) -> Flows:
    return flows_of(version, protocol, field).replace(
        prefix_len=PREFIX_LEN[version],
        sources=tuple(map(ip_address, SOURCES[version])),
    )


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_probes_of_variants_differ_in_one_field_and_from_each_other(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    flows = varied_flows(version, protocol, field)
    builder = probes.Builder(flows)
    for varied, positions in SEEN.items():
        values = flows.values(varied)
        if varied.value == field.value:
            assert values == 0
            continue
        for base in (0, 17):
            plain = hashed(probes.build(flows, ProbeRequest(base, 5), 1))
            seen = {plain}
            for value in range(1, min(values, 40) + 1):
                request = ProbeRequest(variant(base, varied, value), 5)
                datagram = probes.build(flows, request, 77)
                assert builder.build(request, 77) == datagram
                assert tags.read(datagram) == 77
                found = hashed(datagram)
                different = {at for at in range(6) if found[at] != plain[at]}
                assert different == positions, (varied, value)
                seen.add(found)
            assert len(seen) == min(values, 40) + 1


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_companions_differ_in_all_fields_and_their_variants_in_a_scarce_one(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    flows = varied_flows(version, protocol, field)
    for number in range(1, 9):
        companion = flows.headers(variant(3, HeaderField.ALL, number))
        plain = flows.headers(3)
        assert companion.destination != plain.destination
        assert companion.traffic_class != plain.traffic_class
        assert (companion.protocol, companion.source) == (plain.protocol, plain.source)
        other = flows.headers(scarce_variant(3, HeaderField.SOURCE, 2, number))
        assert other == companion._replace(source=ip_address(SOURCES[version][1]))


def test_varied_destinations_are_hosts_of_the_prefix() -> None:
    flows = varied_flows(4, Protocol.UDP, HeaderField.SPORT)
    found = {
        flows.headers(variant(0, HeaderField.DESTINATION, number)).destination
        for number in range(1, flows.values(HeaderField.DESTINATION) + 1)
    }
    assert len(found) == 253  # all but the destination, the network and the broadcast
    assert all(str(item).startswith("203.0.113.") for item in found)
    assert not {ip_address("203.0.113.0"), ip_address("203.0.113.255"), flows.destination} & found
    narrow = flows.replace(prefix_len=32)
    assert narrow.values(HeaderField.DESTINATION) == 0
    assert narrow.values(HeaderField.ALL) == flows.values(HeaderField.ALL) == MOST_COMPANIONS
    alone = narrow.headers(variant(0, HeaderField.ALL, 200))
    assert alone.destination == flows.destination
    assert alone.dport != flows.dport


def test_without_a_prefix_addresses_and_protocol_cannot_be_varied() -> None:
    flows = flows_of(4, Protocol.UDP, HeaderField.SPORT)
    for field in (
        HeaderField.SOURCE,
        HeaderField.DESTINATION,
        HeaderField.PROTOCOL,
        HeaderField.ALL,
    ):
        assert flows.values(field) == 0
        with pytest.raises(ValueError, match="cannot be sent"):
            flows.headers(variant(0, field, 1))
    assert flows.headers(variant(0, HeaderField.DPORT, 1)).dport == 33_435
