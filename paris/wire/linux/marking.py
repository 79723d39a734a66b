"""Marks sockets (SO_MARK), also when this process has given up the right to do so.

A helper keeps that right. It reads nothing from the network: it gets descriptors of sockets from
this process, sets the one mark on them, and says whether that worked. It ends with this process.
"""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING, NamedTuple

from paris.errors import PrivilegeError, WireError
from paris.wire.linux import capabilities, sockets

if TYPE_CHECKING:
    from typing import NoReturn

_DONE, _REFUSED = b"y", b"n"


class _Helper(NamedTuple):
    line: socket.socket
    process: int


class Marker:
    """Gives sockets the mark `mark`, 0 for none. The first socket shows whether that is allowed."""

    def __init__(self, mark: int) -> None:
        self._mark = mark
        self._helper: _Helper | None = None

    def set_on(self, sock: socket.socket) -> None:
        """Give a socket the mark. Raises PrivilegeError if that fails, WireError without helper."""
        if not self._mark:
            return
        if self._helper is None:
            sockets.set_mark(sock, self._mark)
            self._helper = _start(self._mark)
            return
        try:
            socket.send_fds(self._helper.line, [_DONE], [sock.fileno()])
            answer = self._helper.line.recv(1)
        except OSError:
            answer = b""
        if answer == _REFUSED:
            raise PrivilegeError(f"--mark {self._mark:#x}: the right to it was taken away")
        if answer != _DONE:
            raise WireError(f"--mark {self._mark:#x}: the process that marks sockets has ended")

    def close(self) -> None:
        """End the helper."""
        if self._helper is not None:
            self._helper.line.close()
            os.waitpid(self._helper.process, 0)
            self._helper = None


def _start(mark: int) -> _Helper:
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = os.fork()
    if not process:
        _serve(other, mark)
    other.close()
    return _Helper(own, process)


def _serve(line: socket.socket, mark: int) -> NoReturn:
    """Mark the sockets whose descriptors come by `line`, until it ends; then exit."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the other process does
        os.closerange(0, line.fileno())
        os.closerange(line.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        may_go_on = capabilities.reduce_to(capabilities.FOR_SOCKETS) or capabilities.reduce_to(
            capabilities.NET_RAW
        )
        while may_go_on:
            _, files, _, _ = socket.recv_fds(line, 1, 1)
            if not files:
                break
            with socket.socket(fileno=files[0]) as sock:
                line.send(_marked(sock, mark))
    finally:
        os._exit(0)


def _marked(sock: socket.socket, mark: int) -> bytes:
    try:
        sockets.set_mark(sock, mark)
    except PrivilegeError:
        return _REFUSED
    return _DONE
