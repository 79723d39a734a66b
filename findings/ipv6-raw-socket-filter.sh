#!/usr/bin/env bash
# A filter on a raw IPv6 socket can read the IPv6 header that the socket itself never shows.
#
# Seen on Linux 6.18 with Python 3.11 and nftables 1.0.6. Needs root, iproute2, nftables and python3;
# works in a network namespace of its own and sends nothing elsewhere.
#
# The tempting guess: recv() on a raw IPv6 socket begins behind the IPv6 header, and so does a classic
# BPF filter, so that who wants answers of one host only has to connect() the socket. In fact
# - loads at SKF_NET_OFF (-0x100000) reach the header: a filter by source address works unconnected;
# - a connected raw socket also gets the ICMPv6 errors about that host, and recv() fails with them
#   (EACCES for "administratively prohibited"); an unconnected one does not.
#
# Output seen:
#   filter at SKF_NET_OFF keeps: ['2001:db8::2']
#   and what is shown begins with the ports: the header is hidden from recv()
#   the same filter at offset 0 keeps: []
#   error on a connected and on an unconnected raw socket: EACCES 0
# Fails if the behaviour changes.
set -euo pipefail

namespace="finding-$$"
ip netns add "$namespace"
trap 'ip netns del "$namespace"' EXIT
ip -n "$namespace" link set lo up
for address in 2001:db8::1 2001:db8::2 2001:db8::3; do
  ip -n "$namespace" -6 addr add "$address/128" dev lo nodad
done
ip netns exec "$namespace" nft -f - <<'RULES'
table ip6 t {
  chain out {
    type filter hook output priority 0;
    ip6 daddr 2001:db8::3 tcp dport 9 reject with icmpv6 type admin-prohibited
  }
}
RULES
ip netns exec "$namespace" python3 - <<'PYTHON'
import errno
import select
import socket
import struct

SO_ATTACH_FILTER, NET_OFFSET = 26, -0x100000 & 0xFFFFFFFF


def kept(receiver, *instructions):
    """Let a socket receive only what a filter keeps."""
    import ctypes

    code = ctypes.create_string_buffer(b"".join(struct.pack("@HBBI", *one) for one in instructions))
    program = struct.pack("@HP", len(instructions), ctypes.addressof(code))
    receiver.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def by_source_word(offset):
    """Keeps datagrams whose source address (at 8 in the header) ends with ::2, from an offset on."""
    return (0x20, 0, 0, offset + 20 & 0xFFFFFFFF), (0x15, 0, 1, 2), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)


def received(offset):
    """The bytes that a filtered raw socket shows of one datagram from ::2 and one from ::3."""
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
        kept(raw, *by_source_word(offset))
        for source in ("2001:db8::3", "2001:db8::2"):
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
                sender.bind((source, 5000))
                sender.sendto(b"payload!" * 4, ("2001:db8::1", 6000))
        found = []
        while select.select([raw], [], [], 1.0)[0]:
            data, address = raw.recvfrom(2048)
            found.append((address[0], data[:4]))
        return found


ports = struct.pack("!HH", 5000, 6000)
seen = received(NET_OFFSET)
print("filter at SKF_NET_OFF keeps:", [source for source, _ in seen])
assert seen == [("2001:db8::2", ports)], seen
print("and what is shown begins with the ports: the header is hidden from recv()")
seen = received(0)
print("the same filter at offset 0 keeps:", [source for source, _ in seen])
assert seen == [], seen


def error_of(is_connected):
    """The errno with which a raw TCP socket fails once a SYN of another socket was rejected."""
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
        raw.bind(("2001:db8::1", 0))
        if is_connected:
            raw.connect(("2001:db8::3", 0))
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as client:
            client.bind(("2001:db8::1", 0))
            client.setblocking(False)
            try:
                client.connect(("2001:db8::3", 9))
            except OSError:
                pass
            select.select([raw], [], [], 1.0)
        return raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


seen = error_of(is_connected=True), error_of(is_connected=False)
print("error on a connected and on an unconnected raw socket:", *(errno.errorcode.get(n, n) for n in seen))
assert seen == (errno.EACCES, 0), seen
PYTHON
echo "as stated"
