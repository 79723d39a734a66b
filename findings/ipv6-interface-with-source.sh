#!/usr/bin/env bash
# Linux ignores the interface that an IPv6 datagram is to leave by, once its source is chosen too.
#
# Seen on Linux 6.18 with Python 3.11 and iproute2 6.1. Needs root, iproute2 and python3; works in a
# network namespace of its own and sends nothing elsewhere.
#
# The tempting guess: a datagram leaves by the interface that IPV6_PKTINFO names, as RFC 3542, section
# 6.7, has it, and the source address in the same structure is one more wish; `ip route get` with `oif`,
# said to "force the output device", shows that route. In fact IPv6 on Linux obeys the interface only
# as long as the source is open. With a source, even one that this interface owns, it takes the
# route with the better metric. So a program on a machine with two uplinks that names both, to be sure,
# sends by the wrong one, and `ip route get`, which seems broken, is right about that. SO_BINDTODEVICE
# is obeyed with a source as well. IPv4 obeys all of them.
#
# Output seen (w0 has the better default route, w1 is asked for and owns the source):
#   IPv6, IPV6_PKTINFO: without a source by w1, with the source of w1 by w0
#   IPv6, IPV6_UNICAST_IF: without a source by w1, with the source of w1 by w0
#   IPv6, SO_BINDTODEVICE: without a source by w1, with the source of w1 by w1
#   IPv6, ip route get: without a source by w1, with the source of w1 by w0
#   IPv4, IP_PKTINFO: without a source by w1, with the source of w1 by w1
#   IPv4, IP_UNICAST_IF: without a source by w1, with the source of w1 by w1
#   IPv4, SO_BINDTODEVICE: without a source by w1, with the source of w1 by w1
#   IPv4, ip route get: without a source by w1, with the source of w1 by w1
# Fails if the behaviour changes.
set -euo pipefail

namespace="finding-$$"
ip netns add "$namespace"
trap 'ip netns del "$namespace"' EXIT
ip -n "$namespace" link set lo up
for way in 0 1; do
  ip -n "$namespace" link add "w$way" type veth peer name "far-w$way"
  ip -n "$namespace" link set "far-w$way" up
  ip -n "$namespace" link set "w$way" arp off up
  ip -n "$namespace" addr add "198.51.100.$((4 * way + 1))/30" dev "w$way"
  ip -n "$namespace" addr add "2001:db8:0:$way::1/64" dev "w$way" nodad
  ip -n "$namespace" route add default via "198.51.100.$((4 * way + 2))" metric "$((way + 1))"
  ip -n "$namespace" route add default via "2001:db8:0:$way::2" metric "$((way + 1))"
done
ip netns exec "$namespace" python3 - <<'PYTHON'
import re
import socket
import struct
import subprocess

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
SOURCES = {4: "198.51.100.5", 6: "2001:db8:0:1::1"}
DESTINATIONS = {4: "203.0.113.9", 6: "2001:db8:ffff::9"}
PORT, PORT_AT = 33434, {4: 22, 6: 42}
LEVELS = {4: socket.IPPROTO_IP, 6: socket.IPPROTO_IPV6}
PACKET_INFO = {4: 8, 6: 50}
UNICAST_IF = {4: 50, 6: 76}
ASKED = socket.if_nametoindex("w1")


def by_packet_info(version, source):
    """One control message names the interface and, unless it is None, the source."""
    packed = socket.inet_pton(FAMILIES[version], source or {4: "0.0.0.0", 6: "::"}[version])
    index = struct.pack("@i", ASKED)
    info = index + packed + bytes(4) if version == 4 else packed + index
    with socket.socket(FAMILIES[version], socket.SOCK_DGRAM) as sock:
        control = (LEVELS[version], PACKET_INFO[version], info)
        sock.sendmsg([b""], [control], 0, (DESTINATIONS[version], PORT))


def by_option(version, source, level, option, value):
    """A socket option names the interface, and bind() the source, unless it is None."""
    with socket.socket(FAMILIES[version], socket.SOCK_DGRAM) as sock:
        sock.setsockopt(level, option, value)
        if source is not None:
            sock.bind((source, 0))
        sock.sendto(b"", (DESTINATIONS[version], PORT))


def by_unicast_interface(version, source):
    by_option(version, source, LEVELS[version], UNICAST_IF[version], struct.pack("!I", ASKED))


def by_binding(version, source):
    by_option(version, source, socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"w1")


def left_by(version, source, send):
    """The interface that a datagram leaves by."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as tap:
        tap.settimeout(1)
        send(version, source)
        while True:
            packet, (interface, _, direction, _, _) = tap.recvfrom(2048)
            port = int.from_bytes(packet[PORT_AT[version] :][:2], "big")
            if direction == socket.PACKET_OUTGOING and interface in ("w0", "w1") and port == PORT:
                return interface


def answer(version, source):
    """The interface that `ip route get` answers with, asked for w1."""
    origin = [] if source is None else ["from", source]
    command = ["ip", "route", "get", DESTINATIONS[version], *origin, "oif", "w1"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return re.search(r" dev (w\d) ", said)[1]


for version, prefix in (6, "IPV6"), (4, "IP"):
    for name, send in (
        (f"{prefix}_PKTINFO", by_packet_info),
        (f"{prefix}_UNICAST_IF", by_unicast_interface),
        ("SO_BINDTODEVICE", by_binding),
        ("ip route get", None),
    ):
        seen = [
            answer(version, source) if send is None else left_by(version, source, send)
            for source in (None, SOURCES[version])
        ]
        print(f"IPv{version}, {name}: without a source by {seen[0]}, with the source of w1 by {seen[1]}")
        is_ignored = version == 6 and name != "SO_BINDTODEVICE"
        assert seen == ["w1", "w0" if is_ignored else "w1"], seen
PYTHON
echo "as stated"
