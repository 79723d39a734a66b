"""The headers of a flow by field: each is read and replaced by its own name."""

from __future__ import annotations

from ipaddress import ip_address

from mda.model import HeaderField
from paris.packets.flow_headers import FlowHeaders
from paris.packets.protocols import Protocol

HEADERS = FlowHeaders(
    source=ip_address("192.0.2.1"), destination=ip_address("203.0.113.9"), protocol=Protocol.UDP,
    sport=20_000, dport=33_434, icmp_checksum=None, traffic_class=0x20, flow_label=0x12345,
)  # fmt: skip


def test_value_returns_the_value_of_a_field() -> None:
    assert HEADERS.value(HeaderField.SPORT) == 20_000
    assert HEADERS.value(HeaderField.DPORT) == 33_434
    assert HEADERS.value(HeaderField.FLOW_LABEL) == 0x12345


def test_having_changes_only_the_field_it_names() -> None:
    changed = HEADERS.having(HeaderField.DPORT, 53)
    assert changed.dport == 53
    assert {
        name for name in HEADERS._fields if getattr(HEADERS, name) != getattr(changed, name)
    } == {"dport"}
    assert HEADERS.dport == 33_434
