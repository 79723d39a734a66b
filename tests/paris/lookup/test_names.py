"""Names that need no network but this machine's loopback."""

from __future__ import annotations

import socket
import sys
from ipaddress import ip_address

import pytest

from paris.errors import ExitCode
from paris.lookup.names import NameSearch, printable
from tests.support.commands import run

LOOPBACK = ip_address("127.0.0.1")


def test_names_of_no_addresses_are_empty() -> None:
    said: list[str] = []
    assert NameSearch(()).find([], said.append) == {}
    assert said == []


def test_names_are_those_of_the_name_service() -> None:
    expected, _ = socket.getnameinfo((str(LOOPBACK), 0), socket.NI_NAMEREQD)
    said: list[str] = []
    assert NameSearch(()).find([LOOPBACK, LOOPBACK], said.append) == {LOOPBACK: expected}
    assert said == []


def test_a_name_server_that_cannot_be_asked_is_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran = run("--sim", "plain", "--resolver", "dns.example")
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.stderr == "paris-trace: --resolver needs an address, not 'dns.example'\n"
    ran = run("--sim", "plain", "-n", "--resolver", "127.0.0.1")
    assert ran.stderr == "paris-trace: --resolver and -n conflict; give only one\n"
    monkeypatch.setitem(sys.modules, "dns.resolver", None)
    ran = run("--sim", "plain", "--resolver", "127.0.0.1")
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    assert "needs dnspython: install that, or paris-trace with extra [dns]" in ran.stderr


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
