"""Looks up the names of addresses as they become known, and makes them safe to print."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mda.model import IPAddress

_NAME_THREADS: Final = 32  # each may wait for the silent server of a zone
_NAMES_WAIT_S: Final = 1.0
_NO_SUCH: Final = {socket.EAI_NONAME, socket.EAI_NODATA}


class NameSearch:
    """Asks for names in threads, for each address from when it is known.

    `servers` are asked instead of the system's resolver. Each address is asked for once.
    """

    def __init__(self, servers: Sequence[str], wait_s: float = _NAMES_WAIT_S) -> None:
        from queue import SimpleQueue  # not before the first probe

        self._servers = servers
        self._wait_s = wait_s
        self._asked: set[IPAddress] = set()
        self._asked_at_s = 0.0  # the last of them
        self._waiting: SimpleQueue[IPAddress | None] = SimpleQueue()  # None ends a thread
        self._answers: SimpleQueue[_Answer] = SimpleQueue()
        self._threads = 0

    def expect(self, address: IPAddress) -> None:
        """Ask for a name that will be wanted."""
        if address in self._asked:
            return
        self._asked.add(address)
        self._asked_at_s = time.monotonic()
        self._waiting.put(address)
        if self._threads < min(_NAME_THREADS, len(self._asked)):
            self._begin_thread()

    def find(
        self, addresses: Iterable[IPAddress], say: Callable[[str], None]
    ) -> dict[IPAddress, str]:
        """The names of those addresses for which the name service replies in time.

        The last that was asked for has `wait_s` seconds. Whoever owns an address chooses its name,
        so unprintable characters are escaped. A service that is late, or fails for all addresses,
        is worth a line. Nothing can be asked for afterwards.
        """
        wanted = dict.fromkeys(addresses)
        for address in wanted:
            self.expect(address)
        try:
            answers = self._answers_of(wanted)
        finally:
            for _ in range(self._threads):
                self._waiting.put(None)
        unanswered = len(wanted) - sum(not answer.is_failure for answer in answers.values())
        # Of the zones of the Internet some always fail.
        if len(answers) < len(wanted) or 0 < unanswered == len(wanted):
            say(
                f"no answer from the name service for {unanswered} of {len(wanted)} addresses; "
                "-n leaves out names"
            )
        named = ((address, answers[address].name) for address in wanted if address in answers)
        return {address: printable(name) for address, name in named if name is not None}

    def _answers_of(self, wanted: Iterable[IPAddress]) -> dict[IPAddress, _Answer]:
        """The answers that are here in time, and wanted."""
        from queue import Empty

        until_s = self._asked_at_s + self._wait_s
        left = set(wanted)
        found: dict[IPAddress, _Answer] = {}
        while left:
            try:
                answer = self._answers.get(timeout=max(0.0, until_s - time.monotonic()))
            except Empty:
                break
            if answer.address in left:
                left.remove(answer.address)
                found[answer.address] = answer
        return found

    def _begin_thread(self) -> None:
        from paris.threads import started  # not before the first probe

        # A look-up cannot be cancelled. Python waits at exit for the threads of a pool, however
        # long a dead name server blocks them, but not for daemon threads.
        self._threads += started(self._ask_in_turn) is not None

    def _ask_in_turn(self) -> None:
        ask_name = _asker(self._servers)
        while (address := self._waiting.get()) is not None:
            try:
                self._answers.put(_Answer(address, ask_name(address)))
            except TimeoutError:
                self._answers.put(_Answer(address, None, is_failure=True))


class _Answer(NamedTuple):
    """What the name service says of an address; no name if it has none, or if it fails."""

    address: IPAddress
    name: str | None
    is_failure: bool = False


def _asker(servers: Sequence[str]) -> Callable[[IPAddress], str | None]:
    """What asks for a name, and raises TimeoutError where no server answers."""
    if not servers:
        return _of_system
    from paris.lookup.resolvers import asker  # an extra

    return asker(servers)


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
