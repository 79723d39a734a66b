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
    assert addresses.destination(host, version) == (ip_address(address), None)


def test_a_name_has_all_its_addresses_and_an_address_has_none() -> None:
    assert ip_address("127.0.0.1") in addresses.of_name("localhost")
    assert addresses.of_name("192.0.2.1") == addresses.of_name("2001:db8::1") == ()
    assert addresses.of_name("a..b") == ()


@pytest.mark.parametrize("host", ["fe80::1%lo", "fe80::1%1", "fe80:0::1%lo"])
def test_a_link_local_address_is_resolved_with_its_zone_apart(host: str) -> None:
    found = addresses.destination(host, None)
    assert found == addresses.Destination(ip_address("fe80::1"), "lo")
    assert addresses.interface_for(found, asked=None, source=None) == "lo"
    assert addresses.interface_for(found, asked="lo", source=ip_address("fe80::2%lo")) == "lo"


@pytest.mark.parametrize(
    ("host", "interface", "source", "said"),
    [
        ("fe80::1%lo", "eth77", None, "-i eth77 and %lo are different interfaces"),
        ("fe80::1%lo", None, "fe80::2%eth77", "%lo and -s fe80::2%eth77 are different interfaces"),
        ("fe80::1", None, None, "fe80::1 is a link-local address: say on which interface"),
        ("::1", None, "fe80::2", "-s fe80::2 is a link-local address: say on which interface"),
    ],
    ids=["interface", "source", "no zone", "source without zone"],
)
def test_zones_that_are_missing_or_contradict_each_other_are_refused(
    host: str, interface: str | None, source: str | None, said: str
) -> None:
    found = addresses.destination(host, None)
    asked = None if source is None else ip_address(source)
    with pytest.raises(SettingsError, match=said):
        addresses.interface_for(found, asked=interface, source=asked)


def test_without_a_zone_the_interface_is_what_the_user_asked_for() -> None:
    found = addresses.destination("::1", None)
    assert addresses.interface_for(found, asked=None, source=None) is None
    assert addresses.interface_for(found, asked="lo", source=None) == "lo"
    found = addresses.destination("fe80::1", None)
    assert addresses.interface_for(found, asked="lo", source=None) == "lo"


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
        ("fe80::1%eth77", None, "fe80::1%eth77: this machine has no interface 'eth77'"),
        ("fe80::1%7777", None, "fe80::1%7777: this machine has no interface '7777'"),
        ("2001:db8::1%1", None, "only a link-local address has a zone; use -i 1"),
        ("fd00::9%none", None, "only a link-local address has a zone; use -i none"),
        ("ff02::1%lo", None, "is not the address of one host"),
        ("255.255.255.255", None, "is not the address of one host"),
        ("010.0.0.1", None, "010.0.0.1 is ambiguous: here it means 8.0.0.1, elsewhere another"),
        ("0x7f.1", None, "0x7f.1 is ambiguous: here it means 127.0.0.1, elsewhere another"),
        ("1.2.3", None, "1.2.3 is ambiguous: here it means 1.2.0.3, elsewhere another"),
        ("2130706433", None, "2130706433 is ambiguous: here it means 127.0.0.1, elsewhere another"),
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


def test_the_broadcast_address_of_a_link_is_refused() -> None:
    with pytest.raises(
        ResolveError, match=r"127\.255\.255\.255 is the broadcast address of a link"
    ):
        addresses.source_for(ip_address("127.255.255.255"), asked=None, interface=None)


@pytest.mark.parametrize("source", ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1"])
def test_a_source_that_is_not_the_address_of_one_host_is_refused(source: str) -> None:
    asked = ip_address(source)
    loopback = ip_address("127.0.0.1" if asked.version == 4 else "::1")
    with pytest.raises(SettingsError, match="is not the address of one host"):
        addresses.source_for(loopback, asked=asked, interface=None)
