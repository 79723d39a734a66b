"""Looks up the names of addresses, and makes them safe to print."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mda.model import IPAddress

_NAME_THREADS: Final = 16
_NAMES_WAIT_S: Final = 1.0
_NO_SUCH: Final = {socket.EAI_NONAME, socket.EAI_NODATA}


def names(
    addresses: Iterable[IPAddress],
    servers: Sequence[str],
    say: Callable[[str], None],
    wait_s: float = _NAMES_WAIT_S,
) -> dict[IPAddress, str]:
    """The names of those addresses for which the name service replies within `wait_s` seconds.

    `servers` are asked instead of the system's resolver. Whoever owns an address chooses its name,
    so unprintable characters are escaped. A service that is late, or fails for all addresses, is
    worth a line.
    """
    import queue  # not before the first probe

    from paris.threads import started

    until_s = time.monotonic() + wait_s
    ask_name = _asker(servers, wait_s)
    wanted = list(dict.fromkeys(addresses))
    asked: queue.SimpleQueue[IPAddress] = queue.SimpleQueue()
    answered: queue.SimpleQueue[tuple[IPAddress, str | None]] = queue.SimpleQueue()
    for address in wanted:
        asked.put(address)
    failed = set()

    def ask() -> None:
        while time.monotonic() < until_s:
            try:
                address = asked.get_nowait()
            except queue.Empty:
                return
            try:
                name = ask_name(address)
            except TimeoutError:
                failed.add(address)
                name = None
            answered.put((address, name))

    # A look-up cannot be cancelled. Python waits at exit for the threads of a pool, however long a
    # dead name server blocks them, but not for daemon threads.
    threads = [started(ask) for _ in range(min(_NAME_THREADS, len(wanted)))]
    if not any(threads):
        ask()
    found: dict[IPAddress, str | None] = {}
    while len(found) < len(wanted):
        try:
            address, name = answered.get(timeout=max(0.0, until_s - time.monotonic()))
        except queue.Empty:
            break
        found[address] = name
    unanswered = len(wanted) - len(found.keys() - failed)
    # Of the zones of the Internet some always fail.
    if len(found) < len(wanted) or 0 < unanswered == len(wanted):
        say(
            f"no answer from the name service for {unanswered} of {len(wanted)} addresses; "
            "-n leaves out names"
        )
    named = ((address, found.get(address)) for address in wanted)
    return {address: printable(name) for address, name in named if name is not None}


def _asker(servers: Sequence[str], wait_s: float) -> Callable[[IPAddress], str | None]:
    """What asks for a name, and raises TimeoutError where no server answers."""
    if not servers:
        return _of_system
    from paris.lookup.resolvers import asker  # an extra

    return asker(servers, wait_s)


def _of_system(address: IPAddress) -> str | None:
    """The name of an address by the system's resolver; None without a readable one."""
    try:
        return socket.getnameinfo((str(address), 0), socket.NI_NAMEREQD)[0]
    except socket.gaierror as error:
        if error.errno in _NO_SUCH:
            return None
        raise TimeoutError from None
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
