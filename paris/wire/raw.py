"""Raw sockets on Linux: whole datagrams out, ICMP and TCP answers in, kernel receive times.

Needs CAP_NET_RAW. Routing is the kernel's, so this works over any kind of interface.
"""

from __future__ import annotations

import errno
import select
import socket
import struct
import time
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from paris.errors import PrivilegeError, WireError
from paris.resolve import bind_to_device
from paris.wire.base import Received

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ICMP, _TCP, _ICMP6 = 1, 6, 58
# Numbers that the socket module does not name (asm-generic/socket.h, linux/in.h, in6.h, icmp.h).
_SO_TIMESTAMPNS: Final = 35
_SCM_TIMESTAMPNS: Final = 35
_SO_ATTACH_FILTER: Final = 26
_SO_RCVBUFFORCE: Final = 33
_ICMP_FILTER: Final = 1
_ICMP6_FILTER: Final = 1
_IPV6_HDRINCL: Final = 36
_IP_RECVERR: Final = 11
_IPV6_RECVERR: Final = 25
_SOL_RAW: Final = 255
_RECEIVE_BUFFER_BYTES: Final = 8 << 20
_LARGEST: Final = 0x10000
_MOST_AT_ONCE: Final = 512
# A full queue empties within milliseconds; one that does not has a cause to be told.
_FULL_QUEUE_TRIES: Final = 50
_FULL_QUEUE_PAUSE_S: Final = 0.002

# The types of message that `paris.replies` reads; the kernel keeps the others from us.
_ICMP_TYPES: Final = (0, 3, 11)
_ICMP6_TYPES: Final = (1, 2, 3, 129)
# Of TCP, that is what has ACK and either SYN or RST; of a busy machine's traffic, next to nothing.
# Classic BPF, one instruction a row: code, jumps if true and false, operand. A raw socket shows
# its filter the IP header in IPv4, but not in IPv6.
_FLAGS_OFFSET: Final = 13
_LOAD_FLAGS: Final = {
    4: ((0xB1, 0, 0, 0), (0x50, 0, 0, _FLAGS_OFFSET)),  # X = IP header's length; A = byte at X + 13
    6: ((0x30, 0, 0, _FLAGS_OFFSET),),
}
_KEEP_ANSWERS: Final = (
    (0x45, 0, 2, 0x10),  # without ACK: go two on, to drop
    (0x45, 0, 1, 0x06),  # without SYN and RST: drop
    (0x06, 0, 0, _LARGEST),  # keep, whole
    (0x06, 0, 0, 0),  # drop
)


