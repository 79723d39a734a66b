"""The wire for thousands of probes per second: sendmmsg sends, a receive ring receives.

Only opening needs CAP_NET_RAW. Send times spread each system call's duration over its probes; the
kernel stamps arrivals. With `by_link` probes bypass routing and firewall: they leave the interface
as Ethernet frames to their next hop's address.
"""

from __future__ import annotations

import select
import socket
import struct
from functools import partial
from ipaddress import IPv4Address
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np

from mda.plan import Stamp, WireReport
from paris.errors import PrivilegeError, WireError
from paris.packets.probe_matrix import Matrix
from paris.wire.base import BULK, UNLIMITED, Received
from paris.wire.bulk.ring import Ring
from paris.wire.bulk.ring_socket import FRAMES, RingSocket, kept
from paris.wire.bulk.sendmmsg import Sender, Target, control_bytes
from paris.wire.linux import sockets
from paris.wire.linux.clock import KernelTimed
from paris.wire.linux.filters import Sent
from paris.wire.linux.sockets import MOST_AT_ONCE, SourceWatch, bind_to_device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from mda.model import IPAddress, Way
    from paris.packets.flows import Flows
    from paris.packets.probe_matrix import Bytes
    from paris.wire.bulk.ring import Frames

_AT_ONCE: Final = 1024  # probes per call: its duration, about 1 ms, bounds a send time's error
_COUNT: Final = np.arange(_AT_ONCE, dtype=np.float64)


class BulkWire(KernelTimed):
    """See Wire; sends and receives matrices as well as bytes."""

    hidden: frozenset[str] = frozenset()
    one_at_a_time = False
    sends_whole = True
    longest_wait_s = float("inf")
    room = UNLIMITED

    def __init__(
        self,
        flows: Flows,
        sender: socket.socket,
        target_of: Callable[[Way | None], Target],
        ring: Ring,
        watch: SourceWatch,
    ) -> None:
        super().__init__()
        self._flows = flows
        self._socket = sender
        self._sender = Sender(sender)
        self._target_of = target_of
        self._targets: dict[Way | None, Target] = {}
        self._target(flows.way(0))  # so that what concerns all flows shows early
        self._ring = ring
        self._watch = watch
        self._sent = Sent(flows)
        self._waits = 0
        self._is_closed = False

    @classmethod
    def open(
        cls,
        flows: Flows,
        interface: str | None,
        *,
        by_link: bool = False,
        mark: int = 0,
        ring: RingSocket | None = None,
    ) -> BulkWire:
        """Open the sockets that the probes of `flows` need; `mark` is that of packets, 0 for none.

        `ring` is the socket that receives, where it is already being made.

        Raises PrivilegeError without CAP_NET_RAW, or for a mark without CAP_NET_ADMIN,
        SettingsError for an unusable interface, WireError if the system lacks such sockets or the
        next hop has no link address.
        """
        opened: list[Ring | socket.socket] = []
        try:
            receiver = Ring(ring or RingSocket(flows))
            opened.append(receiver)
            if by_link:
                from paris.wire.bulk import ethernet

                sender = ethernet.open_sender()
                target_of = partial(ethernet.target, flows.destination, interface)
            else:
                sender = _raw_sender(flows, interface, mark)
                target_of = partial(_target, flows.destination, mark)
            opened.append(sender)
            return cls(flows, sender, target_of, receiver, SourceWatch(flows, interface))
        except BaseException as error:
            for part in opened:
                part.close()
            if isinstance(error, PermissionError):
                raise PrivilegeError(
                    "cannot open raw and packet sockets: that needs CAP_NET_RAW; run it with sudo, "
                    "or without --wire bulk"
                ) from None
            if isinstance(error, OSError):
                raise WireError(f"cannot set up the bulk wire: {error.strerror}") from None
            raise

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        """See Wire; a Matrix of datagrams is sent without conversion."""
        self._watch.check(self.now_s())
        if isinstance(datagrams, Matrix):
            return [round(at_s, 9) for at_s in self.send_rows(datagrams.rows).tolist()]
        if self._sent.add(datagrams):
            self._let_in()
        sent_at_s: list[float] = []
        for datagram in datagrams:
            row = np.frombuffer(datagram, np.uint8).reshape(1, -1)
            try:
                (at_s,) = self._send_rows(row, self._target(self._flows.way_of(datagram))).tolist()
            except WireError as error:
                error.sent_at_s = tuple(sent_at_s)
                raise
            sent_at_s.append(round(at_s, 9))
        return sent_at_s

    def send_rows(self, rows: Bytes) -> NDArray[np.float64]:
        """Send each row, in order; returns when each left. All rows have the same protocol."""
        tag, port = self._sent.places(rows[0])
        if self._sent.add_between(*_extremes(rows[:, tag]), *_extremes(rows[:, port])):
            self._let_in()
        if self._flows.ways is None:
            return self._send_rows(rows, self._targets[None])
        ways = [self._flows.way_of(row.tobytes()) for row in rows]
        sent_at_s = np.empty(len(rows))
        for way, alike in groupby(range(len(rows)), ways.__getitem__):
            places = list(alike)
            sent_at_s[places] = self._send_rows(rows[places], self._target(way))
        return sent_at_s

    def _target(self, way: Way | None) -> Target:
        """Where to send what leaves by a way."""
        if way not in self._targets:
            self._targets[way] = self._target_of(way)
        return self._targets[way]

    def _send_rows(self, rows: Bytes, target: Target) -> NDArray[np.float64]:
        """Send rows to one target."""
        at_s = np.empty(len(rows))
        for begin in range(0, len(rows), _AT_ONCE):
            part = rows[begin : begin + _AT_ONCE]
            done = 0
            while done < len(part):
                began_s = self.now_s()
                try:
                    taken = self._send_some(part[done:], target)
                except WireError as error:
                    error.sent_at_s = tuple(at_s[: begin + done].tolist())
                    raise
                each_s = (self.now_s() - began_s) / taken
                at = begin + done
                np.multiply(_COUNT[:taken], each_s, out=at_s[at : at + taken])
                at_s[at : at + taken] += began_s
                done += taken
        return at_s

    def settle(self, numbers: Iterable[int]) -> None:
        """See Wire."""

    def corrections(self) -> list[tuple[int, float]]:
        """See Wire; there are none."""
        return []

    def receive(self, until_s: float) -> list[Received]:
        """See Wire."""
        frames = self.receive_frames(until_s, MOST_AT_ONCE)
        if frames is None:
            return []
        lengths = frames.lengths.tolist()
        stamps_s = [self._clock.of_stamp(stamp) for stamp in frames.stamps_ns.tolist()]
        arrived = [
            Received(row[:length].tobytes(), at_s)
            for row, length, at_s in zip(frames.datagrams, lengths, stamps_s, strict=True)
        ]
        frames.release()
        return arrived

    def receive_frames(self, until_s: float, most: int = FRAMES) -> Frames | None:
        """The datagrams that arrived, as a matrix; None if none arrives until `until_s`.

        There are at most `most` frames. The caller must return them with `Frames.release`.
        """
        frames = self._ring.ready(most)
        if frames is None and select.select([self._ring], [], [], self.wait_s(until_s))[0]:
            frames = self._ring.ready(most)
        if frames is not None:
            self._clock.reconcile()
        return frames

    def stamps_s(self, frames: Frames) -> NDArray[np.float64]:
        """When each frame arrived, on this wire's clock."""
        return (frames.stamps_ns - self._clock.zero_unix_ns) / 1e9

    def report(self) -> WireReport:
        """See Wire."""
        return WireReport(
            wire=BULK,
            sent=Stamp.BATCH,
            received=Stamp.KERNEL,
            waits=self._waits,
            dropped=self._ring.dropped(),
        )

    def close(self) -> None:
        """See Wire."""
        if not self._is_closed:
            self._is_closed = True
            self._socket.close()
            self._ring.close()

    def _send_some(self, rows: Bytes, target: Target) -> int:
        """Send some rows in order, waiting for queue space; returns how many left."""
        taken = 0

        def send() -> None:
            nonlocal taken
            taken = self._sender.send(rows, target)

        try:
            send()
        except OSError as error:
            self._waits += sockets.send_again(
                send,
                error,
                drain=lambda: sockets.forget_errors(self._socket),
                refused=lambda: None,
                target=str(self._flows.destination),
            )
        return taken

    def _let_in(self) -> None:
        """Widen the ring's filter to the replies to all probes sent so far."""
        self._ring.keep(kept(self._flows, self._sent))


