from __future__ import annotations

from ipaddress import ip_address

import numpy as np
import pytest

from mda.model import HeaderField, ProbeRequest
from paris.packets import headers, probes
from paris.packets.flows import Flows
from paris.packets.headers import IPHeader
from paris.packets.protocols import Protocol
from paris.packets.reply_matrix import Matcher
from paris.packets.responders import can_reply

OURS = {4: ("192.0.2.1", "203.0.113.9"), 6: ("2001:db8::1", "2001:db8:f::9")}


def flows_to(version: int, destination: str | None = None) -> Flows:
    source, usual = OURS[version]
    return Flows(
        source=ip_address(source),
        destination=ip_address(destination or usual),
        protocol=Protocol.UDP,
        field=HeaderField.SPORT,
        sport=20000,
        dport=33434,
    )


@pytest.mark.parametrize(
    ("address", "is_possible"),
    [
        ("192.0.2.254", True),
        ("10.1.2.3", True),
        ("240.1.2.3", True),  # reserved, but some networks number their routers so
        ("192.0.0.8", True),  # RFC 7600
        ("203.0.113.9", True),  # the destination
        ("192.0.2.1", False),  # our own
        ("0.0.0.0", False),
        ("0.1.2.3", False),
        ("127.0.0.1", False),
        ("224.0.0.1", False),
        ("239.255.255.255", False),
        ("255.255.255.255", False),
        ("2001:db8::2", True),
        ("fe80::1", True),
        ("2001:db8:f::9", True),
        ("2001:db8::1", False),
        ("::", False),
        ("::1", False),
        ("::ffff:192.0.2.254", False),
        ("ff02::1", False),
    ],
)
def test_only_addresses_that_a_router_can_have_reply(address: str, *, is_possible: bool) -> None:
    responder = ip_address(address)
    flows = flows_to(responder.version)
    assert can_reply(responder, flows) == is_possible
    # Many replies at once are judged alike.
    probe = probes.build(flows, ProbeRequest(0, 3), 7)
    expired = (11, 0) if responder.version == 4 else (3, 0)
    outer = IPHeader(
        source=responder,
        destination=flows.source,
        protocol=1 if responder.version == 4 else 58,
        ttl=60,
    )
    whole = headers.icmp_error(outer, *expired, probe)
    matcher = Matcher(flows)
    matcher.add(np.array([7]), np.array([0]), np.array([0]))
    rows = np.frombuffer(whole, np.uint8)[None, :]
    assert len(matcher.match(rows, np.array([len(whole)], np.uint32)).rows) == is_possible


def test_a_destination_on_this_machine_can_reply() -> None:
    for version, address in ((4, "127.0.0.1"), (6, "::1"), (4, "192.0.2.1")):
        assert can_reply(ip_address(address), flows_to(version, address))
