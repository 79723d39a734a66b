"""Addresses and sources that need no network but this machine's loopback."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from paris.errors import ResolveError, SettingsError
from paris.lookup import addresses


@pytest.mark.parametrize(
    ("host", "version", "address"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", 4, "192.0.2.1"),
        ("2001:db8::1", None, "2001:db8::1"),
        ("2001:DB8:0::1", 6, "2001:db8::1"),
        ("::ffff:192.0.2.1", None, "192.0.2.1"),  # IPv4-mapped: what is meant is IPv4
        ("::ffff:192.0.2.1", 4, "192.0.2.1"),
        ("localhost", 4, "127.0.0.1"),
    ],
)
def test_a_host_resolves_to_an_address(host: str, version: int | None, address: str) -> None:
    assert addresses.destination(host, version) == ip_address(address)


@pytest.mark.parametrize(
    ("host", "version", "said"),
    [
        ("192.0.2.1", 6, "cannot resolve '192.0.2.1' as IPv6: "),
        ("2001:db8::1", 4, "cannot resolve '2001:db8::1' as IPv4: "),
        ("::ffff:192.0.2.1", 6, "stands for 192.0.2.1, which is IPv4; use -4"),
        ("a..b", None, "cannot resolve 'a..b': Name or service not known"),
        ("x" * 300, None, "': Name or service not known"),
        ("", None, "cannot resolve '': "),
        ("two words", None, "cannot resolve 'two words': "),
        ("\x1b[2J", None, r"cannot resolve '\x1b[2J': "),
        ("fe80::1%lo", None, "a link-local address has no path to trace"),
        ("fe80::1", None, "a link-local address has no path to trace"),
        ("224.0.0.1", None, "is not the address of one host"),
        ("ff02::1", None, "is not the address of one host"),
        ("0.0.0.0", None, "is not the address of one host"),
        ("::", None, "is not the address of one host"),
    ],
)
def test_a_host_without_a_usable_address_is_refused_in_one_line(
    host: str, version: int | None, said: str
) -> None:
    with pytest.raises(ResolveError) as caught:
        addresses.destination(host, version)
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_source_is_the_address_that_the_kernel_would_use() -> None:
    loopback = ip_address("127.0.0.1")
    other = ip_address("127.0.0.2")
    assert addresses.source_for(loopback, asked=None, interface=None) == loopback
    assert addresses.source_for(loopback, asked=other, interface=None) == other
    assert addresses.source_for(loopback, asked=None, interface="lo") == loopback


def test_a_source_that_is_not_an_address_of_this_machine_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"-s 192\.0\.2\.77: .*use an address of this machine"):
        addresses.source_for(
            ip_address("127.0.0.1"), asked=ip_address("192.0.2.77"), interface=None
        )


def test_a_source_of_the_other_ip_version_is_refused() -> None:
    with pytest.raises(SettingsError, match="not of the IP version"):
        addresses.source_for(ip_address("127.0.0.1"), asked=ip_address("::1"), interface=None)


def test_an_unknown_interface_is_refused() -> None:
    with pytest.raises(SettingsError, match="-i nosuch0: No such device"):
        addresses.source_for(ip_address("127.0.0.1"), asked=None, interface="nosuch0")
