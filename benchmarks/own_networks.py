"""Networks in which this machine chooses ways or adds headers, and what is true in each.

A case is a row of CASES; what it promises of our wires is what `docs/wires.md` says.
"""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from benchmarks.tracers import FIRST_PORT, TRACELB, Task
from benchmarks.views_here import ruled
from mda.model import Way
from tests.lab import netlab
from tests.lab.netlab import TARGET
from tests.lab.test_destinations import link_local
from tests.lab.test_segments import SEGMENT, steer
from tests.lab.test_services import OTHER, answer_from_elsewhere, serving
from tests.lab.test_ways import (
    GATEWAYS,
    HOSTS,
    LAN,
    PROVIDERS,
    at_node,
    of,
    providers,
    shared_link,
)
from tests.lab.test_withheld import OUTPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from mda.model import IPAddress
    from tests.lab.netlab import Lab

PORT: Final = 33434  # to which ordinary programs and our wires send
_MARK: Final = 7
_MTR_PORT: Final = 33000  # from which mtr counts
# Peers usually send to another port, or to many.
_TO_PORT: Final = {
    "traceroute": f"-U -p {PORT}",
    "scamper": f"{TRACELB} -d {PORT}",
    "mtr": f"-P {PORT}",
}


class Judge(Protocol):
    """What the shown addresses are, beside the truth, in a few words."""

    def words(self, shown: frozenset[IPAddress]) -> str:
        """The words of a cell."""


class Choice(NamedTuple):
    """A way, the address from which its first router answers, and words for "this way alone"."""

    way: Way
    router: IPAddress
    alone: str


@dataclass(frozen=True)
class Ways:
    """The truth is the ways by which flows leave."""

    choices: tuple[Choice, ...]
    end: IPAddress

    def words(self, shown: frozenset[IPAddress]) -> str:
        """Which ways are among the shown addresses, and whether the destination is."""
        seen = [choice.alone for choice in self.choices if choice.router in shown]
        if not seen:
            return "destination only" if self.end in shown else "silent"
        words = seen[0] if len(seen) < len(self.choices) else "both ways"
        return words if self.end in shown else f"{words}, not reached"


@dataclass(frozen=True)
class Hops:
    """The truth is one path: addresses before the destination, and the destination's."""

    near: frozenset[IPAddress]
    end: IPAddress

    def words(self, shown: frozenset[IPAddress]) -> str:
        """How many of the path's addresses are shown, and whether others are."""
        path = self.near | {self.end}
        missing = path - shown
        if shown - path:
            return "another path"
        if not missing:
            return "complete"
        if missing == path:
            return "nothing"
        if missing == {self.end}:
            return "all but the destination"
        if missing == self.near:
            return "destination only"
        return f"{len(path) - len(missing)} of {len(path)} hops"


class Setting(NamedTuple):
    """A network with a task, its truth, and the socket options of an ordinary program."""

    task: Task
    judge: Judge
    source: str = ""
    mark: int = 0


class Case(NamedTuple):
    """A row of the table: its network, and what the documents promise of our wires."""

    about: str
    setting: Callable[[int], AbstractContextManager[Setting]]
    promise: str
    unprivileged: str = ""  # where that wire sees something else
    ip_versions: tuple[int, ...] = (4, 6)

    def promises(self, wire: str) -> str:
        """The cell of a wire."""
        return (wire == "unprivileged" and self.unprivileged) or self.promise


def _router(lab: Lab, provider: str, version: int) -> IPAddress:
    """The address from which a provider answers what comes by its link."""
    return lab.ends("src", provider, version)[1]


@contextmanager
def _links(version: int, *, is_filtered: bool) -> Iterator[Setting]:
    """Two providers on two links."""
    with providers() as lab:
        if not is_filtered:
            for provider in PROVIDERS:
                at_node(lab, provider, "nft flush ruleset")
        choices = tuple(
            Choice(of(lab, name, version), _router(lab, name, version), "one way of two")
            for name in PROVIDERS
        )
        task = Task(lab, version, str(TARGET[version]))
        yield Setting(task, Ways(choices, TARGET[version]))


@contextmanager
def _lan(version: int) -> Iterator[Setting]:
    """Two gateways on one link."""
    with providers() as lab:
        shared_link(lab, version)
        source = ip_address(f"{LAN[version]}1")
        choices = tuple(
            Choice(
                Way(source, "lan", ip_address(f"{GATEWAYS[version]}{host}")),
                ip_address(f"{LAN[version]}{host}"),
                "one way of two",
            )
            for host in HOSTS
        )
        yield Setting(Task(lab, version, str(TARGET[version])), Ways(choices, TARGET[version]))


