"""Opens the ordinary sockets that send probes: a flow's header values as socket options."""

from __future__ import annotations

import errno
import os
import resource
import socket
import struct
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import HeaderField
from paris.errors import PortTakenError, PrivilegeError, WireError, WithheldError
from paris.packets.protocols import Protocol
from paris.wire.linux import sockets
from paris.wire.linux.claims import TakenError, claim
from paris.wire.linux.preparing import RESERVED, Preparer
from paris.wire.linux.sockets import bind_to_device

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.model import Way
    from paris.packets.flows import Flows
    from paris.wire.base import WireOptions
    from paris.wire.unprivileged.rebuilding import Sent

_FILES_TO_SPARE: Final = 32


class Key(NamedTuple):
    """Identifies the socket of a probe; for ICMP, `sport` is the echo identifier and `dport` 0."""

    sport: int
    dport: int
    flow_label: int


def first_key(flows: Flows) -> Key:
    """The key of flow 0."""
    headers = flows.first
    return Key(flows.sport, headers.dport or 0, headers.flow_label)


def key_of(sent: Sent) -> Key:
    """The key of a probe."""
    return Key(sent.sport, sent.dport, sent.flow_label)


def preparer_for(flows: Flows, options: WireOptions) -> Preparer:
    """What prepares the sockets of these flows; the port of flow 0 is the lowest."""
    has_ports = flows.protocol is not Protocol.ICMP
    return Preparer(options.mark, ports=has_ports and flows.sport in RESERVED)


def most_ports() -> int:
    """How many sockets may be open at once; first raises the limit of open files to its maximum."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _FILES_TO_SPARE)


def claim_port(flows: Flows) -> socket.socket | None:
    """Keeps other runs from sending the same flows; see `claims.claim`. Raises PortTakenError.

    The kernel lets several sockets have a port if all say so, and then mixes up their replies.
    """
    try:
        return claim(
            f"{flows.protocol.value} {flows.source} {flows.destination} {flows.dport} {flows.sport}"
        )
    except TakenError:
        raise _taken(flows.sport) from None


@contextmanager
def unless_taken() -> Iterator[None]:
    """Ignore that the system withholds a probe, unless because another program has its port.

    Whoever sends it learns that as well.
    """
    try:
        yield
    except PortTakenError:
        raise
    except WithheldError:
        pass


def open_port(
    flows: Flows, key: Key, options: WireOptions, way: Way | None, preparer: Preparer
) -> socket.socket:
    """A socket whose datagrams carry a flow's header values; see `is_connected`.

    The datagrams leave by the flow's `way`, if it has one, and `preparer` marks them. Raises
    PrivilegeError if the system withholds ping sockets, the port or the mark, SettingsError for an
    unusable interface, WireError for anything else.
    """
    sock = _new_socket(flows)
    try:
        if options.interface is not None:
            bind_to_device(sock, options.interface)
        _prepare(sock, flows, key)
        preparer.prepare(sock, _own_end(flows, key.sport, options, way))
        if is_connected(flows, way):
            sock.connect(target(flows, key))
    except OSError as error:
        sock.close()
        raise _explained(error, flows, key.sport) from None
    except BaseException:
        sock.close()
        raise
    return sock


def _own_end(flows: Flows, sport: int, options: WireOptions, way: Way | None) -> tuple[object, ...]:
    """The address to bind to: ping sockets want a zone, although the interface is bound already."""
    source = flows.source if way is None else way.source
    if source.version == 6 and source.is_link_local:
        if options.interface is None:
            return "", sport  # only an interface would complete it; connect() chooses it again
        return str(source), sport, 0, socket.if_nametoindex(options.interface)
    if way is not None and source.version == 6 and options.source is None:
        # In IPv6 the kernel does as for a program only while the source is its own choice. In
        # IPv4 it routes a program's connection once more when it has chosen the source.
        return "", sport
    return str(source), sport


def is_connected(flows: Flows, way: Way | None) -> bool:
    """Whether the flow's socket is connected before it sends."""
    if flows.protocol is Protocol.ICMP and way is not None and way.source.version == 6:
        # The kernel would route a connection by its identifier, but programs' echo requests by
        # type and code alone.
        return False
    return flows.protocol is not Protocol.TCP and not flows.go_anywhere


def target(flows: Flows, key: Key) -> tuple[object, ...]:
    """The address of a flow's destination, in the form that sockets take."""
    return target_at(str(flows.destination), flows.destination.version, key)


def target_at(destination: str, version: int, key: Key) -> tuple[object, ...]:
    """An address for a flow's probes, in the form that sockets take."""
    if version == 4:
        return destination, key.dport
    return destination, key.dport, key.flow_label, 0


def set_ttl(sock: socket.socket, version: int, ttl: int) -> None:
    """Set the TTL of the datagrams that a socket sends."""
    if version == 4:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)


def _new_socket(flows: Flows) -> socket.socket:
    version = flows.source.version
    kind, protocol = socket.SOCK_DGRAM, 0
    if flows.protocol is Protocol.TCP:
        kind = socket.SOCK_STREAM
    elif flows.protocol is Protocol.ICMP:
        protocol = flows.protocol.number(version)
    try:
        return sockets.new_socket(version, kind, protocol)
    except PermissionError:
        raise PrivilegeError(
            "cannot open a ping socket: net.ipv4.ping_group_range has no group of yours; use -U, "
            "or run it with sudo, or let everybody: "
            "sudo sysctl -w net.ipv4.ping_group_range='0 2147483647'"
        ) from None
    except OSError as error:
        raise WireError(f"cannot open a socket: {error.strerror}") from None


def _prepare(sock: socket.socket, flows: Flows, key: Key) -> None:
    version = flows.source.version
    is_tcp = flows.protocol is Protocol.TCP
    sockets.queue_errors(sock, version)
    sockets.report_headers(sock, version)
    sockets.stamp(sock, sending=not is_tcp)
    if is_tcp:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
        # Closing resets the connection and frees its ports at once.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
    else:
        sockets.enlarge(sock)
    if is_tcp or flows.varies or flows.field in (HeaderField.DPORT, HeaderField.FLOW_LABEL):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sockets.forbid_fragments(sock, version)
    if version == 4:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, flows.traffic_class)
        return
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, flows.traffic_class)
    sockets.set_flow_label(sock, flows.destination.packed, key.flow_label)


def _explained(error: OSError, flows: Flows, sport: int) -> Exception:
    if error.errno == errno.EADDRINUSE:
        return _taken(sport)
    if error.errno in (errno.EACCES, errno.EPERM) and sport in RESERVED:
        return PrivilegeError(
            f"source port {sport} is reserved for root; use --sport {RESERVED.stop} or above"
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return WireError("too many open files: each flow needs one; see ulimit -n")
    return sockets.refusal(error, str(flows.destination))


def _taken(sport: int) -> PortTakenError:
    return PortTakenError(
        f"source port {sport} is taken by another program; "
        "begin elsewhere with --sport, or use --wire raw",
        os.strerror(errno.EADDRINUSE),
    )
