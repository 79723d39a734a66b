"""Names that need no network but this machine's loopback."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from paris.lookup.names import names, printable


def test_names_of_no_addresses_are_empty() -> None:
    assert names([]) == {}


def test_names_are_those_of_the_name_service() -> None:
    loopback = ip_address("127.0.0.1")
    expected, _ = socket.getnameinfo((str(loopback), 0), socket.NI_NAMEREQD)
    assert names([loopback, loopback]) == {loopback: expected}


def test_names_that_take_too_long_are_left_out() -> None:
    assert names([ip_address("127.0.0.1")], wait_s=0.0) == {}


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
def test_unprintable_characters_of_a_name_are_escaped(name: str, shown: str) -> None:
    assert printable(name) == shown
    assert printable(name).isascii()
