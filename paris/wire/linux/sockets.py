"""What Linux tells of a datagram beside its bytes: time stamps, TTLs, queued errors, drops.

Shared by the wires that use sockets. Numbers that the socket module does not name are from
asm-generic/socket.h, linux/in.h, in6.h, errqueue.h and net_tstamp.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paris.errors import WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mda.model import IPAddress

SO_ATTACH_FILTER: Final = 26
_SO_RCVBUFFORCE: Final = 33
_SO_TIMESTAMPING: Final = 37
_SO_MEMINFO: Final = 55
_MEMINFO_DROPS: Final = 8  # the index of the drops among SO_MEMINFO's words
_IP_RECVTTL: Final = 12
_IP_RECVERR: Final = 11
_IPV6_RECVERR: Final = 25
_IP_RECVERR_RFC4884: Final = 26
_IPV6_RECVERR_RFC4884: Final = 31
_IPV6_AUTOFLOWLABEL: Final = 70
_IPV6_FLOWLABEL_MGR: Final = 32
_IPV6_FLOWINFO_SEND: Final = 33
_LEASE_FOR_ANYONE: Final = (0, 255, 1)  # get it, share it with anybody, create it if need be
_TX_SOFTWARE, _RX_SOFTWARE, _SOFTWARE, _OPT_ID, _OPT_TSONLY = 0x2, 0x8, 0x10, 0x80, 0x800

# The level and option under which each IP version queues errors.
_ERRORS: Final = {
    4: (socket.IPPROTO_IP, _IP_RECVERR, _IP_RECVERR_RFC4884),
    6: (socket.IPPROTO_IPV6, _IPV6_RECVERR, _IPV6_RECVERR_RFC4884),
}
_FAMILY: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_RECEIVE_BUFFER_BYTES: Final = 8 << 20
_ORIGIN_ICMP: Final = (2, 3)  # ICMP and ICMPv6
_ORIGIN_TIMESTAMPING: Final = 4
# The sockaddr of the offender follows the error's 16 bytes; its address stands at an offset there.
_OFFENDER: Final = {4: slice(20, 24), 6: slice(24, 40)}

# A full queue empties within milliseconds; one that does not has a cause to be told.
_FULL_QUEUE_TRIES: Final = 50
_FULL_QUEUE_PAUSE_S: Final = 0.002
# So often a send may fail for others: the kernel queues some of its own errors as well.
_MOST_FAILURES: Final = 50
_CLOCK_STEP_NS: Final = 100_000
_SOURCE_CHECK_S: Final = 0.5


class KernelClock:
    """The kernel's monotonic clock, counted from when this was made, in whole nanoseconds.

    `zero_unix_ns` is the time of day at which it stood at 0.
    """

    __slots__ = ("_opened_ns", "zero_unix_ns")

    def __init__(self) -> None:
        self._opened_ns = time.monotonic_ns()
        self.zero_unix_ns = self._measured_zero_ns()

    def now_s(self) -> float:
        """Seconds since this was made."""
        return (time.monotonic_ns() - self._opened_ns) / 1e9

    def unix_s(self, at_s: float) -> float:
        """A moment of this clock as seconds since 1970."""
        return self.zero_unix_ns / 1e9 + at_s

    def of_stamp(self, stamp_ns: int) -> float:
        """A kernel time stamp, which is a time of day, as a moment of this clock."""
        return (stamp_ns - self.zero_unix_ns) / 1e9

    def reconcile(self) -> None:
        """Follow the time of day if it was set anew; call before reading stamps.

        Both clocks are slewed alike, so that anything else is the noise of reading them.
        """
        zero_ns = self._measured_zero_ns()
        if abs(zero_ns - self.zero_unix_ns) > _CLOCK_STEP_NS:
            self.zero_unix_ns = zero_ns

    def _measured_zero_ns(self) -> int:
        best_gap_ns, zero_ns = 1 << 62, 0
        for _ in range(3):
            before_ns = time.monotonic_ns()
            unix_ns = time.clock_gettime_ns(time.CLOCK_REALTIME)
            gap_ns = time.monotonic_ns() - before_ns
            # The time of day was read somewhere in the gap: the smallest says most.
            if gap_ns < best_gap_ns:
                best_gap_ns = gap_ns
                zero_ns = unix_ns - (before_ns - self._opened_ns) - gap_ns // 2
        return zero_ns


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


@dataclass(slots=True)
class Told:
    """What came with one datagram or queued error; 0 and empty where nothing was said.

    `sent_index` is the number of the sent datagram whose time stamp this is, else None.
    `is_error` marks an ICMP error with its `offender` (packed address); `extension_at` is where
    its extension structure begins in the quoted bytes (RFC 4884), 0 if it does not say.
    """

    stamp_ns: int = 0
    ttl: int = 0
    traffic_class: int = 0
    destination: bytes = bytes(16)
    sent_index: int | None = None
    is_error: bool = False
    icmp_type: int = 0
    icmp_code: int = 0
    offender: bytes = b""
    extension_at: int = 0


def read_ancillary(ancillary: Iterable[tuple[int, int, bytes]]) -> Told:
    """What the control messages of one `recvmsg` say."""
    told = Told()
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET:
            if kind == _SO_TIMESTAMPING:
                seconds, nanoseconds = struct.unpack_from("@qq", value)
                told.stamp_ns = seconds * 1_000_000_000 + nanoseconds
        elif level == socket.IPPROTO_IP:
            if kind == socket.IP_TTL:
                told.ttl = value[0]
            elif kind == _IP_RECVERR:
                _read_error(told, value, 4)
        elif kind == socket.IPV6_HOPLIMIT:
            told.ttl = value[0]
        elif kind == socket.IPV6_TCLASS:
            told.traffic_class = value[0]
        elif kind == socket.IPV6_PKTINFO:
            told.destination = value[:16]
        elif kind == _IPV6_RECVERR:
            _read_error(told, value, 6)
    return told


def _read_error(told: Told, value: bytes, version: int) -> None:
    _, origin, told.icmp_type, told.icmp_code, _, _, data = struct.unpack_from("@IBBBBII", value)
    if origin == _ORIGIN_TIMESTAMPING:
        told.sent_index = data
    elif origin in _ORIGIN_ICMP:
        told.is_error = True
        told.offender = value[_OFFENDER[version]]
        length, flags = struct.unpack_from("@HB", value, 12)
        told.extension_at = 0 if flags else length


def new_socket(version: int, kind: int, protocol: int = 0) -> socket.socket:
    """A socket that never blocks. Raises OSError."""
    return socket.socket(_FAMILY[version], kind | socket.SOCK_NONBLOCK, protocol)


def stamp(one: socket.socket, *, sending: bool) -> None:
    """Have the kernel stamp what is received, and what is sent if `sending`.

    Sent datagrams are numbered from 0.
    """
    flags = _RX_SOFTWARE | _SOFTWARE
    one.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, flags)
    if sending:
        flags |= _TX_SOFTWARE | _OPT_ID | _OPT_TSONLY
        one.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, flags)


def queue_errors(one: socket.socket, version: int) -> None:
    """Have ICMP errors queued with their quotes, and a full sending queue told."""
    level, errors, extensions = _ERRORS[version]
    one.setsockopt(level, errors, 1)
    with suppress(OSError):  # since Linux 5.9; older ones do not tell where extensions begin
        one.setsockopt(level, extensions, 1)


def set_flow_label(one: socket.socket, destination: bytes, label: int) -> None:
    """Let a socket send with an IPv6 flow label, leased for `destination` (packed) unless it is 0.

    The kernel's own choice differs from one connect() to the next. Raises OSError.
    """
    one.setsockopt(socket.IPPROTO_IPV6, _IPV6_AUTOFLOWLABEL, 0)
    if label:
        lease = struct.pack(
            "@16sIBBHHHI", destination, socket.htonl(label), *_LEASE_FOR_ANYONE, 0, 0, 0
        )
        one.setsockopt(socket.IPPROTO_IPV6, _IPV6_FLOWLABEL_MGR, lease)
        one.setsockopt(socket.IPPROTO_IPV6, _IPV6_FLOWINFO_SEND, 1)


def tell_headers(one: socket.socket, version: int) -> None:
    """Have what a socket hides of received headers told beside the data."""
    if version == 4:
        one.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
    else:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)


def enlarge(one: socket.socket) -> None:
    """Make room for answers, and for stamps, until they are read."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    with suppress(PermissionError):  # beyond the system's limit, with CAP_NET_ADMIN
        one.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER_BYTES)