def _extremes(columns: Bytes) -> tuple[int, int]:
    """The lowest and the highest of the big-endian numbers in these columns, one per row."""
    numbers = np.zeros(len(columns), np.int64)
    for column in columns.T:
        numbers = numbers << 8 | column
    return int(numbers.min()), int(numbers.max())


def _raw_sender(flows: Flows, interface: str | None, mark: int) -> socket.socket:
    version = flows.source.version
    sender = sockets.new_socket(version, socket.SOCK_RAW, socket.IPPROTO_RAW)
    try:
        sockets.include_headers(sender, version)
        sockets.forbid_fragments(sender, version)
        sockets.queue_errors(sender, version)
        sockets.enlarge_sending(sender)
        if interface is not None:
            bind_to_device(sender, interface)
        sockets.set_mark(sender, mark)
    except BaseException:
        sender.close()
        raise
    return sender


def _target(destination: IPAddress, mark: int, way: Way | None) -> Target:
    """Where a raw socket sends what leaves by a way."""
    if way is None:
        return Target(_address(destination))
    from paris.wire.linux.next_hops import next_hop  # few flows need it

    found = next_hop(destination, way, mark)
    return Target(_address(found.address), control_bytes(found.control), found.flags)


def _address(destination: IPAddress) -> bytes:
    """The sockaddr_in or sockaddr_in6 of a destination.

    The sender is not connected: Linux marks all packets of a connected socket with one hash, by
    which a router in a namespace of this machine sends them the same way, whatever their ports.
    """
    if isinstance(destination, IPv4Address):
        return struct.pack("@H2x4s8x", socket.AF_INET, destination.packed)
    zone = socket.if_nametoindex(destination.scope_id) if destination.scope_id else 0
    return struct.pack("@H2x4x16sI", socket.AF_INET6, destination.packed, zone)
