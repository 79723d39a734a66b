"""Raw sockets on Linux: the wire sends whole datagrams, and the kernel stamps probes and replies.

Only opening needs CAP_NET_RAW. The kernel routes, so this works over any kind of interface.
"""

from __future__ import annotations

import select
import socket
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mda.plan import Stamp, WireReport
from paris.errors import PrivilegeError, WireError, WithheldError
from paris.packets.protocols import Protocol
from paris.wire.base import RAW, UNLIMITED, Received
from paris.wire.linux import counters, filters, sockets
from paris.wire.linux.ancillary import read_ancillary
from paris.wire.linux.clock import KernelTimed
from paris.wire.linux.filters import Sent
from paris.wire.linux.send_times import Numbers, SendTimes
from paris.wire.linux.sockets import LARGEST, MOST_AT_ONCE, SourceWatch, bind_to_device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from paris.packets.flows import Flows
    from paris.wire.base import WireOptions
    from paris.wire.linux.bpf import Instruction
    from paris.wire.linux.next_hops import Addressing

# The kernel's queue holds a few hundred stamps: the wire reads them after this many sends.
_STAMPS_AT_ONCE: Final = 64


class RawWire(KernelTimed):
    """See Wire."""

    hidden: frozenset[str] = frozenset()
    one_at_a_time = False
    sends_whole = True
    longest_wait_s = float("inf")
    room = UNLIMITED

    def __init__(
        self,
        flows: Flows,
        sender: socket.socket,
        receivers: Sequence[socket.socket],
        watch: SourceWatch,
        mark: int = 0,
    ) -> None:
        super().__init__()
        self._flows = flows
        self._address = _addressing(flows, mark)
        self._version = flows.source.version
        self._watch = watch
        self._sender = sender
        self._receivers = tuple(receivers)
        self._sent = Sent(flows)
        self._times = SendTimes()
        self._numbers = Numbers()
        self._waits = 0
        self._reverse_path = counters.reverse_path_drops()

    @classmethod
    def open(cls, flows: Flows, interface: str | None, mark: int = 0) -> RawWire:
        """Open the sockets that the probes of `flows` need.

        Probes leave by `interface` if given, with the mark `mark` (0 for none); replies may arrive
        on any interface. Raises PrivilegeError without CAP_NET_RAW, or for a mark without
        CAP_NET_ADMIN, SettingsError for an unusable interface, WireError if the system lacks such
        sockets.
        """
        version = flows.source.version
        opened: list[socket.socket] = []
        try:
            sender = _raw_socket(version, socket.IPPROTO_RAW)
            opened.append(sender)
            _prepare_sender(sender, version)
            if interface is not None:
                bind_to_device(sender, interface)
            sockets.set_mark(sender, mark)
            for protocol, instructions in _kept(flows, Sent(flows)).items():
                receiver = _raw_socket(version, protocol)
                opened.append(receiver)
                filters.attach(receiver, instructions)
                sockets.enlarge(receiver)
                sockets.stamp(receiver, sending=False)
                if version == 6:
                    sockets.report_headers(receiver, version)
        except OSError as error:
            sockets.close_all(opened)
            raise WireError(f"cannot set up a raw socket: {error.strerror}") from None
        except BaseException:
            sockets.close_all(opened)
            raise
        return cls(flows, sender, opened[1:], SourceWatch(flows, interface), mark)

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        """See Wire."""
        self._watch.check(self.now_s())
        if self._sent.add(datagrams):
            kept = _kept(self._flows, self._sent)
            for receiver in self._receivers:
                filters.replace(receiver, kept[receiver.proto])
        self._clock.reconcile()
        with self._times.batch() as sent_at_s:
            for done, datagram in enumerate(datagrams):
                if done % _STAMPS_AT_ONCE == 0:
                    self._read_stamps()
                try:
                    self._send(datagram)
                except WireError as error:
                    error.sent_at_s = tuple(sent_at_s[:done])
                    raise
            self._read_stamps()
        return sent_at_s

    def settle(self, numbers: Iterable[int]) -> None:
        """See Wire."""

    def corrections(self) -> list[tuple[int, float]]:
        """See Wire."""
        if self._times.stamped < self._times.count:
            self._read_stamps()
        return self._times.late()

    def receive(self, until_s: float) -> list[Received]:
        """See Wire."""
        # select, unlike poll, does not round waits up to whole milliseconds.
        ready, _, _ = select.select(self._receivers, [], [], self.wait_s(until_s))
        self._clock.reconcile()
        arrived = [received for receiver in ready for received in self._drain(receiver)]
        arrived.sort(key=lambda received: received.at_s)
        return arrived

    def report(self) -> WireReport:
        """See Wire."""
        return WireReport(
            wire=RAW,
            sent=Stamp.KERNEL if self._times.stamped else Stamp.USER,
            received=Stamp.KERNEL,
            sent_otherwise=self._times.count - self._times.stamped if self._times.stamped else 0,
            waits=self._waits,
            dropped=sum(counters.drops(receiver) for receiver in self._receivers),
            reverse_path=counters.reverse_path_drops() - self._reverse_path,
        )

    def close(self) -> None:
        """See Wire."""
        sockets.close_all((self._sender, *self._receivers))

    def _send(self, datagram: bytes) -> None:
        where = self._address(datagram)
        number = self._times.add(self._clock.now_s())
        try:
            self._sender.sendmsg((datagram,), *where)
        except OSError as error:
            try:
                self._waits += sockets.send_again(
                    lambda: self._sender.sendmsg((datagram,), *where),
                    error,
                    drain=self._read_stamps,
                    refused=self._numbers.refused,
                    target=str(self._flows.destination),
                )
            except WithheldError:
                self._times.withdraw()
                raise
        self._numbers.sent(number)

    def _read_stamps(self) -> bool:
        """Empty the sending socket's error queue; returns whether it held anything."""
        had_any = False
        while True:
            try:
                _, messages, _, _ = self._sender.recvmsg(0, 512, socket.MSG_ERRQUEUE)
            except OSError:
                return had_any
            had_any = True
            ancillary = read_ancillary(messages)
            if ancillary.sent_index is None:
                continue
            number = self._numbers.ours(ancillary.sent_index)
            if number is not None:
                self._times.stamp(number, self._clock.of_stamp(ancillary.stamp_ns))

    def _drain(self, receiver: socket.socket) -> list[Received]:
        """The datagrams that arrived at one socket, at most MOST_AT_ONCE of them."""
        arrived: list[Received] = []
        for _ in range(MOST_AT_ONCE):
            try:
                data, messages, _, address = receiver.recvmsg(LARGEST, 512)
            except BlockingIOError:
                break
            except OSError:
                continue  # an ICMP error that the kernel reports: it also arrives as a reply
            ancillary = read_ancillary(messages)
            at_s = self._clock.now_s()
            if ancillary.stamp_ns:
                at_s = min(at_s, self._clock.of_stamp(ancillary.stamp_ns))
            if self._version == 6:
                first = struct.pack("!I", 6 << 28 | ancillary.traffic_class << 20)
                rest = struct.pack("!HBB", len(data), receiver.proto, ancillary.ttl)
                source = socket.inet_pton(socket.AF_INET6, address[0].partition("%")[0])
                # A raw IPv6 socket hides the header: rebuild it from the kernel's control messages.
                data = first + rest + source + ancillary.destination + data
            arrived.append(Received(data, at_s))
        return arrived


