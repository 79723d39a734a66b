"""Sockets of Linux: their options, sending against full queues, the source address.

Numbers that the socket module does not name are from asm-generic/socket.h, linux/in.h, in6.h
and net_tstamp.h.
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from paris.errors import SettingsError, WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mda.model import IPAddress

LARGEST: Final = 0x10000  # bytes that a datagram may have, and that a receiver makes room for
MOST_AT_ONCE: Final = 512  # replies to take in one turn: reading them must leave time to send
ETHER_TYPE: Final = {4: 0x0800, 6: 0x86DD}
SO_ATTACH_FILTER: Final = 26
_SO_RCVBUFFORCE: Final = 33
SO_TIMESTAMPING: Final = 37
_IP_RECVTTL: Final = 12
IP_RECVERR: Final = 11
IPV6_RECVERR: Final = 25
_IP_RECVERR_RFC4884: Final = 26
_IPV6_RECVERR_RFC4884: Final = 31
_IPV6_AUTOFLOWLABEL: Final = 70
_IPV6_FLOWLABEL_MGR: Final = 32
_IPV6_HDRINCL: Final = 36
_IPV6_FLOWINFO_SEND: Final = 33
_LEASE_FOR_ANYONE: Final = (0, 255, 1)  # get it, share it with anybody, create it if need be
_TX_SOFTWARE, _RX_SOFTWARE, _SOFTWARE, _OPT_ID, _OPT_TSONLY = 0x2, 0x8, 0x10, 0x80, 0x800

# The level and option under which each IP version queues errors.
_ERRORS: Final = {
    4: (socket.IPPROTO_IP, IP_RECVERR, _IP_RECVERR_RFC4884),
    6: (socket.IPPROTO_IPV6, IPV6_RECVERR, _IPV6_RECVERR_RFC4884),
}
_FAMILY: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_RECEIVE_BUFFER_BYTES: Final = 8 << 20
_SEND_BUFFER_BYTES: Final = 4 << 20

# A full queue empties within milliseconds; one that does not has a cause to be told.
_FULL_QUEUE_TRIES: Final = 50
_FULL_QUEUE_PAUSE_S: Final = 0.002
# So often a send may fail for others: the kernel queues some of its own errors as well.
_MOST_FAILURES: Final = 50
_SOURCE_CHECK_S: Final = 0.5


class SourceWatch:
    """Looks now and then whether an address is still this machine's.

    Whoever builds headers itself could go on sending with one that is not, and would never be
    answered. If probes leave by one `interface` only, it is asked there.
    """

    def __init__(self, source: IPAddress, interface: str | None) -> None:
        self._source = source
        self._interface = interface
        self._checked_at_s = 0.0

    def check(self, now_s: float) -> None:
        """Raise WireError if it is not."""
        if now_s < self._checked_at_s + _SOURCE_CHECK_S:
            return
        self._checked_at_s = now_s
        with new_socket(self._source.version, socket.SOCK_DGRAM) as asking:
            try:
                if self._interface is not None:
                    # Seen from outside, the addresses in a VRF are nobody's.
                    asking.setsockopt(
                        socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._interface.encode() + b"\0"
                    )
                asking.bind((str(self._source), 0))
            except PermissionError:
                return  # Linux before 5.7 lets nobody choose an interface without CAP_NET_RAW
            except OSError:
                raise WireError(
                    f"cannot send from {self._source}: it is no longer an address of this machine"
                ) from None


def new_socket(version: int, kind: int, protocol: int = 0) -> socket.socket:
    """A socket that never blocks. Raises OSError."""
    return socket.socket(_FAMILY[version], kind | socket.SOCK_NONBLOCK, protocol)


def stamp(sock: socket.socket, *, sending: bool) -> None:
    """Have the kernel stamp what is received, and what is sent if `sending`.

    Sent datagrams are numbered from 0.
    """
    flags = _RX_SOFTWARE | _SOFTWARE
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, flags)
    if sending:
        flags |= _TX_SOFTWARE | _OPT_ID | _OPT_TSONLY
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, flags)


def queue_errors(sock: socket.socket, version: int) -> None:
    """Have ICMP errors queued with their quotes, and a full sending queue told."""
    level, errors, extensions = _ERRORS[version]
    sock.setsockopt(level, errors, 1)
    with suppress(OSError):  # since Linux 5.9; older ones do not tell where extensions begin
        sock.setsockopt(level, extensions, 1)


def set_flow_label(sock: socket.socket, destination: bytes, label: int) -> None:
    """Let a socket send with an IPv6 flow label, leased for `destination` (packed) unless it is 0.

    The kernel's own choice differs from one connect() to the next. Raises OSError.
    """
    sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_AUTOFLOWLABEL, 0)
    if label:
        lease = struct.pack(
            "@16sIBBHHHI", destination, socket.htonl(label), *_LEASE_FOR_ANYONE, 0, 0, 0
        )
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_FLOWLABEL_MGR, lease)
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_FLOWINFO_SEND, 1)


def tell_headers(sock: socket.socket, version: int) -> None:
    """Have what a socket hides of received headers told beside the data."""
    if version == 4:
        sock.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)


def enlarge(sock: socket.socket) -> None:
    """Make room for answers, and for stamps, until they are read."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    with suppress(PermissionError):  # beyond the system's limit, with CAP_NET_ADMIN
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER_BYTES)


def enlarge_sending(sock: socket.socket) -> None:
    """Make room for thousands of datagrams on their way out."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)


def include_headers(sock: socket.socket, version: int) -> None:
    """Send datagrams with the IP headers that they have."""
    if version == 4:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_HDRINCL, 1)


def send_again(
    send: Callable[[], object],
    error: OSError,
    *,
    drain: Callable[[], bool],
    refused: Callable[[], None],
    target: str,
) -> int:
    """Repeat `send`, which failed with `error`, while a queue is full; how often it was.

    An ICMP error that has come in makes the next send fail in its place, which is no failure of
    that send: `drain` takes such errors off their queue, and says if there were any; the first one
    may have found no room there. `refused` is told of each datagram that the kernel built, and
    numbered for its stamp, before a queue refused it. Raises WireError where it is no use.
    """
    waits = failures = 0
    may_be_anothers = True
    while True:
        if is_full(error):
            if error.errno == errno.ENOBUFS:
                refused()
            waits += 1
            if waits == _FULL_QUEUE_TRIES:
                raise WireError(f"cannot send to {target}: the interface's queue stays full")
            time.sleep(_FULL_QUEUE_PAUSE_S)
        elif may_be_anothers and failures < _MOST_FAILURES:
            failures += 1
            may_be_anothers = drain()
        else:
            raise WireError(f"cannot send to {target}: {error.strerror}")
        try:
            send()
        except OSError as again:
            error = again
        else:
            return waits


def is_full(error: OSError) -> bool:
    """Whether a queue refused a datagram for want of room."""
    return error.errno in (errno.ENOBUFS, errno.EAGAIN)


def forget_errors(sock: socket.socket) -> bool:
    """Take everything off a socket's error queue; whether there was anything."""
    had_any = False
    with suppress(OSError):
        while True:
            sock.recvmsg(0, 0, socket.MSG_ERRQUEUE)
            had_any = True
    return had_any


def close_all(sockets: Iterable[socket.socket]) -> None:
    """Close each; safe to repeat."""
    for sock in sockets:
        sock.close()


def bind_to_device(sock: socket.socket, interface: str) -> None:
    """Make a socket send by `interface` only. Raises SettingsError if it cannot."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    except OSError as error:
        raise SettingsError(f"-i {interface}: {error.strerror}") from None
