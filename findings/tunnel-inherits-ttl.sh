#!/usr/bin/env bash
# Behind a tunnel that inherits the TTL, hosts at three distances are all the same number of hops away.
#
# Seen on Linux 6.18 with Python 3.11 and iproute2 6.1, and with GRE on 6.12 and 7.2. Needs root, iproute2
# and python3; makes its own network namespaces and sends nothing elsewhere.
#
# The tempting guess: `ttl inherit` is the uniform model of MPLS (RFC 3443), in which each router below a
# tunnel takes its share of the packet's TTL, so that traceroute counts all of them. Where it shows `* *`,
# two routers limit their replies or a firewall drops them, so that patience, TCP or another port helps.
# In fact Linux copies the TTL into the tunnel's packet and drops it at the end:
# - the two routers below do reply, at once, but to the tunnel's entry, which passes nothing on;
# - the packet inside still has the TTL that it left the entry with. What should have expired at the end
#   of the tunnel or one router behind it has expired below, so that these two never reply;
# - so the tunnel's end and the routers one and two behind it are all "4 hops away". Only the TTL that
#   they quote tells: 3, 2 and 1, where a host that is as far as its reply says quotes 1.
# VXLAN does so by `ttl inherit`, and so does GRE, of which it is the default. SRv6 encapsulation of IPv6
# has no other way; its entry lowers only the TTL of the tunnel's packet, and tells itself when it expires.
#
# Output seen, where r4 is the tunnel's end ("r6/1": r6 replies, and quotes a TTL of 1). A kernel with GRE
# adds the same lines for it:
#   VXLAN, ttl 64, IPv4       to r4: r1/1 r4/1 | to r5: r1/1 r4/1 r5/1 | to r6: r1/1 r4/1 r5/1 r6/1
#   VXLAN, ttl inherit, IPv4  to r4: r1/1 * * r4/3 | to r5: r1/1 * * r5/2 | to r6: r1/1 * * r6/1
#     of the stars the tunnel's entry was told: r2 r3 said that a packet expired
#   VXLAN, ttl inherit, IPv6  to r4: r1/1 * * r4/3 | to r5: r1/1 * * r5/2 | to r6: r1/1 * * r6/1
#     of the stars the tunnel's entry was told: r2 r3 said that a packet expired
#   SRv6, encap, IPv6         to r4: * * * r4/4 | to r5: * * * r5/3 | to r6: * * * r6/2
#     of the stars the tunnel's entry was told: r1 r2 r3 said that a packet expired
# Fails if the behaviour changes.
set -euo pipefail

# A row: the source 0, routers 1 to 6; the tunnel leads from 1 to 4.
at() { echo "finding-$1-$$"; }
on() { ip -n "$(at "$1")" "${@:2}"; }
trap 'for node in {0..6}; do ip netns del "$(at "$node")" 2>/dev/null; done' EXIT
for node in {0..6}; do
  ip netns add "$(at "$node")"
  ip netns exec "$(at "$node")" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0 \
    net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
    net.ipv6.conf.all.forwarding=1 net.ipv6.icmp.ratelimit=0 net.ipv6.conf.default.accept_dad=0 \
    net.ipv6.conf.all.seg6_enabled=1 net.ipv6.conf.default.seg6_enabled=1
  on "$node" link set lo up
  on "$node" addr add "10.9.0.$node/32" dev lo
  on "$node" addr add "2001:db8:9::$node/128" dev lo
done
for near in {0..5}; do
  far=$((near + 1))
  on "$near" link add further type veth peer name nearer netns "$(at "$far")"
  on "$near" addr add "10.0.$near.1/24" dev further
  on "$far" addr add "10.0.$near.2/24" dev nearer
  on "$near" addr add "2001:db8:0:$near::1/64" dev further
  on "$far" addr add "2001:db8:0:$near::2/64" dev nearer
  on "$near" link set further up
  on "$far" link set nearer up
done
for near in {0..5}; do  # all goes towards the source, but for what lies behind
  far=$((near + 1))
  on "$far" route add default via "10.0.$near.1"
  on "$far" -6 route add default via "2001:db8:0:$near::1"
  for behind in $(seq "$far" 5); do
    on "$near" route replace "10.0.$behind.0/24" via "10.0.$near.2"
    on "$near" -6 route replace "2001:db8:0:$behind::/64" via "2001:db8:0:$near::2"
  done
  for behind in $(seq "$far" 6); do
    on "$near" route add "10.9.0.$behind" via "10.0.$near.2"
    on "$near" -6 route add "2001:db8:9::$behind" via "2001:db8:0:$near::2"
  done
done

