#!/usr/bin/env bash
# A router in a namespace sends all packets of one connected raw socket the same way, whatever their ports.
#
# Seen on Linux 6.18 with Python 3.11 and iproute2 6.1. Needs root, iproute2 and python3; makes its own
# network namespaces and sends nothing elsewhere.
#
# The tempting guess: with net.ipv4.fib_multipath_hash_policy=1 a router balances by the addresses and
# ports that a packet carries, so that header-included packets with 64 source ports go both of two ways.
# In fact connect() gives a raw socket one flow hash, all its packets carry it, a veth pair keeps it,
# and policy 1 prefers it to the ports. So a prober in a container or namespace that connects its raw
# socket to spare the address of each datagram sees one path of several, and is sure of it. Packets of
# an unconnected raw socket carry no hash. Policy 3, which has its own dissection, does not use it.
#
# Output seen (the connected socket's way differs from run to run):
#   policy 1: connected socket [0, 64], unconnected socket [34, 30]
#   policy 3: connected socket [31, 33], unconnected socket [31, 33]
# Fails if the behaviour changes.
set -euo pipefail

near="finding-near-$$" router="finding-router-$$"
ways=("finding-a-$$" "finding-b-$$")
trap 'for namespace in "$near" "$router" "${ways[@]}"; do ip netns del "$namespace" 2>/dev/null; done' EXIT
for namespace in "$near" "$router" "${ways[@]}"; do
  ip netns add "$namespace"
  ip -n "$namespace" link set lo up
done
ip -n "$near" link add v0 type veth peer name v1 netns "$router"
ip -n "$near" addr add 192.0.2.1/30 dev v0
ip -n "$near" link set v0 up
ip -n "$near" route add default via 192.0.2.2
ip -n "$router" addr add 192.0.2.2/30 dev v1
ip -n "$router" link set v1 up
for way in 0 1; do
  ip -n "$router" link add "w$way" type veth peer name w netns "${ways[way]}"
  ip -n "$router" addr add "198.51.100.$((4 * way + 1))/30" dev "w$way"
  ip -n "$router" link set "w$way" up
  ip -n "${ways[way]}" addr add "198.51.100.$((4 * way + 2))/30" dev w
  ip -n "${ways[way]}" link set w up
done
ip -n "$router" route add 203.0.113.9 nexthop via 198.51.100.2 nexthop via 198.51.100.6
ip netns exec "$router" sysctl -qw net.ipv4.ip_forward=1 \
  net.ipv4.fib_multipath_hash_fields=0x30 net.ipv4.fib_multipath_hash_seed=1

python3 - "$near" "$router" "${ways[@]}" <<'PYTHON'
import ctypes
import select
import socket
import struct
import subprocess
import sys

near, router, *ways = sys.argv[1:]
PORTS = range(20000, 20064)
CLONE_NEWNET = 0x40000000


def inside(namespace, make):
    """What `make` returns, called in a namespace; sockets stay there."""
    setns = ctypes.CDLL(None).setns
    with open("/proc/self/ns/net") as own, open(f"/run/netns/{namespace}") as there:
        assert setns(there.fileno(), CLONE_NEWNET) == 0
        try:
            return make()
        finally:
            assert setns(own.fileno(), CLONE_NEWNET) == 0


def tap():
    """A packet socket that sees every IPv4 packet that arrives in its namespace."""
    return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))


def probe(port):
    """An IPv4 and UDP datagram from a port to 203.0.113.9."""
    ends = socket.inet_aton("192.0.2.1") + socket.inet_aton("203.0.113.9")
    header = struct.pack("!BBHHHBBH8s", 0x45, 0, 28, 1, 0, 9, 17, 0, ends)
    return header + struct.pack("!HHHH", port, 33434, 8, 0)


def arrived(is_connected):
    """How many of the probes of one raw socket took each way."""
    taps = [inside(way, tap) for way in ways]
    raw = inside(near, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
    if is_connected:
        raw.connect(("203.0.113.9", 0))
    for port in PORTS:
        if is_connected:
            raw.send(probe(port))
        else:
            raw.sendto(probe(port), ("203.0.113.9", 0))
    ports = [set(), set()]
    while ready := select.select(taps, [], [], 0.5)[0]:
        for sock in ready:
            packet = sock.recv(2048)
            if packet[9] == socket.IPPROTO_UDP:
                ports[taps.index(sock)].add(int.from_bytes(packet[20:22], "big"))
    for sock in (*taps, raw):
        sock.close()
    return [len(own) for own in ports]


for policy in (1, 3):
    subprocess.run(
        ["ip", "netns", "exec", router, "sysctl", "-qw", f"net.ipv4.fib_multipath_hash_policy={policy}"],
        check=True,
    )
    connected, unconnected = arrived(True), arrived(False)
    print(f"policy {policy}: connected socket {connected}, unconnected socket {unconnected}")
    assert sum(connected) == sum(unconnected) == len(PORTS)
    assert min(unconnected) > 10
    assert (min(connected) == 0) == (policy == 1)
PYTHON
echo "as stated"
