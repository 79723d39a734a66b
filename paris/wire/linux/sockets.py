"""Linux sockets: their options, sending into full queues, checks of the source address.

Numbers that the socket module lacks come from asm-generic/socket.h, linux/in.h, in6.h and
net_tstamp.h.
"""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from paris.errors import PrivilegeError, SettingsError, WireError, WithheldError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from paris.packets.flows import Flows

LARGEST: Final = 0x10000  # bytes: no datagram is longer, so a receive buffer of this size suffices
MOST_AT_ONCE: Final = 512  # replies to read per turn, which leaves time to send
ETHER_TYPE: Final = {4: 0x0800, 6: 0x86DD}
SO_ATTACH_FILTER: Final = 26
_SO_RCVBUFFORCE: Final = 33
_SO_MARK: Final = 36
SO_TIMESTAMPING: Final = 37
_IP_RECVTTL: Final = 12
IP_RECVERR: Final = 11
IPV6_RECVERR: Final = 25
_IP_RECVERR_RFC4884: Final = 26
_IPV6_RECVERR_RFC4884: Final = 31
_PROBE_PATH: Final = 3  # don't fragment, and ignore the kernel's cached path MTU
_SIOCGIFMTU: Final = 0x8921
_IPV6_AUTOFLOWLABEL: Final = 70
_IPV6_FLOWLABEL_MGR: Final = 32
_IPV6_HDRINCL: Final = 36
_IPV6_FLOWINFO_SEND: Final = 33
_LEASE_FOR_ANYONE: Final = (0, 255, 1)  # get the label, share it with anybody, create if missing
_TX_SOFTWARE, _RX_SOFTWARE, _SOFTWARE, _OPT_ID, _OPT_TSONLY = 0x2, 0x8, 0x10, 0x80, 0x800

# By IP version, the level and the options that queue errors and report their extensions.
_ERRORS: Final = {
    4: (socket.IPPROTO_IP, IP_RECVERR, _IP_RECVERR_RFC4884),
    6: (socket.IPPROTO_IPV6, IPV6_RECVERR, _IPV6_RECVERR_RFC4884),
}
_MTU_DISCOVER: Final = {4: (socket.IPPROTO_IP, 10), 6: (socket.IPPROTO_IPV6, 23)}
_FAMILY: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_RECEIVE_BUFFER_BYTES: Final = 8 << 20
_SEND_BUFFER_BYTES: Final = 4 << 20

# A full queue empties within milliseconds; if it stays full, the user needs to know.
_FULL_QUEUE_TRIES: Final = 50
_FULL_QUEUE_PAUSE_S: Final = 0.002
# At most this many times a send may fail because of ICMP errors for earlier probes: the kernel
# queues some local errors as well.
_MOST_FAILURES: Final = 50
# Errors that may be of one flow only: of a firewall or a port, and of a route, such as a rule for a
# port that prohibits, or a black hole.
_ONE_FLOW: Final = {errno.EPERM, errno.EADDRINUSE, errno.EADDRNOTAVAIL}
_ONE_ROUTE: Final = {errno.EACCES, errno.EINVAL, errno.ENETUNREACH, errno.EHOSTUNREACH}
_SOURCE_CHECK_S: Final = 0.5


class SourceWatch:
    """Checks periodically that the source addresses of `flows` still belong to this machine.

    A raw sender could keep using a source address the machine has lost, and would never hear a
    reply. If probes leave by a given `interface`, the check uses that interface.
    """

    def __init__(self, flows: Flows, interface: str | None) -> None:
        self._flows = flows
        self._interface = interface
        self._checked_at_s = 0.0

    def check(self, now_s: float) -> None:
        """Raise WireError if an address is gone; looks at most once per _SOURCE_CHECK_S."""
        if now_s < self._checked_at_s + _SOURCE_CHECK_S:
            return
        for source in self._flows.own_addresses:
            with new_socket(source.version, socket.SOCK_DGRAM) as asking:
                try:
                    if self._interface is not None:
                        # Only a socket bound to the interface sees the addresses in its VRF.
                        device = self._interface.encode() + b"\0"
                        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
                    asking.bind((str(source), 0))
                except PermissionError:
                    return  # before Linux 5.7, choosing an interface takes CAP_NET_RAW
                except OSError:
                    raise WireError(
                        f"cannot send from {source}: it is no longer an address of this machine"
                    ) from None
        self._checked_at_s = now_s


def new_socket(version: int, kind: int, protocol: int = 0) -> socket.socket:
    """A socket that never blocks. Raises OSError."""
    return socket.socket(_FAMILY[version], kind | socket.SOCK_NONBLOCK, protocol)


def stamp(sock: socket.socket, *, sending: bool) -> None:
    """Let the kernel stamp received datagrams, and sent ones if `sending`.

    The kernel numbers sent datagrams from 0. Raises OSError.
    """
    flags = _RX_SOFTWARE | _SOFTWARE
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, flags)
    if sending:
        flags |= _TX_SOFTWARE | _OPT_ID | _OPT_TSONLY
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, flags)