def _addressing(flows: Flows, mark: int) -> Callable[[bytes], Addressing]:
    """What gives `socket.sendmsg` the place to send a probe to; raises as `NextHops.of` does."""
    if flows.ways is not None:
        from paris.wire.linux.next_hops import NextHops

        return NextHops(flows, mark).of
    if flows.source.version == 4:
        return lambda probe: _addressed(probe[16:20])
    return lambda probe: _addressed(probe[24:40])


@lru_cache(maxsize=64)  # nearly all probes of a run have the same destination
def _addressed(destination: bytes) -> Addressing:
    """The place of a packed address, where routing decides the way."""
    if len(destination) == 4:
        return (), 0, (socket.inet_ntop(socket.AF_INET, destination), 0)
    return (), 0, (socket.inet_ntop(socket.AF_INET6, destination), 0, 0, 0)


def _kept(flows: Flows, sent: Sent) -> dict[int, list[Instruction]]:
    """The filter of each receiver, by its protocol, given which probes were `sent`."""
    # In IPv6 a raw socket sees no IP header, and neither does its filter.
    icmp = socket.IPPROTO_ICMP if flows.source.version == 4 else socket.IPPROTO_ICMPV6
    kept = {int(icmp): filters.icmp_replies(flows, 0, sent.tags)}
    if Protocol.TCP in flows.protocols:
        kept[socket.IPPROTO_TCP] = filters.tcp_replies(flows, 0, sent.tags)
    if Protocol.UDP in flows.protocols:
        # No socket is bound to our ports: the kernel answers replies there with an ICMP error, as
        # it answers a SYN-ACK with a reset. Binding them takes a socket per flow and gains nothing.
        kept[socket.IPPROTO_UDP] = filters.udp_replies(flows, 0, sent.ports)
    return kept


def open_wire(flows: Flows, options: WireOptions) -> RawWire:
    """See RawWire.open."""
    return RawWire.open(flows, options.interface, options.mark)


def _raw_socket(version: int, protocol: int) -> socket.socket:
    try:
        return sockets.new_socket(version, socket.SOCK_RAW, protocol)
    except PermissionError:
        raise PrivilegeError(
            "cannot open a raw socket: it needs CAP_NET_RAW; run it with sudo, or with that right "
            "alone: sudo setpriv --reuid=$USER --init-groups --inh-caps=+net_raw "
            "--ambient-caps=+net_raw paris-trace ...; --wire unprivileged and --sim need none"
        ) from None
    except OSError as error:
        raise WireError(f"cannot open a raw socket: {error.strerror}") from None


def _prepare_sender(sender: socket.socket, version: int) -> None:
    """Send our own IP headers, have departures stamped, and have a full queue reported."""
    sockets.include_headers(sender, version)
    # The kernel learns a path's MTU from the answers to our probes, and would stop the next one.
    sockets.forbid_fragments(sender, version)
    sockets.queue_errors(sender, version)
    sockets.enlarge(sender)
    sockets.stamp(sender, sending=True)
