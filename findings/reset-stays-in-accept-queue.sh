#!/usr/bin/env bash
# On Linux a connection that its client has reset stays in the listener's queue until it is accepted.
#
# Seen on Linux 6.18 with Python 3.11 and iproute2 6.1. Needs root, iproute2 and python3; works in a
# network namespace of its own and sends nothing elsewhere.
#
# The tempting guess: whoever finds out by connect() whether a port is open leaves nothing behind,
# if SO_LINGER resets the connection at once: as BSD systems do, the host then takes it out of the
# queue of connections to accept. In fact it stays there. So where a program accepts slowly, or never
# does, the port looks filtered to further probes, silent from the first one on that the queue has no
# room for. SYNs of a raw socket, whose SYN-ACKs the client's kernel resets, leave nothing in the
# queue, nor do connections to a listener with TCP_DEFER_ACCEPT.
#
# Output seen (the queue has room for backlog + 1):
#   raw SYNs: 12 of 12 answered SYN-ACK, 0 left in the queue
#   connect() and reset: 4 of 12 connected, 4 left in the queue
#   the same, with TCP_DEFER_ACCEPT: 12 of 12 connected, 0 left in the queue
# Fails if the behaviour changes.
set -euo pipefail

namespace="finding-$$"
ip netns add "$namespace"
trap 'ip netns del "$namespace"' EXIT
ip -n "$namespace" link set lo up
ip netns exec "$namespace" python3 - <<'PYTHON'
import select
import socket
import struct
import subprocess

HOST, BACKLOG, PROBES, WAIT_S = "127.0.0.1", 3, 12, 0.3


def listener(port, deferring=False):
    """A socket that listens and never accepts."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if deferring:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
    server.bind((HOST, port))
    server.listen(BACKLOG)
    return server


def queued(port):
    """How many connections wait to be accepted, as `ss` says."""
    shown = subprocess.run(
        ["ss", "-Hlnt", f"sport = :{port}"], capture_output=True, text=True, check=True
    )
    return int(shown.stdout.split()[1])


def connects(port):
    """Whether a connection is established in time; it is then reset."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.settimeout(WAIT_S)
        try:
            client.connect((HOST, port))
        except TimeoutError:
            return False
        return True


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def is_answered(raw, sport, port):
    """Whether a SYN of a raw socket gets a SYN-ACK; the kernel resets what it did not begin."""
    segment = struct.pack("!HHIIBBHHH", sport, port, 7, 0, 5 << 4, 0x02, 1024, 0, 0)
    address = socket.inet_aton(HOST)
    pseudo = address + address + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(segment))
    segment = segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]
    raw.sendto(segment, (HOST, 0))
    while select.select([raw], [], [], WAIT_S)[0]:
        answer = raw.recv(2048)[20:]
        if answer[:4] == struct.pack("!HH", port, sport) and answer[13] == 0x12:
            return True
    return False


server = listener(2000)
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
    answered = sum(is_answered(raw, 3000 + number, 2000) for number in range(PROBES))
print(f"raw SYNs: {answered} of {PROBES} answered SYN-ACK, {queued(2000)} left in the queue")
assert (answered, queued(2000)) == (PROBES, 0)

connected = sum(connects(2000) for _ in range(PROBES))
print(f"connect() and reset: {connected} of {PROBES} connected, {queued(2000)} left in the queue")
assert connected == queued(2000) == BACKLOG + 1

server = listener(2001, deferring=True)
connected = sum(connects(2001) for _ in range(PROBES))
print(
    f"the same, with TCP_DEFER_ACCEPT: {connected} of {PROBES} connected, "
    f"{queued(2001)} left in the queue"
)
assert (connected, queued(2001)) == (PROBES, 0)
PYTHON
echo "as stated"
