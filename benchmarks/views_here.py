"""What this machine itself decides: ways out, destinations next to it, firewall, kinds of links."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from benchmarks import kernel_networks as networks
from benchmarks import views
from mda.model import Way
from tests.lab import netlab
from tests.lab.netlab import TARGETS
from tests.lab.test_destinations import link_local
from tests.lab.test_ways import (
    GATEWAYS,
    HOSTS,
    LAN,
    PROVIDERS,
    at_node,
    ip,
    of,
    paths,
    providers,
    shared_link,
)
from tests.lab.test_withheld import OUTPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from benchmarks.views import Look, View
    from mda.model import IPAddress
    from tests.lab.command import Found
    from tests.lab.netlab import Lab, Truth

_MARK: Final = 7
_NOBODY: Final = 65534


def _first_routers(lab: Lab, version: int) -> dict[str, IPAddress]:
    """The addresses from which the providers answer what comes by their links."""
    return {provider: lab.ends("src", provider, version)[1] for provider in PROVIDERS}


def _true(lab: Lab, version: int, *through: str) -> Truth:
    """What the paths through some providers show."""
    near = {_first_routers(lab, version)[provider] for provider in through}
    every = paths(lab, version)
    first = {edge for edge in every if edge[0][1] in near}
    edges = first | {edge for edge in every if edge[0] in {far for _, far in first}}
    return netlab.Truth(frozenset(itertools.chain(*edges)), frozenset(edges))


@contextmanager
def two_links(version: int, protocol: str) -> Iterator[Look]:
    """Equal default routes by two links, to providers that drop the other's sources."""
    with providers() as lab:
        yield _by_both(lab, version, protocol)


def _by_both(lab: Lab, version: int, protocol: str, *options: str) -> View:
    """Flows leave by both providers."""
    routers = _first_routers(lab, version)
    by_way = {of(lab, provider, version): routers[provider] for provider in PROVIDERS}
    return replace(
        views.of_lab(lab, version, protocol, *options),
        truth=_true(lab, version, *PROVIDERS),
        further=views.leaves_as_programs_do(lab, version, protocol, by_way),
    )


@contextmanager
def two_gateways(version: int, protocol: str) -> Iterator[Look]:
    """Both providers on one link."""
    with providers() as lab:
        usual = _first_routers(lab, version).values()
        true = views.behind_source(lab.truth(version))
        shared_link(lab, version)
        source = ip_address(f"{LAN[version]}1")
        by_way = {
            Way(source, "lan", ip_address(f"{GATEWAYS[version]}{host}")): ip_address(
                f"{LAN[version]}{host}"
            )
            for host in HOSTS
        }
        new = dict(zip(usual, by_way.values(), strict=True))
        yield replace(
            views.of_lab(lab, version, protocol),
            truth=views.renamed(true, new),
            further=views.leaves_as_programs_do(lab, version, protocol, by_way),
        )


@contextmanager
def ruled(rule: str, version: int) -> Iterator[Lab]:
    """Packets leave by the second provider by a policy rule alone; {source} is its source."""
    with providers() as lab:
        usual, other = (of(lab, provider, version) for provider in PROVIDERS)
        ip(
            lab, version,
            f"route replace {TARGETS[version]} via {usual.gateway}",
            f"route add {TARGETS[version]} via {other.gateway} table 100",
            f"rule add {rule.format(source=other.source)} lookup 100",
        )  # fmt: skip
        yield lab


def _by(lab: Lab, version: int, provider: str, *options: str) -> View:
    """All flows leave by a provider, with its source."""
    return replace(
        views.of_lab(lab, version, *options),
        truth=_true(lab, version, provider),
        further=views.leaves_from(of(lab, provider, version).source),
    )


@dataclass(frozen=True)
class Rule:
    """A policy rule, and the options of a trace that it applies to.

    In both {source} is the second provider's source.
    """

    text: str
    options: tuple[str, ...] = ()

    @contextmanager
    def __call__(self, version: int, protocol: str) -> Iterator[Look]:
        """All flows leave as the rule says."""
        with ruled(self.text, version) as lab:
            source = of(lab, "p2", version).source
            options = [option.format(source=source) for option in self.options]
            yield _by(lab, version, "p2", protocol, *options)


@contextmanager
def marked(version: int, protocol: str) -> Iterator[Look]:
    """A rule by mark, which takes root's rights."""
    with ruled(f"fwmark {_MARK}", version) as lab:
        marked = _by(lab, version, "p2", protocol, "--mark", str(_MARK))
        yield replace(marked, is_root=True)


