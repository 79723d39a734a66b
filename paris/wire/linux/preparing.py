"""Marks sockets and binds them to ports reserved for root, though this process has given that up.

A helper keeps the right to both. It reads nothing from the network: it gets descriptors of sockets
from this process, prepares them, and says whether that worked. It ends with this process.
"""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.errors import PrivilegeError, WireError
from paris.wire.linux import sockets

if TYPE_CHECKING:
    from typing import NoReturn

_LONGEST: Final = 1024  # bytes of a request: where to bind a socket, in lines
_DONE: Final = 0
_NOT_MARKED: Final = 255  # no error number
RESERVED: Final = range(1, 1024)  # ports that need CAP_NET_BIND_SERVICE


class _Helper(NamedTuple):
    line: socket.socket
    process: int


class Preparer:
    """Gives sockets the mark `mark`, 0 for none, and binds them; `ports`: some of them to RESERVED.

    Preparing the first socket shows whether that is allowed.
    """

    def __init__(self, mark: int, *, ports: bool) -> None:
        self._mark = mark
        self._is_needed = bool(mark) or ports
        self._helper: _Helper | None = None

    def prepare(self, sock: socket.socket, end: tuple[object, ...]) -> None:
        """Mark a socket and bind it to `end`.

        Raises PrivilegeError for the mark, OSError for the port, WireError without helper.
        """
        if self._helper is None:
            _prepare(sock, end, self._mark)
            if self._is_needed:
                self._helper = _start(self._mark)
            return
        try:
            socket.send_fds(self._helper.line, ["\n".join(map(str, end)).encode()], [sock.fileno()])
            answer = self._helper.line.recv(1)
        except OSError:
            answer = b""
        if not answer:
            raise WireError("the process that marks sockets and binds them has ended")
        if answer[0] == _NOT_MARKED:
            raise PrivilegeError(f"--mark {self._mark:#x}: the right to it was taken away")
        if answer[0] != _DONE:
            raise OSError(answer[0], os.strerror(answer[0]))

    def close(self) -> None:
        """End the helper."""
        if self._helper is not None:
            self._helper.line.close()
            os.waitpid(self._helper.process, 0)
            self._helper = None


def _prepare(sock: socket.socket, end: tuple[object, ...], mark: int) -> None:
    sockets.set_mark(sock, mark)
    sock.bind(end)


def _start(mark: int) -> _Helper:
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = os.fork()
    if not process:
        _serve(other, mark)
    other.close()
    return _Helper(own, process)


def _serve(line: socket.socket, mark: int) -> NoReturn:
    """Prepare the sockets whose descriptors come by `line`, until it ends; then exit."""
    from paris.wire.linux import capabilities  # few traces need this process

    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the other process does
        os.closerange(0, line.fileno())
        os.closerange(line.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        may_go_on = capabilities.reduce_to(capabilities.FOR_SOCKETS)
        while may_go_on:
            request, files, _, _ = socket.recv_fds(line, _LONGEST, 1)
            if not files:
                break
            host, *numbers = request.decode().split("\n")
            with socket.socket(fileno=files[0]) as sock:
                fault = _fault(sock, (host, *map(int, numbers)), mark)
            line.send(bytes([fault]))
    finally:
        os._exit(0)


def _fault(sock: socket.socket, end: tuple[object, ...], mark: int) -> int:
    """The error number of preparing a socket."""
    try:
        _prepare(sock, end, mark)
    except PrivilegeError:
        return _NOT_MARKED
    except OSError as error:
        return error.errno or _NOT_MARKED
    return _DONE
