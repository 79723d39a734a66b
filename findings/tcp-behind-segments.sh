#!/usr/bin/env bash
# By a route that inserts a segment routing header, TCP gets no ICMPv6 error, not even "packet too big".
#
# Seen on Linux 6.18 with Python 3.11 and iproute2 6.1. Needs root, iproute2 and python3; makes its own
# network namespaces and sends nothing elsewhere.
#
# The tempting guess: since Linux 5.17 the kernel takes the destination of a quoted packet that has a
# segment routing header (RFC 8754) from its final segment, because the IPv6 header holds another one on
# the way. So errors find their sockets, and a test by UDP or ping shows that they do. In fact only UDP
# looks into the segments; ping sockets are found by their identifier anyway. TCP and connected raw
# sockets are looked up by the destination in the IPv6 header, and as none is found, the error is dropped:
# - connect() to what a router prohibits fails with EACCES by a plain route, and keeps trying by segments;
# - a connection opens over a link with a small MTU, and then no full segment ever arrives.
#
# Output seen:
#   prohibited, by a plain route: UDP EACCES, ping EACCES, raw EACCES, TCP EACCES
#   prohibited, by segments: UDP EACCES, ping EACCES, raw nothing, TCP nothing
#   by a plain route over a link for 1400 bytes TCP connects, and 20000 of 20000 bytes arrive
#   by segments over a link for 1400 bytes TCP connects, and 0 of 20000 bytes arrive
# Fails if the behaviour changes.
set -euo pipefail

near="finding-near-$$" router="finding-router-$$" far="finding-far-$$"
trap 'for namespace in "$near" "$router" "$far"; do ip netns del "$namespace" 2>/dev/null; done' EXIT
for namespace in "$near" "$router" "$far"; do
  ip netns add "$namespace"
  ip netns exec "$namespace" sysctl -qw net.ipv4.ping_group_range="0 0" net.ipv6.icmp.ratelimit=0 \
    net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 \
    net.ipv6.conf.all.seg6_enabled=1 net.ipv6.conf.default.seg6_enabled=1
  ip -n "$namespace" link set lo up
done
ip -n "$near" link add v0 type veth peer name v1 netns "$router"
ip -n "$router" link add v2 type veth peer name v3 netns "$far"
ip -n "$near" addr add 2001:db8:0:1::1/64 dev v0
ip -n "$router" addr add 2001:db8:0:1::2/64 dev v1
ip -n "$router" addr add 2001:db8:0:2::1/64 dev v2
ip -n "$far" addr add 2001:db8:0:2::2/64 dev v3
ip -n "$near" link set v0 up
ip -n "$router" link set v1 up
ip -n "$router" link set v2 mtu 1400 up
ip -n "$far" link set v3 up
for address in 1 2 5e; do ip -n "$far" addr add "2001:db8:a::$address/128" dev lo; done
ip -n "$far" route add default via 2001:db8:0:2::1
ip -n "$router" route add 2001:db8:a::/64 via 2001:db8:0:2::2
ip -n "$router" route add prohibit 2001:db8:b::/64
ip -n "$near" route add default via 2001:db8:0:1::2
for network in a b; do
  ip -n "$near" route add "2001:db8:$network::2" via 2001:db8:0:1::2 dev v0 \
    encap seg6 mode inline segs "2001:db8:$network::5e"
done

python3 - "$near" "$far" <<'PYTHON'
import ctypes
import errno
import select
import socket
import struct
import sys

near, far = sys.argv[1:]
CLONE_NEWNET = 0x40000000
KINDS = {
    "UDP": (socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    "ping": (socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6),
    "raw": (socket.SOCK_RAW, socket.IPPROTO_UDP),
    "TCP": (socket.SOCK_STREAM, socket.IPPROTO_TCP),
}
ECHO_REQUEST = struct.pack("!BBHHH", 128, 0, 0, 0, 1)
ROUTES = {"by a plain route": 1, "by segments": 2}
SIZE = 20000


def inside(namespace, make):
    """What `make` returns, called in a namespace; sockets stay there."""
    setns = ctypes.CDLL(None).setns
    with open("/proc/self/ns/net") as own, open(f"/run/netns/{namespace}") as there:
        assert setns(there.fileno(), CLONE_NEWNET) == 0
        try:
            return make()
        finally:
            assert setns(own.fileno(), CLONE_NEWNET) == 0


def error(name, last):
    """The error that a socket gets about its first packet to a prohibited address within a second."""
    with inside(near, lambda: socket.socket(socket.AF_INET6, *KINDS[name])) as sock:
        sock.setblocking(False)
        try:
            sock.connect((f"2001:db8:b::{last}", 33434))
        except BlockingIOError:
            pass  # the SYN is sent
        else:
            sock.send(ECHO_REQUEST)
        poll = select.poll()
        poll.register(sock, 0)  # an error is always reported
        poll.poll(1000)
        return errno.errorcode.get(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "nothing")


def arrived(server, last):
    """How many bytes of SIZE arrive by a connection, until none arrive for two seconds."""
    with inside(near, lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM)) as client:
        client.settimeout(5)
        client.connect((f"2001:db8:a::{last}", 80))
        client.sendall(bytes(SIZE))
        accepted, _ = server.accept()
        with accepted:
            total = 0
            while total < SIZE and select.select([accepted], [], [], 2)[0]:
                total += len(accepted.recv(SIZE))
        return total


# The first packets may be lost, until the links are up.
assert any(error("UDP", 1) == "EACCES" for _ in range(10))
for route, last in ROUTES.items():
    seen = {name: error(name, last) for name in KINDS}
    print(f"prohibited, {route}:", ", ".join(f"{name} {what}" for name, what in seen.items()))
    lost = ("raw", "TCP") if route == "by segments" else ()
    assert seen == {name: "nothing" if name in lost else "EACCES" for name in KINDS}, seen
with inside(far, lambda: socket.create_server(("::", 80), family=socket.AF_INET6)) as server:
    for route, last in ROUTES.items():
        total = arrived(server, last)
        print(f"{route} over a link for 1400 bytes TCP connects, and {total} of {SIZE} bytes arrive")
        assert total == (0 if route == "by segments" else SIZE)
PYTHON
echo "as stated"
