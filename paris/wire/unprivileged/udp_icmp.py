"""UDP and ICMP probes through ordinary sockets; replies from their error queues. No privilege.

The kernel builds the same datagrams as a raw socket would send: the payload is chosen so that the
kernel's UDP checksum equals the tag. So a quoted payload identifies the probe. If a router quotes
less, only the flow is known, and the rebuilt reply has no tag.
"""

from __future__ import annotations

import select
import socket
import struct
from collections import Counter
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from mda.plan import Stamp, WireReport
from paris.errors import WireError, WithheldError
from paris.packets.protocols import Protocol
from paris.wire.base import UNPRIVILEGED, Received
from paris.wire.linux import counters, sockets
from paris.wire.linux.ancillary import read_ancillary
from paris.wire.linux.clock import KernelTimed
from paris.wire.linux.send_times import Numbers, SendTimes
from paris.wire.linux.sockets import LARGEST, MOST_AT_ONCE
from paris.wire.unprivileged import flow_sockets, rebuilding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mda.model import Way
    from paris.packets.flows import Flows
    from paris.wire.base import WireOptions
    from paris.wire.linux.ancillary import Ancillary
    from paris.wire.unprivileged.flow_sockets import Key
    from paris.wire.unprivileged.rebuilding import Sent

# Sockets are read in turn, and only a few replies from each, so that a flood on one socket leaves
# room for the others.
_PORTS_AT_ONCE, _OF_ONE_PORT = 8, 128
_MOST_TURNS: Final = 64
# So many probes are told apart by their tags; a tag is used again after as many.
_MOST_KNOWN: Final = 1 << 16
# Stamps and errors share a queue of a few hundred entries: the wire reads it after this many sends.
_SENDS_AT_ONCE: Final = 64
# By IP version and TTL, the control messages that set the TTL of one datagram.
_HOP_LIMITS: Final = {
    version: [[(level, kind, struct.pack("@i", ttl))] for ttl in range(256)]
    for version, level, kind in (
        (4, socket.IPPROTO_IP, socket.IP_TTL),
        (6, socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT),
    )
}


# A dataclass would delay the first probe by half a millisecond.
class _Port:
    """A socket and the numbers of its datagrams.

    `target` is where it sends, None if it is connected. `in_a_row` counts what was read from the
    error queue between the last two times it was empty.
    """

    def __init__(self, sock: socket.socket, key: Key, target: tuple[object, ...] | None) -> None:
        self.socket = sock
        self.key = key
        self.target = target
        self.numbers = Numbers()
        self.in_a_row = 0
        self.was_emptied = True


