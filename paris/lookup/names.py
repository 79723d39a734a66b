"""Looks up the names of addresses, and makes them safe to print."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.model import IPAddress

_NAME_THREADS: Final = 16
_NAMES_WAIT_S: Final = 2.0


def names(addresses: Iterable[IPAddress], wait_s: float = _NAMES_WAIT_S) -> dict[IPAddress, str]:
    """The names of those addresses for which the name service replies within `wait_s` seconds.

    Whoever owns an address chooses its name, so unprintable characters are escaped.
    """
    import queue  # not before the first probe
    import threading

    until_s = time.monotonic() + wait_s
    wanted = list(dict.fromkeys(addresses))
    asked: queue.SimpleQueue[IPAddress] = queue.SimpleQueue()
    answered: queue.SimpleQueue[tuple[IPAddress, str | None]] = queue.SimpleQueue()
    for address in wanted:
        asked.put(address)

    def ask() -> None:
        while time.monotonic() < until_s:
            try:
                address = asked.get_nowait()
            except queue.Empty:
                return
            answered.put((address, _name(address)))

    # A look-up cannot be cancelled. Python waits at exit for the threads of a pool, however long a
    # dead name server blocks them, but not for daemon threads.
    for _ in range(min(_NAME_THREADS, len(wanted))):
        threading.Thread(target=ask, daemon=True).start()
    found: dict[IPAddress, str | None] = {}
    while len(found) < len(wanted):
        try:
            address, name = answered.get(timeout=max(0.0, until_s - time.monotonic()))
        except queue.Empty:
            break
        found[address] = name
    named = ((address, found.get(address)) for address in wanted)
    return {address: printable(name) for address, name in named if name is not None}


def _name(address: IPAddress) -> str | None:
    """The name of an address; None without a readable one."""
    try:
        return socket.getnameinfo((str(address), 0), socket.NI_NAMEREQD)[0]
    except (OSError, UnicodeError):
        return None


def printable(name: str) -> str:
    r"""The name, with all characters but printable ASCII escaped.

    >>> printable("evil\x1b[2Jhost")
    'evil\\x1b[2Jhost'
    """
    return "".join(
        character if "!" <= character <= "~" else _escaped(character) for character in name
    )


def _escaped(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
