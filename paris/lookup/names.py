"""What the name service calls an address, made safe to print."""

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
    """What the name service calls each address, as far as it says so within `wait_s` seconds.

    Whoever owns an address writes its name: what cannot be printed is escaped.
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

    # A look-up cannot be broken off. Threads of a pool would be waited for at exit, however long
    # a dead name server lets them hang; daemons are not.
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
    """What the name service calls an address; None if nothing, or nothing readable."""
    try:
        return socket.getnameinfo((str(address), 0), socket.NI_NAMEREQD)[0]
    except (OSError, UnicodeError):
        return None


def printable(name: str) -> str:
    r"""The name with everything but printable ASCII escaped.

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
