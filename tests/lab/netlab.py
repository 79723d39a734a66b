"""Networks of namespaces with kernel routers and ECMP, and what tracing them must find.

    src --- r1 --- lb ==( a1 | a2 | ... )== joint --- dst

Every router hashes the ports (policy 3 with chosen fields: policy 1 may use a stale socket hash)
with its own seed, so that routers choose independently and a lab is the same each time. On
kernels without seeds (before 6.11) its own choice among the fields that never change makes
their hashes differ as well. ICMP limits and reverse path filters are off.
The way back is the first link, so only the way there is balanced, unless a test says otherwise.
"""

from __future__ import annotations

import itertools
import os
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING

from mda.model import IPAddress
from tests.lab.kinds import KINDS, End
from tests.lab.namespaces import inside_namespace
from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Link = tuple[str, str]
Edge = tuple[tuple[int, IPAddress | None], tuple[int, IPAddress | None]]

TARGET: dict[int, IPAddress] = {4: IPv4Address("203.0.113.9"), 6: IPv6Address("2001:db8:ffff::9")}
TARGETS = {4: "203.0.113.0/24", 6: "2001:db8:ffff::/64"}  # all of these go the same ways
_FIRST_LINK = {4: int(IPv4Address("198.51.100.0")), 6: int(IPv6Address("2001:db8:1::"))}
# What a router may hash (kernel's ip-sysctl, fib_multipath_hash_fields). The lowest three bits are
# source, destination and protocol, which are the same in all probes.
_HASH_PORTS, _HASH_FLOW_LABEL, _SETS_OF_CONSTANT_FIELDS = 0x30, 0x08, 8
_SYSCTLS = {
    "net/ipv4/ip_forward": 1,
    "net/ipv6/conf/all/forwarding": 1,
    "net/ipv6/conf/all/accept_dad": 0,
    "net/ipv6/conf/default/accept_dad": 0,
    "net/ipv4/conf/all/rp_filter": 0,
    "net/ipv4/conf/default/rp_filter": 0,
    "net/ipv4/icmp_ratelimit": 0,
    "net/ipv4/icmp_msgs_per_sec": 1_000_000,
    "net/ipv4/icmp_msgs_burst": 1_000_000,
    "net/ipv6/icmp/ratelimit": 0,
    "net/ipv4/fib_multipath_hash_policy": 3,
    "net/ipv6/fib_multipath_hash_policy": 3,
}
_LIMITS_MS = ("net/ipv4/icmp_ratelimit", "net/ipv6/icmp/ratelimit")  # between two answers
_HASH_SEED = Path("/proc/sys/net/ipv4/fib_multipath_hash_seed")
_count = itertools.count()


def _address(link: int, end: int, version: int) -> IPAddress:
    """The address at one end (0 near the source, 1 far) of a link."""
    if version == 4:
        return IPv4Address(_FIRST_LINK[4] + 2 * link + end)
    return IPv6Address(_FIRST_LINK[6] + (link << 64) + end + 1)


@dataclass(frozen=True)
class Truth:
    """What a complete trace shows: (TTL, address) vertices, None for silence, and edges."""

    vertices: frozenset[tuple[int, IPAddress | None]]
    edges: frozenset[Edge]


