"""TCP probes by connect(); replies from error queues and from the outcome of the connection.

This needs no privilege. The kernel builds the SYN and chooses its sequence number, so only the
socket identifies a probe, and each flow can have one probe in flight. This program's clock times
probes and the destination's replies; the kernel stamps routers' replies.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.plan import Stamp, WireReport
from paris.errors import WireError
from paris.wire.base import UNPRIVILEGED, Received
from paris.wire.linux import counters, sockets
from paris.wire.linux.ancillary import read_ancillary
from paris.wire.linux.clock import KernelTimed
from paris.wire.linux.sockets import LARGEST, MOST_AT_ONCE
from paris.wire.unprivileged import flow_sockets, rebuilding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mda.model import IPAddress, Way
    from paris.packets.flows import Flows
    from paris.wire.base import WireOptions
    from paris.wire.linux.ancillary import Ancillary
    from paris.wire.unprivileged.flow_sockets import Key
    from paris.wire.unprivileged.rebuilding import Sent

# The kernel repeats a SYN after 1 s; close the socket before, or the probe counts twice.
_LIFE_S: Final = 0.95
# Looks at a counter to which datagrams that are still on their way add as well.
_LOOKS: Final = 4


class _Attempt(NamedTuple):
    """A probe whose connection attempt is in progress; `number` counts probes from 0."""

    number: int
    socket: socket.socket
    sent: Sent
    at_s: float


class ConnectWire(KernelTimed):
    """See Wire."""

    hidden = frozenset({"changed", "quoted_ttl", "reply_ip_id"})
    one_at_a_time = True
    sends_whole = False
    longest_wait_s = _LIFE_S

    def __init__(self, flows: Flows, options: WireOptions) -> None:
        super().__init__()
        self._flows = flows
        self._options = options
        self._preparer = flow_sockets.preparer_for(flows, options)
        self._ready = select.epoll()
        self._claim: socket.socket | None = None
        self._most_ports = flow_sockets.most_ports()
        self._attempts: dict[Key, _Attempt] = {}  # the oldest first
        self._by_file: dict[int, _Attempt] = {}
        self._count = 0
        self._awaited: set[int] = set()  # numbers of probes
        self._passed: set[Key] = set()  # flows of which a SYN passed this machine's firewall
        self._early: list[Received] = []
        self._reverse_path = counters.reverse_path_drops()

    def open_first(self) -> None:
        """Try the port of flow 0 now, and claim it; raises what those functions do."""
        self._claim = flow_sockets.claim_port(self._flows)
        key = flow_sockets.first_key(self._flows)
        with flow_sockets.unless_taken():
            self._open_port(key, self._flows.way(0)).close()

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        """See Wire; a new probe of a flow abandons that flow's earlier probe."""
        sent_at_s: list[float] = []
        for datagram in datagrams:
            try:
                sent_at_s.append(self._send(rebuilding.read_sent(datagram)))
            except WireError as error:
                error.sent_at_s = tuple(sent_at_s)
                raise
        return sent_at_s

    @property
    def room(self) -> int:
        """See Wire."""
        return max(0, self._most_ports - len(self._awaited))

    def settle(self, numbers: Iterable[int]) -> None:
        """See Wire; the sockets of these probes can make room for others."""
        self._awaited.difference_update(numbers)

    def corrections(self) -> list[tuple[int, float]]:
        """See Wire; there are none."""
        return []

    def gather(self, until_s: float) -> None:
        """See Wire; a connection has to end soon."""

    def receive(self, until_s: float) -> list[Received]:
        """See Wire."""
        arrived, self._early = self._early, []
        while True:
            self._forget_old()
            # Interrupt long waits, so that no probe outlives its time unnoticed.
            until_now_s = until_s
            if self._attempts:
                oldest_s = next(iter(self._attempts.values())).at_s
                until_now_s = min(until_s, oldest_s + _LIFE_S)
            wait_s = 0.0 if arrived else self.wait_s(until_now_s)
            if select.select([self._ready], [], [], wait_s)[0]:
                self._clock.reconcile()
                for file, _ in self._ready.poll(0, MOST_AT_ONCE):
                    arrived += self._outcome(self._by_file[file])
            if arrived or self.now_s() >= until_s:
                arrived.sort(key=lambda received: received.at_s)
                return arrived

    def report(self) -> WireReport:
        """See Wire."""
        return WireReport(
            wire=UNPRIVILEGED,
            sent=Stamp.USER,
            received=Stamp.KERNEL,
            hidden=tuple(sorted(self.hidden)),
            reverse_path=counters.reverse_path_drops() - self._reverse_path,
        )

    def close(self) -> None:
        """See Wire."""
        for attempt in list(self._attempts.values()):
            self._close(attempt)
        self._ready.close()
        self._preparer.close()
        if self._claim is not None:
            self._claim.close()

    def _send(self, sent: Sent) -> float:
        key = flow_sockets.key_of(sent)
        earlier = self._attempts.get(key)
        if earlier is None and len(self._attempts) >= self._most_ports:
            every = self._attempts.values()
            earlier = next(each for each in every if each.number not in self._awaited)
        if earlier is not None:
            self._close(earlier)
        way = self._flows.way_of(sent.datagram)
        sock = self._open_port(key, way)
        flow_sockets.set_ttl(sock, sent.version, sent.ttl)
        at_s = self.now_s()
        attempt = _Attempt(self._count, sock, sent, at_s)
        self._attempts[key] = self._by_file[sock.fileno()] = attempt
        self._ready.register(sock, select.EPOLLOUT)
        target = flow_sockets.target(self._flows, key)
        before = None if key in self._passed else counters.held_back(sent.version)
        fault = sock.connect_ex(target)
        queued = _queued_error(sock) if fault == errno.EINPROGRESS else None
        own = self._flows.source if way is None else way.source
        if queued is not None and self._is_from(own, queued[1]):
            fault = errno.EPERM
        if before is not None and fault == errno.EINPROGRESS and self._is_dropped(before, key):
            fault = errno.EPERM
        if fault not in (0, errno.ECONNREFUSED, errno.EINPROGRESS):
            self._close(attempt)
            raise sockets.refusal(OSError(fault, os.strerror(fault)), str(target[0]))
        self._awaited.add(attempt.number)
        self._count += 1
        if queued is not None:
            self._early += self._ended_by(attempt, *queued)
        elif fault != errno.EINPROGRESS:
            self._early += self._outcome(attempt, fault)  # the destination is this machine
        return at_s

    def _open_port(self, key: Key, way: Way | None) -> socket.socket:
        return flow_sockets.open_port(self._flows, key, self._options, way, self._preparer)

    def _is_from(self, own: IPAddress, ancillary: Ancillary) -> bool:
        """Whether this machine's firewall rejected a SYN on its way out: it answers at once."""
        return own != self._flows.destination and ancillary.offender == own.packed

    def _is_dropped(self, before: int, key: Key) -> bool:
        """Whether this machine's firewall dropped the SYN that was just handed over.

        connect() does not say so, but `counters.held_back` grows: from `before`, and for good. That
        is believed only once it did not grow for another SYN, as some kinds of route may always add
        to it, and if it does not go on growing, for datagrams of other programs.
        """
        seen: set[int] = set()
        for _ in range(_LOOKS):
            now = counters.held_back(self._flows.source.version)
            if now is None or now <= before:
                self._passed.add(key)
                return False
            seen.add(now)
        return len(seen) == 1 and bool(self._passed)

    def _outcome(self, attempt: _Attempt, fault: int | None = None) -> list[Received]:
        """The reply that ended a connection attempt: an ICMP error, or the destination's reply.

        `fault` is the error number of a connect() that returned at once.
        """
        queued = _queued_error(attempt.socket)
        if queued is not None:
            return self._ended_by(attempt, *queued)
        at_s = self.now_s()
        if fault is None:
            fault = attempt.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self._close(attempt)
        if fault not in (0, errno.ECONNREFUSED):
            return []
        return [Received(rebuilding.tcp_reply(attempt.sent, open_port=not fault), at_s)]

    def _ended_by(self, attempt: _Attempt, quoted: bytes, ancillary: Ancillary) -> list[Received]:
        """The ICMP error that ended a connection attempt."""
        at_s = self._clock.of_stamp(ancillary.stamp_ns) if ancillary.stamp_ns else self.now_s()
        self._close(attempt)
        return [Received(rebuilding.icmp_error(attempt.sent, quoted, ancillary), at_s)]

    def _forget_old(self) -> None:
        now_s = self.now_s()
        for attempt in list(self._attempts.values()):
            if attempt.at_s + _LIFE_S > now_s:
                return
            self._close(attempt)

    def _close(self, attempt: _Attempt) -> None:
        del (
            self._attempts[flow_sockets.key_of(attempt.sent)],
            self._by_file[attempt.socket.fileno()],
        )
        attempt.socket.close()


def _queued_error(sock: socket.socket) -> tuple[bytes, Ancillary] | None:
    """The ICMP error in a socket's error queue, with what it quotes; None without one."""
    try:
        quoted, messages, _, _ = sock.recvmsg(LARGEST, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return None
    ancillary = read_ancillary(messages)
    return (quoted, ancillary) if ancillary.is_error else None
