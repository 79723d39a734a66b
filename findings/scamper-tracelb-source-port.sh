#!/usr/bin/env bash
# Scamper's tracelb takes the documented option -s (source port), and sends from another port.
#
# Seen with scamper 20211212-1.1 of Debian 12 on Linux 6.18. Needs root, apt, iproute2, util-linux
# and python3; makes its own network namespaces and sends nothing elsewhere.
#
# The tempting guess: two runs of `tracelb -s 33000` send the same flows, so that routers that balance
# by flow give the same paths. In fact the ports follow from the process ID in every run, as they do
# without the option, and the record names the port that was used. The option of the same name of
# scamper's `trace` works. What does repeat the flows is the same process ID, in a new PID namespace.
#
# Output seen (the first number differs each time):
#   tracelb -s 33000 sends from 41862, not from 33000
#   trace -s 33000 sends from 33000
#   tracelb as process 1 of a namespace sends from 32769, and again from 32769
# Fails if the behaviour changes.
set -euo pipefail

VERSION=20211212-1.1
folder="$(mktemp -d)" near="finding-near-$$" far="finding-far-$$"
trap 'ip netns del "$near" 2>/dev/null; ip netns del "$far" 2>/dev/null; rm -rf "$folder"' EXIT
chmod 755 "$folder"
(cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root "scamper=$VERSION")
dpkg -x "$folder"/scamper_*.deb "$folder"

ip netns add "$near"
ip netns add "$far"
ip -n "$near" link add v0 type veth peer name v1 netns "$far"
ip -n "$near" addr add 192.0.2.1/30 dev v0
ip -n "$far" addr add 192.0.2.2/30 dev v1
for namespace in "$near" "$far"; do ip -n "$namespace" link set lo up; done
ip -n "$near" link set v0 up
ip -n "$far" link set v1 up

# The lowest UDP source port that a command of scamper sends from, as the far end's interface sees it.
first_port() {
  ip netns exec "$far" python3 - "$near" "$folder/usr/bin/scamper" "$@" <<'PYTHON'
import select
import socket
import subprocess
import sys

near, scamper, command, *inside = sys.argv[1:]
with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as tap:
    subprocess.run(
        ["ip", "netns", "exec", near, *inside, scamper, "-O", "json", "-p", "1000",
         "-c", command, "-i", "192.0.2.2"],
        check=True, stdout=subprocess.DEVNULL,
    )
    ports = set()
    while select.select([tap], [], [], 0.2)[0]:
        packet, address = tap.recvfrom(2048)
        if address[2] == socket.PACKET_HOST and packet[9] == socket.IPPROTO_UDP:
            ports.add(int.from_bytes(packet[20:22], "big"))
print(min(ports))
PYTHON
}

options="-P udp-sport -W 15 -w 1"
port="$(first_port "tracelb -s 33000 $options")"
echo "tracelb -s 33000 sends from $port, not from 33000"
test "$port" != 33000
port="$(first_port "trace -s 33000 -P udp-paris -w 1")"
echo "trace -s 33000 sends from $port"
test "$port" = 33000
own=(unshare --pid --fork)
port="$(first_port "tracelb $options" "${own[@]}")"
again="$(first_port "tracelb -s 33000 $options" "${own[@]}")"
echo "tracelb as process 1 of a namespace sends from $port, and again from $again"
test "$port" = 32769 -a "$again" = "$port"
echo "as stated"