@contextmanager
def of_nobody(version: int, protocol: str) -> Iterator[Look]:
    """A rule for the packets of nobody, as whom ordinary sockets are opened here."""
    with ruled(f"uidrange {_NOBODY}-{_NOBODY}", version) as lab:
        root, nobody = (_by(lab, version, provider, protocol) for provider in PROVIDERS)
        yield views.without_privilege(nobody, root)


@contextmanager
def by_source_ports(version: int, protocol: str) -> Iterator[Look]:
    """A rule for some of a trace's source ports."""
    with ruled("sport 20000-20039", version) as lab:
        yield _by_both(lab, version, protocol, "--sport", "20010")


def _hosts(lab: Lab, version: int, whose: str) -> list[str]:
    """Destinations at one hop."""
    if whose == "link-local":
        return [f"{link_local(lab, 'r1', 'v0f')}%v0n"]
    if whose == "neighbour":
        return [str(lab.shown("src", "r1", version))]
    if version == 4:
        return [str(lab.source(4)), "127.0.0.1", "127.1.2.3"]
    return [str(lab.source(6)), "::1", f"{link_local(lab, 'src', 'v0n')}%v0n"]


@contextmanager
def one_hop_away(version: int, protocol: str, *, whose: str) -> Iterator[Look]:
    """Destinations that no router leads to, all of which each run traces."""
    with networks.diamond() as lab:
        view = replace(views.of_lab(lab, version, protocol), further=views.nothing_lost)
        yield views.in_turn(
            replace(view, host=host, truth=views.path(ip_address(host.partition("%")[0])))
            for host in _hosts(lab, version, whose)
        )


_REFUSED: Final = {
    4: ("10.7.0.255", "255.255.255.255", "224.0.0.5", "0.0.0.0", "010.0.0.1", "0x7f.1", "10.1"),
    6: ("ff02::1%v0n", "::", "fe80::1", "fe80::1%v7"),
}


@contextmanager
def refused_forms(version: int, protocol: str) -> Iterator[Look]:
    """What is not one host's address, or read differently by programs: a line each."""
    with networks.diamond() as lab:
        lab.ip("src", "addr add 10.7.0.1/24 brd + dev v0n")
        view = views.of_lab(lab, version, protocol)

        def look(wire: str, seed: int) -> str:
            for host in _REFUSED[version]:
                ran = replace(view, host=host).start(wire, seed).finish()
                if ran.stdout or ran.returncode not in views.REFUSED or ran.stderr.count("\n") != 1:
                    return f"{host}: exit {ran.returncode}: {ran.stderr}"
            return ""

        yield look


@contextmanager
def firewalled(version: int, protocol: str, *, verdict: str) -> Iterator[Look]:
    """The firewall refuses one flow of eight."""
    with networks.diamond() as lab:
        lab.rules("src", OUTPUT, f"th sport & 7 == 3 {verdict}")
        view = replace(views.of_lab(lab, version, protocol), further=_counts_what_is_withheld)
        # Of a dropped SYN nothing is known before another has left, so flow 0 is not refused.
        yield lambda wire, seed: replace(
            view, options=(protocol, "--sport", str(20000 + 8 * seed))
        )(wire, seed)


def _counts_what_is_withheld(found: Found) -> str:
    withheld = found.document["run"]["wire"].get("withheld", [])
    if len(withheld) != 1 or not withheld[0]["flows"] or found.document["certainty"]["obstacles"]:
        return "not said what the system refuses"
    return views.nothing_lost(found)


@contextmanager
def few_files(version: int, protocol: str) -> Iterator[Look]:
    """No more than 64 files may be open."""
    with netlab.lab(netlab.diamond(4)) as lab:
        view = replace(views.of_lab(lab, version, protocol), further=views.nothing_lost)
        yield views.with_few_files(view)


def as_made(_: Lab) -> None:
    """The interfaces as they are."""


def without_ipv4(lab: Lab) -> None:
    """The source has no IPv4 address at all."""
    at_node(lab, "src", "ip -4 addr flush dev v0n")


@contextmanager
def first_link(
    version: int,
    protocol: str,
    *,
    kind: str | None = None,
    arrange: Callable[[Lab], None] = as_made,
) -> Iterator[Look]:
    """The source's link is of a kind."""
    with networks.diamond(kind) as lab:
        arrange(lab)
        yield views.of_lab(lab, version, protocol)


@contextmanager
def in_vrf(
    version: int,
    protocol: str,
    *,
    network: Callable[[], AbstractContextManager[Lab]],
    options: tuple[str, ...] = (),
) -> Iterator[Look]:
    """The source, or a router, has its links in a VRF."""
    with network() as lab:
        yield views.of_lab(lab, version, protocol, *options)