def drops(one: socket.socket) -> int:
    """How many datagrams the socket's receive queue had no room for."""
    words = one.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4 * (_MEMINFO_DROPS + 1))
    if len(words) <= 4 * _MEMINFO_DROPS:
        return 0
    (dropped,) = struct.unpack_from("@I", words, 4 * _MEMINFO_DROPS)
    return int(dropped)


def reverse_path_drops() -> int:
    """How many datagrams the reverse path filter of this network namespace has dropped so far."""
    try:
        file = os.open("/proc/net/netstat", os.O_RDONLY)
        try:
            lines = os.read(file, 1 << 16).decode().splitlines()
        finally:
            os.close(file)
    except OSError:
        return 0
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        counted = dict(zip(names.split(), values.split(), strict=False))
        if "IPReversePathFilter" in counted:
            return int(counted["IPReversePathFilter"])
    return 0


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


def forget_errors(one: socket.socket) -> bool:
    """Take everything off a socket's error queue; whether there was anything."""
    had_any = False
    with suppress(OSError):
        while True:
            one.recvmsg(0, 0, socket.MSG_ERRQUEUE)
            had_any = True
    return had_any


def close_all(sockets: Iterable[socket.socket]) -> None:
    """Close each; safe to repeat."""
    for one in sockets:
        one.close()