def queue_errors(sock: socket.socket, version: int) -> None:
    """Let the kernel queue ICMP errors with their quotes, and report a full send queue."""
    level, errors, extensions = _ERRORS[version]
    sock.setsockopt(level, errors, 1)
    with suppress(OSError):  # since Linux 5.9; older kernels do not report where extensions begin
        sock.setsockopt(level, extensions, 1)


def set_flow_label(sock: socket.socket, destination: bytes, label: int) -> None:
    """Let a socket send with an IPv6 flow label, leased for `destination` (packed) unless it is 0.

    By default the kernel chooses another label per connect(). Raises OSError.
    """
    sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_AUTOFLOWLABEL, 0)
    if label:
        lease = struct.pack(
            "@16sIBBHHHI", destination, socket.htonl(label), *_LEASE_FOR_ANYONE, 0, 0, 0
        )
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_FLOWLABEL_MGR, lease)
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_FLOWINFO_SEND, 1)


def report_headers(sock: socket.socket, version: int) -> None:
    """Let the kernel report header fields that the socket hides, as control messages."""
    if version == 4:
        sock.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)


def enlarge(sock: socket.socket) -> None:
    """Make room for replies and stamps until they are read."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    with suppress(PermissionError):  # going beyond the system's limit takes CAP_NET_ADMIN
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER_BYTES)


def enlarge_sending(sock: socket.socket) -> None:
    """Make room for thousands of outgoing datagrams."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)


def include_headers(sock: socket.socket, version: int) -> None:
    """Let a raw socket send datagrams with their own IP headers."""
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
    """Repeat `send`, which failed with `error`, while a queue is full; returns how often it was.

    An ICMP error that arrives makes the next send fail, although nothing is wrong with that send.
    No such error is EPERM, which a firewall's output rule makes of a datagram that it drops.
    `drain` empties the error queue and returns whether it held any error; the first failure is
    forgiven without one, because the queue may have had no room for it. `refused` is called for
    each datagram that the kernel built, and numbered for its stamp, before it was refused. Raises
    WireError or WithheldError if repeating does not help.
    """
    waits = failures = 0
    may_be_an_earlier_error = True
    while True:
        if is_full(error):
            if error.errno == errno.ENOBUFS:
                refused()
            waits += 1
            if waits == _FULL_QUEUE_TRIES:
                raise WireError(f"cannot send to {target}: the interface's queue stays full")
            time.sleep(_FULL_QUEUE_PAUSE_S)
        elif error.errno == errno.EPERM:
            refused()
            raise refusal(error, target)
        elif may_be_an_earlier_error and failures < _MOST_FAILURES:
            failures += 1
            may_be_an_earlier_error = drain()
        else:
            raise refusal(error, target)
        try:
            send()
        except OSError as again:
            error = again
        else:
            return waits


def refusal(error: OSError, target: str) -> WireError:
    """The error to raise where the system refuses to send a datagram."""
    message, reason = f"cannot send to {target}: {error.strerror}", error.strerror or ""
    if error.errno in _ONE_FLOW or error.errno in _ONE_ROUTE:
        return WithheldError(message, reason, is_route=error.errno in _ONE_ROUTE)
    return WireError(message)


def is_full(error: OSError) -> bool:
    """Whether a queue refused a datagram because it was full."""
    return error.errno in (errno.ENOBUFS, errno.EAGAIN)


def forget_errors(sock: socket.socket) -> bool:
    """Empty a socket's error queue; returns whether it held anything."""
    had_any = False
    with suppress(OSError):
        while True:
            sock.recvmsg(0, 0, socket.MSG_ERRQUEUE)
            had_any = True
    return had_any


def close_all(sockets: Iterable[socket.socket]) -> None:
    """Close each socket; safe to repeat."""
    for sock in sockets:
        sock.close()


def bind_to_device(sock: socket.socket, interface: str) -> None:
    """Let a socket send by `interface` only. Raises SettingsError if that fails."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    except OSError as error:
        raise SettingsError(f"-i {interface}: {error.strerror}") from None


def interface_mtu(name: str) -> int:
    """The length in bytes of the longest packet that an interface sends. Raises WireError."""
    request = struct.pack("@16sI20x", name.encode(), 0)
    with new_socket(4, socket.SOCK_DGRAM) as asking:
        try:
            answer = fcntl.ioctl(asking, _SIOCGIFMTU, request)
        except OSError as error:
            raise WireError(f"cannot ask {name} for its MTU: {error.strerror}") from None
    return int(struct.unpack_from("@16sI", answer)[1])


def forbid_fragments(sock: socket.socket, version: int) -> None:
    """Let no datagram of a socket be sent in fragments, or be limited to a path's known MTU."""
    level, option = _MTU_DISCOVER[version]
    sock.setsockopt(level, option, _PROBE_PATH)


def set_mark(sock: socket.socket, mark: int) -> None:
    """Let a socket's packets have this mark, 0 for none. Raises PrivilegeError if that fails."""
    if not mark:
        return
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_MARK, struct.pack("@I", mark))
    except OSError as error:
        raise PrivilegeError(
            f"--mark {mark:#x}: {error.strerror}; it needs CAP_NET_ADMIN, run it with sudo"
        ) from None
