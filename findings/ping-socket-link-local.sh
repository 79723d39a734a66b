#!/usr/bin/env bash
# A ping socket that is bound to an interface cannot bind the interface's link-local address as others can.
#
# Seen on Linux 6.18 with Python 3.11 and iproute2 6.1. Needs root, iproute2 and python3; works in a
# network namespace of its own and sends nothing elsewhere.
#
# The tempting guess: bind() to a link-local address needs sin6_scope_id only as long as the interface
# is open; after SO_BINDTODEVICE the address alone is enough, as UDP, TCP and raw sockets show. In fact a
# ping socket (SOCK_DGRAM with IPPROTO_ICMPV6) still fails with EINVAL, and ipv6(7) does not say so. Code
# that works with a raw ICMPv6 socket fails when it is run without privileges. What fails is bind() only:
# as a destination a ping socket takes the address without a scope.
#
# Output seen:
#   without SO_BINDTODEVICE, no scope: UDP EINVAL, TCP EINVAL, raw EINVAL, ping EINVAL
#   without SO_BINDTODEVICE, scope: UDP bound, TCP bound, raw bound, ping bound
#   with SO_BINDTODEVICE, no scope: UDP bound, TCP bound, raw bound, ping EINVAL
#   with SO_BINDTODEVICE, scope: UDP bound, TCP bound, raw bound, ping bound
#   with SO_BINDTODEVICE, a ping socket sends to a link-local address with no scope
# Fails if the behaviour changes.
set -euo pipefail

namespace="finding-$$"
ip netns add "$namespace"
trap 'ip netns del "$namespace"' EXIT
ip netns exec "$namespace" sysctl -qw net.ipv4.ping_group_range="0 0"
ip -n "$namespace" link set lo up
ip -n "$namespace" link add v0 type veth peer name v1
ip -n "$namespace" link set v1 up
ip -n "$namespace" link set v0 up
ip -n "$namespace" addr add fe80::1/64 dev v0 nodad
ip netns exec "$namespace" python3 - <<'PYTHON'
import errno
import socket
import struct

KINDS = {
    "UDP": (socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    "TCP": (socket.SOCK_STREAM, socket.IPPROTO_TCP),
    "raw": (socket.SOCK_RAW, socket.IPPROTO_ICMPV6),
    "ping": (socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6),
}
ECHO_REQUEST = struct.pack("!BBHHH", 128, 0, 0, 0, 1)


def result(name, *, is_bound, scope):
    """What bind() of a socket to fe80::1 does."""
    with socket.socket(socket.AF_INET6, *KINDS[name]) as sock:
        if is_bound:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"v0")
        try:
            sock.bind(("fe80::1", 0, 0, scope))
        except OSError as error:
            return errno.errorcode[error.errno]
        return "bound"


for is_bound in (False, True):
    for scope in (0, socket.if_nametoindex("v0")):
        seen = {name: result(name, is_bound=is_bound, scope=scope) for name in KINDS}
        print(
            "with" if is_bound else "without",
            f"SO_BINDTODEVICE, {'scope' if scope else 'no scope'}:",
            ", ".join(f"{name} {what}" for name, what in seen.items()),
        )
        assert seen == {
            name: "bound" if scope or (is_bound and name != "ping") else "EINVAL" for name in KINDS
        }, seen
with socket.socket(socket.AF_INET6, *KINDS["ping"]) as sock:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"v0")
    sock.sendto(ECHO_REQUEST, ("fe80::2", 0, 0, 0))
print("with SO_BINDTODEVICE, a ping socket sends to a link-local address with no scope")
PYTHON
echo "as stated"