class DatagramWire(KernelTimed):
    """See Wire."""

    hidden = frozenset({"changed", "quoted_ttl", "reply_ip_id"})
    one_at_a_time = False
    sends_whole = False
    longest_wait_s = float("inf")

    def __init__(self, flows: Flows, options: WireOptions) -> None:
        super().__init__()
        self._flows = flows
        self._options = options
        self._preparer = flow_sockets.preparer_for(flows, options)
        self._times = SendTimes()
        self._ready = select.epoll()
        self._claim: socket.socket | None = None
        self._most_ports = flow_sockets.most_ports()
        self._ports: dict[Key, _Port] = {}  # the least recently used first
        self._awaited: dict[int, Key] = {}  # by the number of a datagram
        self._in_flight: Counter[Key] = Counter()
        self._by_file: dict[int, _Port] = {}
        self._sent: dict[tuple[int, int, bytes], Sent] = {}  # by ports and tag, the oldest first
        self._latest: dict[tuple[Key, bytes], Sent] = {}  # by destination, the oldest first
        self._arrived: list[Received] = []
        self._waits = 0
        self._dropped = 0
        self._reverse_path = counters.reverse_path_drops()

    def open_first(self) -> None:
        """Open the socket of flow 0 now, and claim its port; raises what those functions do."""
        self._claim = flow_sockets.claim_port(self._flows)
        with flow_sockets.unless_taken():
            self._port(flow_sockets.first_key(self._flows), self._flows.way(0))

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        """See Wire."""
        self._clock.reconcile()
        used: dict[Key, _Port] = {}
        with self._times.batch() as sent_at_s:
            for done, datagram in enumerate(datagrams):
                if done % _SENDS_AT_ONCE == 0:
                    self._drain_all(used)
                try:
                    port = self._send(rebuilding.read_sent(datagram))
                except WireError as error:
                    error.sent_at_s = tuple(sent_at_s[:done])
                    raise
                used[port.key] = port
            self._drain_all(used)
        return sent_at_s

    @property
    def room(self) -> int:
        """See Wire; each further probe may need another socket."""
        return max(0, self._most_ports - len(self._in_flight))

    def settle(self, numbers: Iterable[int]) -> None:
        """See Wire; sockets without a probe in flight can make room for others."""
        for number in numbers:
            key = self._awaited.pop(number)
            self._in_flight[key] -= 1
            if not self._in_flight[key]:
                del self._in_flight[key]

    def corrections(self) -> list[tuple[int, float]]:
        """See Wire; late stamps are read together with replies."""
        return self._times.late()

    def receive(self, until_s: float) -> list[Received]:
        """See Wire."""
        wait_s = 0.0 if self._arrived else self.wait_s(until_s)
        # An epoll rounds its own waits up to whole milliseconds, but select can wait for it.
        if select.select([self._ready], [], [], wait_s)[0]:
            self._clock.reconcile()
            for _ in range(_MOST_TURNS):
                ready = self._ready.poll(0, _PORTS_AT_ONCE)
                for file, events in ready:
                    port = self._by_file[file]
                    if events & select.EPOLLERR:
                        self._drain_errors(port)
                    if events & select.EPOLLIN:
                        self._drain_data(port)
                if not ready or len(self._arrived) >= MOST_AT_ONCE:
                    break
        arrived, self._arrived = self._arrived, []
        arrived.sort(key=lambda received: received.at_s)
        return arrived

    def report(self) -> WireReport:
        """See Wire."""
        stamped = self._times.stamped
        return WireReport(
            wire=UNPRIVILEGED,
            sent=Stamp.KERNEL if stamped else Stamp.USER,
            received=Stamp.KERNEL,
            sent_otherwise=self._times.count - stamped if stamped else 0,
            hidden=tuple(sorted(self.hidden)),
            waits=self._waits,
            dropped=self._dropped
            + sum(counters.drops(port.socket) for port in self._ports.values()),
            reverse_path=counters.reverse_path_drops() - self._reverse_path,
        )

    def close(self) -> None:
        """See Wire."""
        for port in list(self._ports.values()):
            self._close(port)
        self._ready.close()
        self._preparer.close()
        if self._claim is not None:
            self._claim.close()

    def _send(self, sent: Sent) -> _Port:
        port = self._port(flow_sockets.key_of(sent), self._flows.way_of(sent.datagram))
        tag = rebuilding.tag_of_body(sent, self._flows.payload)
        self._sent.pop((sent.sport, sent.dport, tag), None)
        self._sent[sent.sport, sent.dport, tag] = sent
        if len(self._sent) > _MOST_KNOWN:
            del self._sent[next(iter(self._sent))]
        destination = rebuilding.destination_of(sent)
        self._latest.pop((port.key, destination), None)
        self._latest[port.key, destination] = sent
        if len(self._latest) > _MOST_KNOWN:
            del self._latest[next(iter(self._latest))]
        target = port.target
        if self._flows.go_anywhere:
            address = str(ip_address(destination))
            target = flow_sockets.target_at(address, sent.version, port.key)
        hop_limit = _HOP_LIMITS[sent.version][sent.ttl]
        number = self._times.add(self.now_s())
        try:
            port.socket.sendmsg((sent.body,), hop_limit, 0, target)
        except OSError as error:
            has_drained = False

            def drain() -> bool:
                nonlocal has_drained
                had_any = self._drain_errors(port)
                has_drained |= had_any
                return had_any

            try:
                self._waits += sockets.send_again(
                    lambda: port.socket.sendmsg((sent.body,), hop_limit, 0, target),
                    error,
                    drain=drain,
                    refused=port.numbers.refused,
                    target=str(ip_address(destination)),
                )
            except WithheldError:
                self._times.withdraw()
                raise
            if not (has_drained or sockets.is_full(error)):
                self._note_unqueued(port)
        port.numbers.sent(number)
        self._awaited[number] = port.key
        self._in_flight[port.key] += 1
        return port

    def _port(self, key: Key, way: Way | None) -> _Port:
        """The socket for a flow, opened if missing.

        Of too many, it closes the least recently used that has no probe in flight.
        """
        port = self._ports.pop(key, None)
        if port is None:
            if len(self._ports) >= self._most_ports:
                idle = next(key for key in self._ports if key not in self._in_flight)
                self._close(self._ports[idle])
            sock = flow_sockets.open_port(self._flows, key, self._options, way, self._preparer)
            is_connected = flow_sockets.is_connected(self._flows, way)
            target = None if is_connected else flow_sockets.target(self._flows, key)
            port = _Port(sock, key, target)
            self._by_file[port.socket.fileno()] = port
            self._ready.register(port.socket, select.EPOLLIN)
        self._ports[key] = port
        return port

    def _close(self, port: _Port) -> None:
        self._dropped += counters.drops(port.socket)
        del self._ports[port.key], self._by_file[port.socket.fileno()]
        port.socket.close()

    def _drain_all(self, used: dict[Key, _Port]) -> None:
        """Read the stamps and replies waiting in these sockets' error queues; then clear `used`."""
        for port in used.values():
            if port.key in self._ports:
                self._drain_errors(port)
        used.clear()

    def _drain_errors(self, port: _Port) -> bool:
        """Read stamps and ICMP errors from a socket's error queue; returns whether it held any."""
        count = 0
        for _ in range(_OF_ONE_PORT):
            try:
                data, messages, _, address = port.socket.recvmsg(LARGEST, 512, socket.MSG_ERRQUEUE)
            except OSError:
                break
            count += 1
            ancillary = read_ancillary(messages)
            at_s = self._clock.of_stamp(ancillary.stamp_ns) if ancillary.stamp_ns else self.now_s()
            if ancillary.sent_index is not None:
                number = port.numbers.ours(ancillary.sent_index)
                if number is not None:
                    self._times.stamp(number, at_s)
            elif ancillary.is_error:
                self._take_error(port, data, ancillary, self._asked(address), at_s)
        if not count and port.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._note_unqueued(port)
            return True
        port.in_a_row = count if port.was_emptied else port.in_a_row + count
        port.was_emptied = count < _OF_ONE_PORT
        return count > 0

    def _note_unqueued(self, port: _Port) -> None:
        """Count a reply as dropped if the queue may have been full when the kernel reported it.

        The kernel queues an ICMP error first and marks the socket second. Where the error is read
        in between, on another core, the mark remains, and nothing is lost.
        """
        if counters.may_have_been_full(port.socket, port.in_a_row):
            self._dropped += 1

    def _asked(self, address: tuple[object, ...] | None) -> bytes:
        """The packed destination of the probes that an address is for; of a trace, its own."""
        if self._flows.go_anywhere and address:
            return _packed(address)
        return self._flows.destination.packed

    def _take_error(
        self, port: _Port, quoted: bytes, ancillary: Ancillary, destination: bytes, at_s: float
    ) -> None:
        sport, dport, _ = port.key
        number = self._flows.protocol.number(self._flows.source.version)
        tag = rebuilding.tag_of_quote(number, quoted, self._flows.payload)
        sent = self._sent.get((sport, dport, tag))
        if sent is None:
            # The probe is unknown: the latest probe of this flow stands for it.
            sent = self._latest.get((port.key, destination))
            if sent is None:
                return  # nothing was sent from here yet
            # A tag that no probe used is forged; keep it, so that matching rejects the reply.
            sent = rebuilding.with_body(sent, quoted) if tag else rebuilding.without_tag(sent)
        elif rebuilding.destination_of(sent) != destination:
            return  # it quotes a probe that was not sent, or whose destination was rewritten
        self._arrived.append(Received(rebuilding.icmp_error(sent, quoted, ancillary), at_s))

    def _drain_data(self, port: _Port) -> None:
        """Read ordinary data: echo replies, or replies of a UDP service."""
        for _ in range(_OF_ONE_PORT):
            try:
                data, messages, _, address = port.socket.recvmsg(LARGEST, 512)
            except OSError:
                break  # the queue is empty, or an ICMP error waits in the error queue
            ancillary = read_ancillary(messages)
            at_s = self._clock.of_stamp(ancillary.stamp_ns) if ancillary.stamp_ns else self.now_s()
            sent = self._latest.get((port.key, self._asked(address)))
            source = self._flows.source.packed if sent is None else rebuilding.source_of(sent)
            ends = _packed(address), source
            if self._flows.protocol is Protocol.UDP:
                reply = rebuilding.udp_reply(*ends, port.key.dport, port.key.sport, data, ancillary)
            else:
                reply = rebuilding.icmp_reply(*ends, data, ancillary)
            self._arrived.append(Received(reply, at_s))


def _packed(address: tuple[object, ...]) -> bytes:
    """The packed form of an address as sockets give it."""
    return ip_address(str(address[0]).partition("%")[0]).packed
