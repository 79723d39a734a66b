"""Kernel counters of datagrams that it dropped before a program could read them."""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

_SO_MEMINFO: Final = 55
# The indexes among SO_MEMINFO's words.
_MEMINFO_USED, _MEMINFO_ROOM, _MEMINFO_DROPS = 0, 1, 8
# What the kernel counts for a datagram and its bookkeeping, at most: a page and a half.
_LARGEST_CHARGE_BYTES: Final = 6144


def drops(sock: socket.socket) -> int:
    """How many datagrams the kernel dropped because the socket's receive queue was full."""
    return _memory(sock, _MEMINFO_DROPS)


def may_have_been_full(sock: socket.socket, count: int) -> bool:
    """Whether a socket's queues can have been full, before `count` datagrams were read off them."""
    used = _memory(sock, _MEMINFO_USED) + (count + 1) * _LARGEST_CHARGE_BYTES
    return used > _memory(sock, _MEMINFO_ROOM)


def _memory(sock: socket.socket, index: int) -> int:
    """A word of SO_MEMINFO, 0 where the kernel does not have it."""
    words = sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4 * (index + 1))
    if len(words) <= 4 * index:
        return 0
    (word,) = struct.unpack_from("@I", words, 4 * index)
    return int(word)


def held_back(version: int) -> int | None:
    """How many datagrams programs gave to IP in this network namespace that it did not send on.

    A datagram that a firewall drops on its way out adds to it, and so does one that is still on its
    way. None where the kernel does not count what IP sends on.
    """
    try:
        counted = _ip6_counters() if version == 6 else _ip4_counters()
        return counted["OutRequests"] - counted["OutTransmits"]
    except (OSError, KeyError, ValueError):
        return None


def _ip4_counters() -> dict[str, int]:
    names, values, *_ = _lines("/proc/thread-self/net/snmp")
    return dict(zip(names.split()[1:], map(int, values.split()[1:]), strict=False))


def _ip6_counters() -> dict[str, int]:
    pairs = (line.split() for line in _lines("/proc/thread-self/net/snmp6"))
    return {name.removeprefix("Ip6"): int(value) for name, value in pairs}


def _lines(name: str) -> list[str]:
    file = os.open(name, os.O_RDONLY)
    try:
        return os.read(file, 1 << 16).decode().splitlines()
    finally:
        os.close(file)


def reverse_path_drops() -> int:
    """How many datagrams this network namespace's reverse path filter has dropped so far."""
    try:
        lines = _lines("/proc/net/netstat")
    except OSError:
        return 0
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        counted = dict(zip(names.split(), values.split(), strict=False))
        if "IPReversePathFilter" in counted:
            return int(counted["IPReversePathFilter"])
    return 0
