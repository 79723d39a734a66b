"""Names, addresses and sources, as far as they need no network but this machine's loopback."""

from __future__ import annotations

import socket
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
def test_a_host_becomes_an_address(host: str, version: int | None, address: str) -> None:
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
def test_a_host_without_a_usable_address_is_one_line(
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


def test_a_source_that_is_not_ours_is_refused() -> None:
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


def test_names_of_nothing_is_nothing() -> None:
    assert addresses.names([]) == {}


def test_names_are_those_of_the_name_service_in_the_order_asked() -> None:
    loopback = ip_address("127.0.0.1")
    expected, _ = socket.getnameinfo((str(loopback), 0), socket.NI_NAMEREQD)
    assert addresses.names([loopback, loopback]) == {loopback: expected}


def test_names_do_not_outlast_their_time() -> None:
    assert addresses.names([ip_address("127.0.0.1")], wait_s=0.0) == {}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("gw-1.example.net", "gw-1.example.net"),
        ("a\nb\r\0c", r"a\x0ab\x0d\x00c"),
        ("gw 192.0.2.1", r"gw\x20192.0.2.1"),  # or one name could pose as two columns
        ("\x9b2J\u202eten.\U0001f600", r"\x9b2J\u202eten.\U0001f600"),
        ("back\\slash", "back\\slash"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_cannot_be_printed_is_escaped(name: str, shown: str) -> None:
    assert addresses.printable(name) == shown
    assert addresses.printable(name).isascii()
