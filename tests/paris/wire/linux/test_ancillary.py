"""Control messages of the error queue: what the kernel reports of an ICMP error."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from paris.wire.linux.ancillary import read_ancillary

# Messages of Linux 7.2.13 about errors with extensions: version -> level, kind, bytes.
QUEUED = {
    4: (socket.IPPROTO_IP, 11,
        "71000000 020b0000 00000000 6400 00 00 02000000 c6336402 0000000000000000"),
    6: (socket.IPPROTO_IPV6, 25,
        "71000000 03030000 00000010 5000 00 00 0a000000 00000000 "
        "20010db8000100000000000000000002 00000000"),
}  # fmt: skip
EXPECTED = {4: (11, "198.51.100.2", 100), 6: (3, "2001:db8:1::2", 80)}
FLAGS = 14  # the byte of flags: 1 means that the kernel finds the extensions invalid


@pytest.mark.parametrize("flags", [0, 1])
@pytest.mark.parametrize("version", QUEUED)
def test_an_error_and_where_its_extensions_begin_are_read_even_if_they_are_invalid(
    version: int, flags: int
) -> None:
    level, kind, text = QUEUED[version]
    message = bytearray(bytes.fromhex(text))
    message[FLAGS] = flags
    read = read_ancillary([(level, kind, bytes(message))])
    icmp_type, offender, extension_at = EXPECTED[version]
    assert (read.is_error, read.icmp_type, read.icmp_code) == (True, icmp_type, 0)
    assert (read.offender, read.extension_at) == (ip_address(offender).packed, extension_at)
