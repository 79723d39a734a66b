"""Special ranges of addresses, by the registries."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from paris.lookup.special import special


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.0", None),
        ("192.168.0.1", "private"),
        ("fd00::1", "private"),
        ("100.64.0.1", "shared (CGNAT)"),
        ("100.128.0.1", None),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("192.0.2.1", "documentation"),
        ("2001:db8::1", "documentation"),
        ("3fff:1::", "documentation"),
        ("2001:7f8:1::a500:1200:1", "IXP"),
        ("218.100.1.1", "IXP"),
        ("0.1.2.3", "bogon (this network)"),
        ("192.0.0.8", "bogon (IETF protocols)"),
        ("198.19.0.1", "bogon (benchmarking)"),
        ("240.0.0.1", "bogon (reserved)"),
        ("::1", "bogon (loopback)"),
        ("4000::1", "bogon (unassigned)"),
        ("64:ff9b::1", "NAT64"),
        ("2002::1", "6to4"),
        ("2001:0:1::", "Teredo"),
        ("9.9.9.9", None),
        ("2620:fe::9", None),
    ],
)
def test_an_address_has_the_label_of_its_narrowest_range(address: str, label: str | None) -> None:
    found = special(ip_address(address))
    assert (found and found.label) == label