# Print what replies to probes with rising TTLs, and compare it with what is expected. Arguments: a name,
# the IP version of the probes, that of the tunnel, and what is expected.
trace() {
  python3 - "$(at 0)" "$(at 1)" "$@" <<'PYTHON'
import ctypes
import select
import socket
import sys
from ipaddress import ip_address

source, entry, name, inner, outer, *expected = sys.argv[1:]
CLONE_NEWNET, PROBED, MOST = 0x40000000, 33434, 6
FAMILY = {"4": socket.AF_INET, "6": socket.AF_INET6}
ICMP = {"4": socket.IPPROTO_ICMP, "6": socket.IPPROTO_ICMPV6}
SHOWN = {"4": 20, "6": 0}  # bytes before the ICMP message in what a raw socket receives
EXPIRED, UNREACHABLE = {"4": 11, "6": 3}, {"4": 3, "6": 1}
TTL_AT = {"4": 8, "6": 7}
TTL = {
    "4": (socket.IPPROTO_IP, socket.IP_TTL),
    "6": (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
}
HOST = {"4": "10.9.0.", "6": "2001:db8:9::"}


def inside(namespace, *arguments):
    """A socket made in a namespace, where it stays."""
    setns = ctypes.CDLL(None).setns
    with open("/proc/self/ns/net") as own, open(f"/run/netns/{namespace}") as there:
        assert setns(there.fileno(), CLONE_NEWNET) == 0
        try:
            return socket.socket(*arguments)
        finally:
            assert setns(own.fileno(), CLONE_NEWNET) == 0


def router(address):
    """The router that has an address: its own, or that of one end of a link."""
    if address.startswith((HOST["4"], HOST["6"])):
        return f"r{ip_address(address).packed[-1]}"
    packed = ip_address(address).packed
    link = packed[2] if len(packed) == 4 else packed[7]
    return f"r{link + packed[-1] - 1}"


def error(icmp, version):
    """Kind, sender and quote of the next ICMP error; None if none comes."""
    while select.select([icmp], [], [], 1.0)[0]:
        data, (address, *_) = icmp.recvfrom(2048)
        message = data[SHOWN[version] :]
        if message[0] in (EXPIRED[version], UNREACHABLE[version]):
            return message[0], address, message[8:]
    return None


def hops(target):
    """Who replies to the probe of each TTL, with the TTL quoted, and who tells the tunnel's entry."""
    shown, told = [], []
    for ttl in range(1, MOST + 1):
        with (
            inside(source, FAMILY[inner], socket.SOCK_RAW, ICMP[inner]) as icmp,
            inside(entry, FAMILY[outer], socket.SOCK_RAW, ICMP[outer]) as below,
            inside(source, FAMILY[inner], socket.SOCK_DGRAM) as probe,
        ):
            probe.setsockopt(*TTL[inner], ttl)
            probe.sendto(bytes(8), (target, PROBED))
            found = error(icmp, inner)
            if found is None:
                shown.append("*")
                found = error(below, outer)
                assert found and found[0] == EXPIRED[outer], found
                told.append(router(found[1]))
                continue
            kind, address, quote = found
            shown.append(f"{router(address)}/{quote[TTL_AT[inner]]}")
            if kind != EXPIRED[inner]:
                break
    return shown, told


found = {number: hops(f"{HOST[inner]}{number}") for number in (4, 5, 6)}
shown = [f"to r{number}: {' '.join(who)}" for number, (who, _) in found.items()]
print(f"{name:26}{' | '.join(shown)}", flush=True)
assert shown == expected, f"expected {expected}"
stars = shown[0].count("*")
for _, told in found.values():
    assert told == ["r1", "r2", "r3"][3 - stars :], told
if stars:
    print(f"  of the stars the tunnel's entry was told: {' '.join(told)} said that a packet expired")
PYTHON
}

fixed=("to r4: r1/1 r4/1" "to r5: r1/1 r4/1 r5/1" "to r6: r1/1 r4/1 r5/1 r6/1")
inherited=("to r4: r1/1 * * r4/3" "to r5: r1/1 * * r5/2" "to r6: r1/1 * * r6/1")

# Lead what goes to routers 4 to 6 into a tunnel of a kind; fails where the kernel has none.
tunnel() {
  on 1 link add tunnel type $1 local 10.0.1.1 remote 10.0.3.2 ttl "$2" 2>/dev/null || return
  on 4 link add tunnel type $1 local 10.0.3.2 remote 10.0.1.1 ttl "$2"
  for node in 1 4; do
    on "$node" addr add "10.7.0.$node/24" dev tunnel
    on "$node" addr add "2001:db8:7::$node/64" dev tunnel nodad
    on "$node" link set tunnel up
  done
  for behind in 4 5 6; do
    on 1 route replace "10.9.0.$behind" via 10.7.0.4 dev tunnel
    on 1 -6 route replace "2001:db8:9::$behind" via 2001:db8:7::4 dev tunnel
  done
}
no_tunnel() { for node in 1 4; do on "$node" link del tunnel; done; }

for kind in "vxlan id 1 dstport 4789" gre; do
  name="${kind%% *}" name="${name^^}"
  tunnel "$kind" 64 || continue
  trace "$name, ttl 64, IPv4" 4 4 "${fixed[@]}"
  no_tunnel
  tunnel "$kind" inherit
  for version in 4 6; do trace "$name, ttl inherit, IPv$version" "$version" 4 "${inherited[@]}"; done
  no_tunnel
done

on 4 -6 route add 2001:db8:5e::1/128 encap seg6local action End.DT6 table main dev further
for near in 1 2 3; do on "$near" -6 route add 2001:db8:5e::1 via "2001:db8:0:$near::2"; done
for behind in 4 5 6; do
  on 1 -6 route replace "2001:db8:9::$behind" encap seg6 mode encap segs 2001:db8:5e::1 \
    via 2001:db8:0:1::2 dev further
done
trace "SRv6, encap, IPv6" 6 6 "to r4: * * * r4/4" "to r5: * * * r5/3" "to r6: * * * r6/2"
echo "as stated"
