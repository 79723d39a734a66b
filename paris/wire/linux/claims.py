"""Claims that exclude other runs on this machine, for as long as a socket stays open.

Only one socket in a network namespace can have an abstract name (unix(7)). The kernel frees it,
even that of a process that crashes.
"""

from __future__ import annotations

import errno
import socket
from typing import Final

_PREFIX: Final = "\0paris-trace "


class TakenError(Exception):
    """Another run has claimed this."""


def claim(what: str) -> socket.socket | None:
    """The socket that holds a claim; None if the system lets nobody claim anything.

    Raises TakenError if another run in this network namespace holds it.
    """
    try:
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    except OSError:
        return None
    try:
        holder.bind(_PREFIX + what)
    except OSError as error:
        holder.close()
        if error.errno == errno.EADDRINUSE:
            raise TakenError from None
        return None
    return holder