@dataclass(slots=True)
class RawWire:
    """See Wire. Its clock is the kernel's monotonic one, counted from when it was opened."""

    _version: int
    _sender: socket.socket
    _receivers: list[socket.socket]
    _opened_monotonic_s: float = field(default_factory=time.monotonic)
    _opened_unix_s: float = 0.0

    def __post_init__(self) -> None:
        self._opened_unix_s = self._zero_unix_s()

    @classmethod
    def open(cls, *, version: int, protocol: int, interface: str | None) -> RawWire:
        """Open the sockets that probes of IP `version` and IANA `protocol` need.

        Probes leave by `interface` if one is given; answers may come in by any. Raises
        PrivilegeError without CAP_NET_RAW, SettingsError for an unusable interface, WireError
        where the system has no such sockets.
        """
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        opened: list[socket.socket] = []
        try:
            sender = _raw_socket(family, socket.IPPROTO_RAW)
            opened.append(sender)
            _prepare_sender(sender, version)
            if interface is not None:
                bind_to_device(sender, interface)
            receivers = [_icmp_receiver(family)]
            opened += receivers
            if protocol == _TCP:
                receivers.append(_tcp_receiver(family))
                opened.append(receivers[-1])
            for receiver in receivers:
                _prepare_receiver(receiver, version)
        except OSError as error:
            _close(opened)
            raise WireError(f"cannot set up a raw socket: {error.strerror}") from None
        except BaseException:
            _close(opened)
            raise
        return cls(version, sender, receivers)

    def now_s(self) -> float:
        """See Wire."""
        return time.monotonic() - self._opened_monotonic_s

    def unix_s(self, at_s: float) -> float:
        """See Wire."""
        return self._opened_unix_s + at_s

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        """See Wire; each moment is read just before its datagram is handed over."""
        return [self._send(datagram) for datagram in datagrams]

    def receive(self, until_s: float) -> list[Received]:
        """See Wire."""
        # select, unlike poll, does not round waits up to whole milliseconds.
        wait_s = None if until_s == float("inf") else max(0.0, until_s - self.now_s())
        ready, _, _ = select.select(self._receivers, [], [], wait_s)
        arrived = [received for receiver in ready for received in self._drain(receiver)]
        arrived.sort(key=lambda received: received.at_s)
        return arrived

    def close(self) -> None:
        """See Wire."""
        _close((self._sender, *self._receivers))

    def _zero_unix_s(self) -> float:
        """The time of day at which our clock stood at zero, by what both clocks say now."""
        best_gap_s, zero_unix_s = float("inf"), 0.0
        for _ in range(3):
            before_s = self.now_s()
            unix_s = time.clock_gettime(time.CLOCK_REALTIME)
            gap_s = self.now_s() - before_s
            # The time of day was read somewhere in the gap: the smallest says most.
            if gap_s < best_gap_s:
                best_gap_s, zero_unix_s = gap_s, unix_s - before_s - gap_s / 2
        return zero_unix_s

    def _send(self, datagram: bytes) -> float:
        if self._version == 4:
            target: tuple[object, ...] = (socket.inet_ntop(socket.AF_INET, datagram[16:20]), 0)
        else:
            target = (socket.inet_ntop(socket.AF_INET6, datagram[24:40]), 0, 0, 0)
        has_drained = False
        for _ in range(_FULL_QUEUE_TRIES):
            at_s = self.now_s()
            try:
                self._sender.sendto(datagram, target)
            except OSError as error:
                if error.errno in (errno.ENOBUFS, errno.EAGAIN):
                    time.sleep(_FULL_QUEUE_PAUSE_S)
                elif has_drained or not _drain_errors(self._sender):
                    raise WireError(f"cannot send to {target[0]}: {error.strerror}") from None
                else:
                    has_drained = True
            else:
                return at_s
        raise WireError(f"cannot send to {target[0]}: the interface's queue stays full")

    def _drain(self, receiver: socket.socket) -> list[Received]:
        """All that has arrived at one socket, up to a bound that leaves time to send."""
        arrived: list[Received] = []
        # Kernel stamps are times of day, which may be set anew while we run.
        zero_unix_s = self._zero_unix_s()
        for _ in range(_MOST_AT_ONCE):
            try:
                data, ancillary, _, address = receiver.recvmsg(_LARGEST, 512)
            except BlockingIOError:
                break
            except OSError as error:
                raise WireError(f"cannot receive: {error.strerror}") from None
            at_s, hop_limit, traffic_class, destination = self.now_s(), 0, 0, bytes(16)
            for level, kind, value in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, _SCM_TIMESTAMPNS):
                    seconds, nanoseconds = struct.unpack("@qq", value[:16])
                    at_s = min(at_s, seconds - zero_unix_s + nanoseconds / 1e9)
                elif (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT):
                    (hop_limit,) = struct.unpack("@i", value[:4])
                elif (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_TCLASS):
                    (traffic_class,) = struct.unpack("@i", value[:4])
                elif (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
                    destination = value[:16]
            if self._version == 6:
                first = struct.pack("!I", 6 << 28 | traffic_class << 20)
                rest = struct.pack("!HBB", len(data), receiver.proto, hop_limit)
                source = socket.inet_pton(socket.AF_INET6, address[0].partition("%")[0])
                # A raw IPv6 socket hands over no header: this one says what the kernel told of it.
                data = first + rest + source + destination + data
            arrived.append(Received(data, at_s))
        return arrived


def _raw_socket(family: int, protocol: int) -> socket.socket:
    try:
        return socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)
    except PermissionError:
        raise PrivilegeError(
            "cannot open a raw socket: it needs CAP_NET_RAW; run it with sudo, or with that right "
            "alone: sudo setpriv --reuid=$USER --init-groups --inh-caps=+net_raw "
            "--ambient-caps=+net_raw paris-trace ...; --sim NETWORK needs none"
        ) from None
    except OSError as error:
        raise WireError(f"cannot open a raw socket: {error.strerror}") from None


def _prepare_sender(sender: socket.socket, version: int) -> None:
    """Headers are ours; a full queue is told instead of dropping in silence (IP_RECVERR)."""
    if version == 4:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
        sender.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    else:
        sender.setsockopt(socket.IPPROTO_IPV6, _IPV6_HDRINCL, 1)
        sender.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)


def _icmp_receiver(family: int) -> socket.socket:
    if family == socket.AF_INET:
        receiver = _raw_socket(family, socket.IPPROTO_ICMP)
        # A set bit keeps that type away.
        mask = 0xFFFFFFFF & ~sum(1 << kind for kind in _ICMP_TYPES)
        receiver.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("@I", mask))
        return receiver
    receiver = _raw_socket(family, socket.IPPROTO_ICMPV6)
    words = [0xFFFFFFFF] * 8
    for kind in _ICMP6_TYPES:
        words[kind // 32] &= ~(1 << kind % 32)
    receiver.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("@8I", *words))
    return receiver


def _tcp_receiver(family: int) -> socket.socket:
    receiver = _raw_socket(family, socket.IPPROTO_TCP)
    program = (*_LOAD_FLAGS[4 if family == socket.AF_INET else 6], *_KEEP_ANSWERS)
    code = array("B", b"".join(struct.pack("@HBBI", *instruction) for instruction in program))
    # The kernel copies the program while the option is set; `code` lives until then.
    receiver.setsockopt(
        socket.SOL_SOCKET,
        _SO_ATTACH_FILTER,
        struct.pack("@HP", len(program), code.buffer_info()[0]),
    )
    return receiver


def _prepare_receiver(receiver: socket.socket, version: int) -> None:
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    with suppress(PermissionError):  # beyond the system's limit, with CAP_NET_ADMIN
        receiver.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER_BYTES)
    receiver.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    if version == 6:
        receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)


def _drain_errors(sender: socket.socket) -> bool:
    """Take queued ICMP errors off the sending socket; whether there were any.

    One that is queued makes the next send fail in its place, which is no failure of that send.
    """
    drained = False
    while True:
        try:
            sender.recvmsg(1, 512, socket.MSG_ERRQUEUE)
        except OSError:
            return drained
        drained = True


def _close(sockets: Iterable[socket.socket]) -> None:
    for one in sockets:
        one.close()
