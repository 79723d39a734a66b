#!/usr/bin/env bash
# A datagram that the local firewall drops uses up an id of transmit timestamps, although its send fails.
#
# Seen on Linux 6.18 with Python 3.11 and nftables 1.0.6. Needs root, iproute2, nftables and python3;
# works in a network namespace of its own and sends nothing elsewhere.
#
# The tempting guess: with SOF_TIMESTAMPING_OPT_ID the ids of the stamps count the sends that succeed,
# as the kernel's timestamping.rst says ("the counter increments with each sent packet"), so that a
# program may number its own successful sends and match the stamps by these numbers. In fact the id is
# given when the datagram is built, and only an error until then leaves the counter as it was:
# - a send that fails with EMSGSIZE uses no id;
# - a send that fails with EPERM, since a rule of the output hook drops the datagram, uses one.
# So after the first drop every stamp is taken for that of a later send, with no sign of an error, and
# to count all calls of send() is as wrong. Only SCM_TS_OPT_ID (Linux 6.13) lets the program choose ids.
#
# Output seen:
#   sends: sent, EPERM, EPERM, sent, EMSGSIZE, sent
#   ids of UDP over IPv4: 0, 3, 4
#   ids of UDP over IPv6: 0, 3, 4
#   ids of a raw socket that includes headers: 0, 3, 4
# Fails if the behaviour changes.
set -euo pipefail

namespace="finding-$$"
ip netns add "$namespace"
trap 'ip netns del "$namespace"' EXIT
ip -n "$namespace" link set lo up mtu 1500
ip netns exec "$namespace" nft -f - <<'RULES'
table inet t {
  chain out {
    type filter hook output priority 0;
    udp dport 9 drop
  }
}
RULES
ip netns exec "$namespace" python3 - <<'PYTHON'
import errno
import select
import socket
import struct

SO_TIMESTAMPING = 37
TX_SOFTWARE, SOFTWARE, OPT_ID, OPT_TSONLY = 0x2, 0x10, 0x80, 0x800
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_RECVERR = 10, 2, 11
IPV6_DONTFRAG, IPV6_RECVERR = 62, 25
OPEN, DROPPED = 7, 9
# Each send: the port, and how many bytes.
SENDS = (OPEN, 20), (DROPPED, 20), (DROPPED, 20), (OPEN, 20), (OPEN, 2000), (OPEN, 20)


def udp4():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    return sock, lambda port, size: sock.sendto(bytes(size), ("127.0.0.1", port))


def udp6():
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, IPV6_DONTFRAG, 1)
    return sock, lambda port, size: sock.sendto(bytes(size), ("::1", port))


def raw4():
    """A socket for whole IPv4 datagrams."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def send(port, size):
        ends = socket.inet_aton("127.0.0.1") * 2
        header = struct.pack("!BBHHHBBH8s", 0x45, 0, 28 + size, 1, 0, 9, 17, 0, ends)
        sock.sendto(header + struct.pack("!HHHH", 5000, port, 8 + size, 0) + bytes(size), ("127.0.0.1", 0))

    return sock, send


def result(send, port, size):
    try:
        send(port, size)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "sent"


def ids(sock, count):
    """The ids of the stamps that arrive: of `count`, or fewer if no more come within a second."""
    poll = select.poll()
    poll.register(sock, 0)  # a stamp in the error queue is always reported
    found = []
    while len(found) < count and poll.poll(1000):
        _, control, _, _ = sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)
        for level, kind, data in control:
            if (level, kind) in ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)):
                number, _, _, _, _, _, found_id = struct.unpack_from("@IBBBBII", data)
                assert number == errno.ENOMSG, number
                found.append(found_id)
    return found


first = True
for name, make in (
    ("UDP over IPv4", udp4),
    ("UDP over IPv6", udp6),
    ("a raw socket that includes headers", raw4),
):
    sock, send = make()
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, TX_SOFTWARE | SOFTWARE | OPT_ID | OPT_TSONLY)
        results = [result(send, port, size) for port, size in SENDS]
        if first:
            print("sends:", ", ".join(results))
            first = False
        assert results == ["sent", "EPERM", "EPERM", "sent", "EMSGSIZE", "sent"], results
        seen = ids(sock, results.count("sent"))
    print(f"ids of {name}:", ", ".join(map(str, seen)))
    assert seen == [0, 3, 4], seen
PYTHON
echo "as stated"
