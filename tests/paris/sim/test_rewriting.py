"""A rewritten datagram is one that its new source could have sent."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mda.model import HeaderField, ProbeRequest
from paris.packets.checksums import checksum, pseudo_header
from paris.packets.flows import Flows
from paris.packets.headers import read_ip
from paris.packets.probes import build
from paris.packets.protocols import Protocol
from paris.sim.rewriting import with_source

ENDS = {4: ("192.0.2.1", "203.0.113.9", "198.18.0.1"),
        6: ("2001:db8::1", "2001:db8:f::9", "2001:db8:e::1")}  # fmt: skip
FIELD = {Protocol.ICMP: HeaderField.ICMP_CHECKSUM}


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("protocol", list(Protocol))
def test_checksums_are_right_after_the_source_is_rewritten(
    version: int, protocol: Protocol
) -> None:
    source, destination, nat = map(ip_address, ENDS[version])
    flows = Flows(
        source=source, destination=destination, protocol=protocol,
        field=FIELD.get(protocol, HeaderField.SPORT), sport=24000, dport=80,
    )  # fmt: skip
    for flow in range(20):
        probe = build(flows, ProbeRequest(flow, 5), 7 + flow)
        changed = with_source(probe, nat)
        header, payload = read_ip(changed) or pytest.fail("no IP header")
        assert (header.source, header.destination, header.ttl) == (nat, destination, 5)
        if version == 4:
            assert checksum(changed[:20]) == 0
        covered = b""
        if (version, protocol) != (4, Protocol.ICMP):
            covered = pseudo_header(nat.packed, destination.packed, header.protocol, len(payload))
        assert checksum(covered + payload) == 0


def test_a_datagram_cut_before_its_checksum_keeps_its_other_bytes() -> None:
    source, destination, nat = map(ip_address, ENDS[4])
    flows = Flows(
        source=source, destination=destination, protocol=Protocol.TCP, field=HeaderField.SPORT,
        sport=24000, dport=80,
    )  # fmt: skip
    probe = build(flows, ProbeRequest(0, 5), 7)
    assert with_source(probe[:28], nat)[20:] == probe[20:28]
