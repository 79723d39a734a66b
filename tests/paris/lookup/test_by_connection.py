"""Connections to services on this machine: what each comes to, and that they end at once."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from mda.record import Fate
from paris.lookup import by_connection

LOOPBACK = {4: "127.0.0.1", 6: "::1"}
_WAIT_S = 5.0


@pytest.mark.parametrize("version", [4, 6])
def test_a_connection_shows_whether_a_port_is_open_and_leaves_nothing(version: int) -> None:
    address = ip_address(LOOPBACK[version])
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind((str(address), 0))
        port = server.getsockname()[1]
        closed = by_connection.control(address, port, _WAIT_S)
        server.listen()
        found = by_connection.control(address, port, _WAIT_S)
        accepted, _ = server.accept()
        with accepted, pytest.raises(ConnectionResetError):
            accepted.recv(1)
    assert (found.name, found.fate, found.address) == (
        f"tcp/{port} to {address}",
        Fate.OPEN,
        address,
    )
    assert (closed.fate, closed.address) == (Fate.CLOSED, address)
    assert found.reaches(version)
    assert not found.reaches(10 - version)
