#!/usr/bin/env bash
# By a next-hop group connections leave one interface with the source address of another.
#
# Seen on Linux 6.18 with Python 3.11 and iproute2 6.1. Needs root, iproute2 and python3; works in a
# network namespace of its own and sends nothing elsewhere.
#
# The tempting guess: `ip route add ... nexthop via A nexthop via B` and `ip nexthop add id 10 group 1/2`
# are two ways to write the same route. So a socket that connects without bind() gets the address of the
# interface that it leaves by, as IPv6 does it, and as IPv4 does it since Linux 6.16, which prefers the
# next hop whose interface has the source that was chosen. In fact that holds for classic routes only:
# - in IPv4 connect() looks up the route without a source, and then with the source that this gave; both
#   times the group hashes anew, so about half of the connections leave by the other interface;
# - in IPv6 all connections get the address of the group's first interface, whichever they leave by.
# Where each uplink accepts only its own addresses, about half of the connections fail.
#
# Output seen:
#   UDP, IPv4, classic: 64 of 64 have the address of their interface; addresses of w0, w1 are used
#   UDP, IPv4, group: 28 of 64 have the address of their interface; addresses of w0, w1 are used
#   UDP, IPv6, classic: 64 of 64 have the address of their interface; addresses of w0, w1 are used
#   UDP, IPv6, group: 31 of 64 have the address of their interface; addresses of w0 are used
#   TCP, IPv4, classic: 64 of 64 have the address of their interface; addresses of w0, w1 are used
#   TCP, IPv4, group: 33 of 64 have the address of their interface; addresses of w0, w1 are used
#   TCP, IPv6, classic: 64 of 64 have the address of their interface; addresses of w0, w1 are used
#   TCP, IPv6, group: 30 of 64 have the address of their interface; addresses of w0 are used
# Fails if the behaviour changes.
set -euo pipefail

namespace="finding-$$"
ip netns add "$namespace"
trap 'ip netns del "$namespace"' EXIT
ip netns exec "$namespace" sysctl -qw net.ipv4.fib_multipath_hash_policy=1 \
  net.ipv6.fib_multipath_hash_policy=1 net.ipv4.fib_multipath_hash_seed=1
ip -n "$namespace" link set lo up
for way in 0 1; do
  ip -n "$namespace" link add "w$way" type veth peer name "far-w$way"
  ip -n "$namespace" link set "far-w$way" up
  ip -n "$namespace" link set "w$way" arp off up
  ip -n "$namespace" addr add "198.51.100.$((4 * way + 1))/30" dev "w$way"
  ip -n "$namespace" addr add "2001:db8:0:$way::1/64" dev "w$way" nodad
  ip -n "$namespace" nexthop add id "$((40 + way))" via "198.51.100.$((4 * way + 2))" dev "w$way"
  ip -n "$namespace" nexthop add id "$((60 + way))" via "2001:db8:0:$way::2" dev "w$way"
done
ip -n "$namespace" nexthop add id 4 group 40/41
ip -n "$namespace" nexthop add id 6 group 60/61
ip -n "$namespace" route add 203.0.113.8 nexthop via 198.51.100.2 nexthop via 198.51.100.6
ip -n "$namespace" route add 203.0.113.9 nhid 4
ip -n "$namespace" route add 2001:db8:ffff::8 nexthop via 2001:db8:0:0::2 nexthop via 2001:db8:0:1::2
ip -n "$namespace" route add 2001:db8:ffff::9 nhid 6
ip netns exec "$namespace" python3 - <<'PYTHON'
import socket

PORTS = range(20000, 20064)
KINDS = {"UDP": socket.SOCK_DGRAM, "TCP": socket.SOCK_STREAM}
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
PORTS_AT = {4: 20, 6: 40}
SOURCE = {4: slice(12, 16), 6: slice(8, 24)}
OWNERS = {"198.51.100.1": "w0", "198.51.100.5": "w1", "2001:db8::1": "w0", "2001:db8:0:1::1": "w1"}
DESTINATIONS = {
    4: {"classic": "203.0.113.8", "group": "203.0.113.9"},
    6: {"classic": "2001:db8:ffff::8", "group": "2001:db8:ffff::9"},
}


def connect(kind, version, port, destination):
    """Send the first packet of a connection from a port, without choosing the address."""
    with socket.socket(FAMILIES[version], KINDS[kind]) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind(("", port))
        try:
            sock.connect((destination, 33434))
        except BlockingIOError:
            return  # the SYN is sent
        sock.send(b"")


def sent(kind, version, destination):
    """For each port whose address its packet has, and which interface it left by."""
    found = {}
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as tap:
        tap.settimeout(1)  # between packets
        for port in PORTS:
            connect(kind, version, port, destination)
        while len(found) < len(PORTS):
            packet, (interface, _, direction, _, _) = tap.recvfrom(2048)
            port = int.from_bytes(packet[PORTS_AT[version] :][:2], "big")
            if direction == socket.PACKET_OUTGOING and interface in ("w0", "w1") and port in PORTS:
                source = socket.inet_ntop(FAMILIES[version], packet[SOURCE[version]])
                found[port] = OWNERS[source], interface
    return list(found.values())


for kind in KINDS:
    for version, destinations in DESTINATIONS.items():
        for route, destination in destinations.items():
            pairs = sent(kind, version, destination)
            right = sum(owner == interface for owner, interface in pairs)
            owners = sorted({owner for owner, _ in pairs})
            print(
                f"{kind}, IPv{version}, {route}: {right} of 64 have the address of their interface;",
                f"addresses of {', '.join(owners)} are used",
            )
            assert {interface for _, interface in pairs} == {"w0", "w1"}
            assert right == 64 if route == "classic" else 10 < right < 54
            assert owners == (["w0"] if (version, route) == (6, "group") else ["w0", "w1"])
PYTHON
echo "as stated"