@dataclass(frozen=True)
class Lab:
    """A running network; commands run at its source."""

    prefix: str
    links: tuple[Link, ...]
    silent: frozenset[str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the source's namespace, and wait for it."""
        return subprocess.run(
            self.at_source(*command), capture_output=True, text=True, timeout=LONGEST_S, check=False
        )

    @contextmanager
    def background(self, node: str, *command: str, ready: str = "ready") -> Iterator[None]:
        """Run a command at a node during the block, which begins when it has printed `ready`."""
        with subprocess.Popen(
            ["ip", "netns", "exec", self.namespace(node), *command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            assert any(ready in line for line in process.stdout)
            try:
                yield
            finally:
                process.terminate()

    def at_source(self, *command: str) -> list[str]:
        """The command line that runs `command` in the source's namespace."""
        return ["ip", "netns", "exec", self.namespace("src"), *command]

    def namespace(self, node: str) -> str:
        """The name of a node's namespace."""
        return f"{self.prefix}-{node}"

    def source(self, version: int) -> IPAddress:
        """The source's address."""
        return _address(0, 0, version)

    def interface(self, node: str, other: str) -> str:
        """The interface of `node` on its link with `other`."""
        index, end = self._end(node, other)
        return f"v{index}{'nf'[end]}"

    def address(self, node: str, other: str, version: int) -> IPAddress:
        """The address of `node` on its link with `other`."""
        return _address(*self._end(node, other), version)

    def _end(self, node: str, other: str) -> tuple[int, int]:
        """The number of the link between two nodes, and which of its ends `node` is."""
        return next(
            (index, ends.index(node))
            for index, ends in enumerate(self.links)
            if set(ends) == {node, other}
        )

    def reroute(self, node: str, other: str, version: int) -> None:
        """From now on `node` forwards everything for TARGET to its neighbour `other`."""
        bits = (32, 128)[version == 6]
        way = f"via {self.address(other, node, version)} dev {self.interface(node, other)}"
        self.ip(node, f"route replace {TARGET[version]}/{bits} {way}")

    def weigh(self, node: str, weights: Mapping[str, int], version: int) -> None:
        """From now on `node` forwards to its neighbours by these weights."""
        ways = [
            f"nexthop via {self.address(other, node, version)}"
            f" dev {self.interface(node, other)} weight {weight}"
            for other, weight in weights.items()
        ]
        self.ip(node, f"route replace {TARGETS[version]} {' '.join(ways)}", version=version)

    def restore(self, node: str) -> None:
        """Give a node its links, addresses and routes again, after an interface was down."""
        _ip(self.namespace(node), _configuration(self, node, "replace"))

    def reply_by_all_ways(self, node: str) -> None:
        """From now on `node` balances what it sends back over all its predecessors."""
        for version in (4, 6):
            ways = [
                f"nexthop via {_address(index, 0, version)} dev v{index}f"
                for index, (_, far) in enumerate(self.links)
                if far == node
            ]
            route = f"route replace default {' '.join(ways)}"
            _ip(self.namespace(node), [route], version=version)

    def far_ends(self, node: str, version: int) -> list[IPAddress]:
        """The addresses of a node's interfaces towards its predecessors, ascending."""
        return [
            _address(index, 1, version) for index, (_, far) in enumerate(self.links) if far == node
        ]

    def ends(self, near: str, far: str, version: int) -> tuple[IPAddress, IPAddress]:
        """The addresses at both ends of a link."""
        index = self.links.index((near, far))
        return _address(index, 0, version), _address(index, 1, version)

    def successors(self, node: str) -> list[str]:
        """The nodes to which `node` forwards."""
        return [far for near, far in self.links if near == node]

    def truth(self, version: int) -> Truth:
        """What a complete trace of TARGET shows.

        In IPv4 Linux answers from the address of the way back, so a router has one address; in
        IPv6 from the one that the probe came in by.
        """
        vertices: set[tuple[int, IPAddress | None]] = {(0, self.source(version))}
        edges: set[Edge] = set()
        here: dict[Link, tuple[int, IPAddress | None]] = {("src", "src"): (0, self.source(version))}
        for ttl in itertools.count(1):
            after: dict[Link, tuple[int, IPAddress | None]] = {}
            for (node, _), near in here.items():
                for other in self.successors(node):
                    after[other, node] = far = (ttl, self.shown(node, other, version))
                    edges.add((near, far))
                    vertices.add(far)
            if not after:
                return Truth(frozenset(vertices), frozenset(edges))
            here = after
        raise AssertionError("unreachable")

    def set(self, node: str, values: Mapping[str, int | str]) -> None:
        """Set kernel parameters of a node, by where they are below /proc/sys."""
        _set(self.namespace(node), values)

    def ip(self, node: str, *commands: str, version: int | None = None) -> None:
        """Run commands of ip at a node, of an IP version if they do not name one."""
        _ip(self.namespace(node), commands, version)

    def rules(self, node: str, hook: str, rule: str) -> None:
        """Have nftables at a node apply a rule at a hook; each hook has its own chain."""
        chain = "inet own " + "".join(filter(str.isalnum, hook))
        table = f"add table inet own; add chain {chain} {{ {hook}; }}; add rule {chain}"
        subprocess.run(
            ["ip", "netns", "exec", self.namespace(node), "nft", f"{table} {rule}"],
            check=True, capture_output=True,
        )  # fmt: skip

    def shown(self, came_from: str, node: str, version: int) -> IPAddress | None:
        """The address from which a node answers what came from another one; None if silent."""
        if not self.successors(node):
            return TARGET[version]
        if node in self.silent:
            return None
        if version == 4:
            came_from = next(near for near, far in self.links if far == node)
        return _address(self.links.index((came_from, node)), 1, version)


@dataclass(frozen=True)
class Hashing:
    """How a router balances: the kernel's policy, fields (policy 3) and seed, None for the usual.

    With `rules` nftables chooses the successor by an expression for each IP version that yields a
    number from 1 on; the hash is not asked then.
    """

    policy: int | None = None
    fields: int | None = None
    seed: int | None = None
    rules: Mapping[int, str] | None = None


@contextmanager
def lab(
    paths: Sequence[str],
    silent: Sequence[str] = (),
    limited: Mapping[str, int] | None = None,
    *,
    hash_flow_label: bool = False,
    hashing: Mapping[str, Hashing] | None = None,
    kinds: Mapping[Link, str] | None = None,
) -> Iterator[Lab]:
    """The network in which packets take `paths` ("src r1 a1 dst"); it is gone afterwards.

    `silent` routers send no time exceeded, `limited` ones one answer to a host in so many
    milliseconds (after six at once in IPv4). Routers hash the IPv6 flow label as well if asked to,
    or what `hashing` says of them. `kinds` names the kinds of links that are not veth pairs.
    """
    links = dict.fromkeys(pair for path in paths for pair in itertools.pairwise(path.split()))
    built = Lab(f"pt{os.getpid()}x{next(_count)}", tuple(links), frozenset(silent))
    nodes = list(dict.fromkeys(node for link in links for node in link))
    running = ExitStack()
    try:
        _ip("", [f"netns add {built.namespace(node)}" for node in nodes])
        # Balancers come first, so that none shares its set of constant fields with another.
        by_choice = sorted(nodes, key=lambda node: len(built.successors(node)) < 2)
        for seed, node in enumerate(by_choice, start=1):
            hashing_of = (hashing or {}).get(node, Hashing())
            _set_sysctls(built.namespace(node), seed, hashing_of, hash_flow_label=hash_flow_label)
        _ip("", [_veth(built, index, link) for index, link in enumerate(links)])
        for link, kind in (kinds or {}).items():
            _make(built, link, kind, running)
        for node in nodes:
            _configure(built, node)
        for node, router_hashing in (hashing or {}).items():
            if router_hashing.rules is not None:
                _choose(built, node, router_hashing.rules)
        for node in silent:
            _silence(built.namespace(node))
        for node, apart_ms in (limited or {}).items():
            built.set(node, dict.fromkeys(_LIMITS_MS, apart_ms))
        yield built
    finally:
        running.close()
        # Of those that were not made none can be deleted, and the others still are.
        subprocess.run(
            ["ip", "-force", "-batch", "-"], check=False, capture_output=True, text=True,
            input="\n".join(f"netns del {built.namespace(node)}" for node in nodes),
        )  # fmt: skip


def plain(hops: int = 4) -> list[str]:
    """`hops` routers in a row."""
    return ["src " + " ".join(f"r{n}" for n in range(1, hops + 1)) + " dst"]


def diamond(width: int) -> list[str]:
    """One balancer with `width` branches."""
    return [f"src r1 lb a{n} joint dst" for n in range(1, width + 1)]


def nested() -> list[str]:
    """Two branches that split in two again."""
    return [f"src r1 lb {a} {a}{b} joint dst" for a in "ab" for b in (1, 2)]


def meshed(width: int) -> list[str]:
    """Two hops of `width` routers, each joined to each."""
    numbers = range(1, width + 1)
    return [f"src r1 lb a{a} b{b} joint dst" for a in numbers for b in numbers]


def asymmetric() -> list[str]:
    """One branch splits three ways, the other not at all."""
    return [*(f"src r1 lb a c{n} joint dst" for n in (1, 2, 3)), "src r1 lb b d joint dst"]


def unequal_length() -> list[str]:
    """One branch is two routers longer."""
    return ["src r1 lb a joint dst", "src r1 lb b c d joint dst"]


TOPOLOGIES = {
    "plain": plain(),
    "two-wide": diamond(2),
    "four-wide": diamond(4),
    "sixteen-wide": diamond(16),
    "nested": nested(),
    "meshed": meshed(4),
    "asymmetric": asymmetric(),
    "unequal-length": unequal_length(),
}


def _ip(namespace: str, commands: Sequence[str], version: int | None = None) -> None:
    where = ["-n", namespace] if namespace else []
    if version is not None:
        where.append(f"-{version}")
    subprocess.run(
        ["ip", *where, "-batch", "-"], input="\n".join(commands), text=True, check=True,
        capture_output=True,
    )  # fmt: skip


def _set_sysctls(namespace: str, seed: int, hashing: Hashing, *, hash_flow_label: bool) -> None:
    fields = _HASH_PORTS | seed % _SETS_OF_CONSTANT_FIELDS
    values = {
        **_SYSCTLS,
        "net/ipv4/fib_multipath_hash_fields": fields,
        "net/ipv6/fib_multipath_hash_fields": fields | _HASH_FLOW_LABEL * hash_flow_label,
    }
    if hashing.fields is not None:
        values["net/ipv4/fib_multipath_hash_fields"] = hashing.fields & ~_HASH_FLOW_LABEL or 1
        values["net/ipv6/fib_multipath_hash_fields"] = hashing.fields
    if hashing.policy is not None:
        values["net/ipv4/fib_multipath_hash_policy"] = hashing.policy
        values["net/ipv6/fib_multipath_hash_policy"] = hashing.policy
    if _HASH_SEED.exists():
        values["net/ipv4/fib_multipath_hash_seed"] = seed if hashing.seed is None else hashing.seed
    _set(namespace, values)


def _set(namespace: str, values: Mapping[str, int | str]) -> None:
    with inside_namespace(namespace):
        for name, value in values.items():
            Path("/proc/sys", name).write_text(f"{value}\n")


def _veth(built: Lab, index: int, link: Link) -> str:
    near, far = (built.namespace(node) for node in link)
    return f"link add v{index}n netns {near} type veth peer name v{index}f netns {far}"


def _make(built: Lab, link: Link, name: str, running: ExitStack) -> None:
    """Put interfaces of a kind in the place of a link's veth pair, which is below them now."""
    index = built.links.index(link)
    near, far = (
        End(built.namespace(node), f"v{index}{end}", f"below{index}{end}", f"192.0.2.{number}")
        for number, (node, end) in enumerate(zip(link, "nf", strict=True), start=2 * index)
    )
    kind = KINDS[name]
    for own, other in ((near, far), (far, near)):
        commands = (
            "link set {own.device} name {own.below}",
            "addr add {own.address}/31 dev {own.below}",
            "link set {own.below} up",
            *kind.commands,
        )
        _ip(own.namespace, [command.format(own=own, other=other) for command in commands])
    running.enter_context(kind.work(near, far))


def _configure(built: Lab, node: str) -> None:
    _ip(built.namespace(node), _configuration(built, node, "add"))


def _configuration(built: Lab, node: str, add: str) -> list[str]:
    """Addresses, links up, the way to the target over all successors, the way back over one.

    With "replace" for `add` what is there already may stay.
    """
    commands = ["link set lo up"]
    for index, link in enumerate(built.links):
        for end, name in enumerate(link):
            if name == node:
                device = f"v{index}{'nf'[end]}"
                commands += [
                    f"addr {add} {_address(index, end, 4)}/31 dev {device}",
                    f"addr {add} {_address(index, end, 6)}/64 dev {device} nodad",
                    f"link set {device} up",
                ]
    if node == "src":
        # More addresses to send from: routers may hash the source.
        commands += [f"addr {add} 198.51.100.{last}/32 dev v0n" for last in (251, 252, 253)]
        commands += [
            f"addr {add} 2001:db8:1::{last}/64 dev v0n nodad preferred_lft 0"
            for last in (51, 52, 53)
        ]
    for version in (4, 6):
        ways = [
            f"nexthop via {_address(index, 1, version)} dev v{index}n"
            for index, (near, _) in enumerate(built.links)
            if near == node
        ]
        back = [index for index, (_, far) in enumerate(built.links) if far == node]
        if ways:
            commands.append(f"route {add} {TARGETS[version]} {' '.join(ways)}")
        else:
            length = {4: "32", 6: "128"}[version]
            nodad = " nodad" * (version == 6)  # without it, no program can have it for a moment
            commands.append(f"addr {add} {TARGET[version]}/{length} dev lo{nodad}")
            commands.append(f"route {add} blackhole {TARGETS[version]}")
        if back:
            gateway = _address(back[0], 0, version)
            commands.append(f"route {add} default via {gateway} dev v{back[0]}f")
    return commands


def _choose(built: Lab, node: str, rules: Mapping[int, str]) -> None:
    """Have nftables choose a successor: a mark for each, and a table of routes for each mark."""
    namespace = built.namespace(node)
    links = [index for index, (near, _) in enumerate(built.links) if near == node]
    for version in (4, 6):
        commands = []
        for number, index in enumerate(links):
            way = f"via {_address(index, 1, version)} dev v{index}n"
            commands.append(f"route add {TARGETS[version]} {way} table {100 + number}")
            # A mark of 0 is none.
            commands.append(f"rule add fwmark {number + 1} table {100 + number}")
        _ip(namespace, commands, version)
    chain = (
        "add table inet split; "
        "add chain inet split in { type filter hook prerouting priority mangle; }; "
        f"add rule inet split in ip daddr {TARGETS[4]} meta mark set {rules[4]}; "
        f"add rule inet split in ip6 daddr {TARGETS[6]} meta mark set {rules[6]}"
    )
    subprocess.run(
        ["ip", "netns", "exec", namespace, "nft", chain], check=True, capture_output=True
    )


def _silence(namespace: str) -> None:
    rules = (
        "add table inet quiet; "
        "add chain inet quiet out { type filter hook output priority 0; }; "
        "add rule inet quiet out icmp type time-exceeded drop; "
        "add rule inet quiet out icmpv6 type time-exceeded drop"
    )
    subprocess.run(
        ["ip", "netns", "exec", namespace, "nft", rules], check=True, capture_output=True
    )