@dataclass(frozen=True)
class _Rule:
    """A policy rule to the second provider, and how to have programs follow it.

    In every text {source} is that provider's source.
    """

    text: str
    options: dict[str, str]
    source: str = ""
    mark: int = 0
    is_root: bool = False

    @contextmanager
    def __call__(self, version: int) -> Iterator[Setting]:
        with ruled(self.text, version) as lab:
            usual, other = (of(lab, provider, version) for provider in PROVIDERS)
            choices = (
                Choice(usual, _router(lab, "p1", version), "the usual way"),
                Choice(other, _router(lab, "p2", version), "the rule's way"),
            )
            options = {
                name: text.format(source=other.source) for name, text in self.options.items()
            }
            yield Setting(
                Task(lab, version, str(TARGET[version]), options, self.is_root),
                Ways(choices, TARGET[version]),
                self.source.format(source=other.source),
                self.mark,
            )


_BY_SOURCE: Final = _Rule(
    "from {source}",
    {
        "paris-trace": "-s {source}",
        "traceroute": "-s {source}",
        "scamper": "trace -P udp -w 1 -S {source}",  # tracelb has no such option
        "mtr": "-a {source}",
    },
    source="{source}",
)
_BY_PORT: Final = _Rule(f"ipproto udp dport {PORT}", _TO_PORT)
_BY_USER: Final = _Rule("uidrange 0-0", {}, is_root=True)
_BY_MARK: Final = _Rule(
    f"fwmark {_MARK}",
    {
        "paris-trace": f"--mark {_MARK}",
        "traceroute": f"--fwmark={_MARK}",
        "mtr": f"-M {_MARK}",
    },
    mark=_MARK,
    is_root=True,
)


def _near(lab: Lab, version: int, hops: int) -> frozenset[IPAddress]:
    """The addresses that the first hops answer from."""
    vertices = lab.truth(version).vertices
    return frozenset(address for ttl, address in vertices if 1 <= ttl <= hops and address)


@contextmanager
def _segments(version: int, *, mode: str) -> Iterator[Setting]:
    """SRv6 from this machine leads by `a2`, where the target's route leads by `a1`.

    A tunnel hides the router at its end, which drops the tunnel's TTL.
    """
    with netlab.lab([f"src r1 {way} joint dst" for way in ("a1", "a2")]) as lab:
        steer(lab, mode, entry="src", end="joint")
        lab.reroute("r1", "a1", version)
        _, via = lab.ends("r1", "a2", version)
        at_node(lab, "r1", f"ip -{version} route add {SEGMENT}/128 via {via}")
        stations = ["src", "r1", "a2", *(["joint"] if mode == "inline" else [])]
        shown = [lab.shown(*pair, version) for pair in itertools.pairwise(stations)]
        near = frozenset(address for address in shown if address is not None)
        task = Task(lab, version, str(TARGET[version]))
        yield Setting(task, Hops(near, TARGET[version]))


@contextmanager
def _elsewhere(version: int) -> Iterator[Setting]:
    """A service whose answers have another source."""
    with netlab.lab(netlab.plain(2)) as lab, serving(lab, "dns"):
        answer_from_elsewhere(lab)
        task = Task(lab, version, str(TARGET[version]), _TO_PORT)
        yield Setting(task, Hops(_near(lab, version, 2), OTHER[version]))


@contextmanager
def _neighbour(version: int) -> Iterator[Setting]:
    """A link-local destination."""
    with netlab.lab(netlab.plain(1)) as lab:
        far = link_local(lab, "r1", "v0f")
        yield Setting(Task(lab, version, f"{far}%v0n"), Hops(frozenset(), ip_address(far)))


@contextmanager
def _refused(version: int) -> Iterator[Setting]:
    """The firewall refuses one flow of each program: by source port, or of others by their own."""
    with netlab.lab(netlab.plain(3)) as lab:
        lab.rules("src", OUTPUT, f"udp sport {FIRST_PORT + 3} drop")
        lab.rules("src", OUTPUT, f"udp dport {{ {_MTR_PORT + 3}, {PORT + 3} }} drop")
        task = Task(lab, version, str(TARGET[version]))
        yield Setting(task, Hops(_near(lab, version, 3), TARGET[version]))


CASES: Final = (
    Case("equal default routes by two links", lambda v: _links(v, is_filtered=False), "both ways"),
    Case("... whose providers drop foreign sources", lambda v: _links(v, is_filtered=True),
         "both ways"),
    Case("two gateways on one link", _lan, "both ways"),
    Case("rule by source, the source given", _BY_SOURCE, "the rule's way"),
    Case("rule by protocol and port", _BY_PORT, "the rule's way"),
    Case("rule by user", _BY_USER, "the rule's way"),
    Case("rule by mark, the mark given", _BY_MARK, "the rule's way"),
    Case("SRv6 inserted here", lambda v: _segments(v, mode="inline"), "complete",
         ip_versions=(6,)),
    Case("SRv6 tunnel from here", lambda v: _segments(v, mode="encap"), "complete",
         "destination only", ip_versions=(6,)),
    Case("a UDP service that answers from another address", _elsewhere, "complete",
         "all but the destination"),
    Case("link-local destination", _neighbour, "complete", ip_versions=(6,)),
    Case("the firewall refuses one flow", _refused, "complete"),
)  # fmt: skip
