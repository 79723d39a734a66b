"""What may become of probes to a service, in a lab, and what a trace has to say of each.

Each situation has its own port, so one lab has all of them at once.
"""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mda.service.verdict import Port, Word
from paris.errors import ExitCode
from tests.lab.command import CHECKOUT
from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET, Lab, diamond, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mda.model import IPAddress

PATHS: Final = plain(4)
BRANCHES: Final = diamond(4)
#: How nftables rejects by ICMP, and whether it says so on purpose or has no way on.
ON_PURPOSE, NO_WAY = Word.FILTERED, Word.UNREACHABLE
ERRORS: Final = {
    4: {
        "icmp type net-unreachable": NO_WAY,
        "icmp type host-unreachable": NO_WAY,
        "icmp type prot-unreachable": ON_PURPOSE,
        "icmp type port-unreachable": ON_PURPOSE,
        "icmp type net-prohibited": ON_PURPOSE,
        "icmp type host-prohibited": ON_PURPOSE,
        "icmp type admin-prohibited": ON_PURPOSE,
    },
    6: {
        "icmpv6 type no-route": NO_WAY,
        "icmpv6 type addr-unreachable": NO_WAY,
        "icmpv6 type port-unreachable": ON_PURPOSE,
        "icmpv6 type admin-prohibited": ON_PURPOSE,
        "icmpv6 type policy-fail": ON_PURPOSE,
        "icmpv6 type reject-route": ON_PURPOSE,
    },
}
FAMILY: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_FORWARD, _INPUT, _OUTPUT = (
    f"type filter hook {hook} priority 0" for hook in ("forward", "input", "output")
)
_TRANSLATE: Final = "type nat hook prerouting priority -100"
_PROHIBITED: Final = "icmpx type admin-prohibited"
_FIRST_PORT: Final = 2000
_DNS: Final = 53
_LISTENS_AT: Final = 8080  # where what is translated goes
# Addresses beside the target, without a host.
_DOWN, _ROUND = 10, 11


class Rule(NamedTuple):
    """What a node's nftables do at a hook with the packets to a port."""

    node: str
    hook: str
    does: str


class Said(NamedTuple):
    """A verdict: its word, the state of the port, the node that it names, and the exit status.

    `parts` has the standings of network, firewall and service.
    """

    word: Word
    port: Port
    by: str | None
    parts: str
    exit_code: ExitCode


class Told(NamedTuple):
    """A verdict as a JSON document has it, with the exit status."""

    word: str
    port: str
    by: str | None
    exit_code: int
    parts: str

    @classmethod
    def of(cls, document: Any, exit_code: int) -> Told:
        """What the document of a run says."""
        verdict = document["verdict"]
        return cls(
            word=verdict["word"],
            port=verdict["port"],
            by=verdict["by"] and verdict["by"].partition("@")[0],
            exit_code=exit_code,
            parts=" ".join(verdict["parts"].values()),
        )


class Situation(NamedTuple):
    """A service in a lab, how it comes about, and the verdict on it.

    `rules` and `listens` are about `port`, which is given where the service has its own; `answers`
    is the kind of a UDP service (`tests.lab.service`). `beside` is how far the host's address is
    from the target's. `blind` is the verdict of ordinary sockets where it differs.
    """

    about: str
    said: Said
    rules: tuple[Rule, ...] = ()
    listens: bool = False
    is_udp: bool = False
    answers: str = "echo"
    beside: int = 0
    blind: Said | None = None
    port: int = 0

    def host(self, version: int) -> IPAddress:
        """Where the service is looked for."""
        return ip_address(TARGET[version] + self.beside)

    @property
    def options(self) -> tuple[str, ...]:
        """The options of paris-trace that ask for the service."""
        return ("-U" if self.is_udp else "-T", "-p", str(self.port))

    def by_wire(self, wire: str) -> Said:
        """The verdict by a wire."""
        return self.blind if wire == "unprivileged" and self.blind is not None else self.said

    def expected(self, lab: Lab, version: int, wire: str) -> Told:
        """What a document has to say."""
        said = self.by_wire(wire)
        by = said.by and str(self._address(lab, version, said.by))
        return Told(said.word.value, said.port.value, by, said.exit_code, said.parts)

    def _address(self, lab: Lab, version: int, node: str) -> IPAddress | None:
        if node == "dst":
            return self.host(version)
        before = next(near for near, far in lab.links if far == node)
        return lab.shown(before, node, version)


_OPEN: Final = Said(Word.OPEN, Port.OPEN, "dst", "ok ok ok", ExitCode.REACHED)
_CLOSED: Final = Said(Word.CLOSED, Port.CLOSED, "dst", "ok ok HERE", ExitCode.PORT_CLOSED)
_REFUSED: Final = Said(Word.FILTERED, Port.FILTERED, "r3", "ok HERE ?", ExitCode.FILTERED)
_NO_WAY: Final = Said(Word.UNREACHABLE, Port.UNKNOWN, "r3", "HERE ? ?", ExitCode.NOT_REACHED)
_SILENT: Final = Said(Word.SILENT, Port.FILTERED, "r4", "ok HERE ?", ExitCode.NOT_REACHED)
_LOCAL: Final = Said(Word.LOCAL, Port.UNKNOWN, None, "ok HERE ?", ExitCode.LOCAL_NETWORK)
_RESET: Final = Said(Word.MIDDLEBOX, Port.FILTERED, "dst", "ok HERE ?", ExitCode.FILTERED)
_PROXY: Final = Said(Word.PROXY, Port.OPEN, "dst", "ok ok ?", ExitCode.REACHED)
_LOOP: Final = Said(Word.LOOP, Port.UNKNOWN, "r2", "HERE ? ?", ExitCode.NOT_REACHED)
_PARTLY: Final = Said(Word.PARTLY, Port.OPEN, "a2", "ok HERE ok", ExitCode.FILTERED)


def on_one_path(version: int) -> tuple[Situation, ...]:
    """Every situation in a lab of PATHS, by an IP version."""
    return _numbered([*_answered(version), *_stopped(version), *_lost(version)])


def on_one_branch(version: int) -> tuple[Situation, ...]:
    """Firewalls on one branch of four, in a lab of BRANCHES."""
    doubtful = _PARTLY._replace(by="dst", parts="ok ? ?")
    return _numbered(
        [
            Situation("none", _OPEN, listens=True),
            Situation(
                "drops", _PARTLY._replace(parts="? ? ok"), _rules("a2", _FORWARD, "drop"),
                listens=True,
            ),
            Situation(
                "rejects", _PARTLY, _rules("a2", _FORWARD, f"reject with {_PROHIBITED}"),
                listens=True,
            ),
            Situation(
                "has no route", _PARTLY._replace(parts="HERE ok ok"),
                _rules("a2", _FORWARD, f"reject with {next(iter(ERRORS[version]))}"), listens=True,
            ),
            Situation(
                "resets", _PARTLY._replace(by="dst"),
                _rules("a2", _FORWARD, "reject with tcp reset"), listens=True, blind=doubtful,
            ),
        ]
    )  # fmt: skip


def _numbered(every: Sequence[Situation]) -> tuple[Situation, ...]:
    return tuple(
        own._replace(port=own.port or _FIRST_PORT + number) for number, own in enumerate(every)
    )


def _rules(node: str, hook: str, does: str) -> tuple[Rule, ...]:
    return (Rule(node, hook, does),)


def _answered(version: int) -> Iterator[Situation]:
    """What gets an answer in the name of the host."""
    inside = {4: f"ip to {TARGET[4]}", 6: f"ip6 to [{TARGET[6]}]"}[version]
    yield Situation("open", _OPEN, listens=True)
    yield Situation("closed", _CLOSED)
    yield Situation(
        "port forwarded by a NAT at hop 3", _OPEN,
        _rules("r3", _TRANSLATE, f"dnat {inside}:{_LISTENS_AT}"),
    )  # fmt: skip
    yield Situation(
        "transparent proxy at hop 2", _PROXY,
        _rules("r2", _TRANSLATE, f"redirect to :{_LISTENS_AT}"),
        blind=_OPEN._replace(parts="ok ? ?"),
    )  # fmt: skip
    yield Situation(
        "reset by a firewall at hop 3", _RESET, _rules("r3", _FORWARD, "reject with tcp reset"),
        blind=_CLOSED._replace(parts="ok ? ?"),
    )  # fmt: skip
    yield Situation("UDP, answered", _OPEN, listens=True, is_udp=True)
    yield Situation("UDP, closed", _CLOSED, is_udp=True)
    yield Situation("DNS server", _OPEN, listens=True, is_udp=True, answers="strict-dns", port=_DNS)


def _stopped(version: int) -> Iterator[Situation]:
    """What someone refuses, and says so."""
    for how, word in ERRORS[version].items():
        yield Situation(
            f"rejected at hop 3, {how}", _REFUSED if word is ON_PURPOSE else _NO_WAY,
            _rules("r3", _FORWARD, f"reject with {how}"),
        )  # fmt: skip
    for how in ERRORS[version]:
        yield Situation(
            f"rejected by the host, {how}", _REFUSED._replace(by="dst"),
            _rules("dst", _INPUT, f"reject with {how}"),
        )  # fmt: skip
    yield Situation(
        "UDP, rejected at hop 3", _REFUSED,
        _rules("r3", _FORWARD, f"reject with {_PROHIBITED}"), is_udp=True,
    )  # fmt: skip
    yield Situation("host down", _NO_WAY._replace(by="r4"), beside=_DOWN)
    yield Situation("rejected by this machine", _LOCAL, _rules("src", _OUTPUT, "reject"))


def _lost(version: int) -> Iterator[Situation]:
    """What gets no answer."""
    dropped_here = _SILENT._replace(by=None)  # connect() does not say that the SYN is dropped
    yield Situation("dropped at the host", _SILENT, _rules("dst", _INPUT, "drop"))
    yield Situation("dropped at hop 3", _SILENT._replace(by="r3"), _rules("r3", _FORWARD, "drop"))
    yield Situation(
        "UDP, dropped at the host", _SILENT._replace(port=Port.OPEN_OR_FILTERED, parts="ok ? ?"),
        _rules("dst", _INPUT, "drop"), is_udp=True,
    )  # fmt: skip
    yield Situation(
        "dropped by this machine", _LOCAL, _rules("src", _OUTPUT, "drop"), blind=dropped_here
    )
    # In IPv6 routers answer from where the probe came in: the first address to come twice is r3's.
    first = {4: "r2", 6: "r3"}[version]
    yield Situation("route loop from hop 2 on", _LOOP._replace(by=first), beside=_ROUND)


@contextmanager
def arranged(lab: Lab, version: int, every: Sequence[Situation]) -> Iterator[None]:
    """Bring about all of these situations in a lab, for the block."""
    with ExitStack() as opened:
        for situation in every:
            protocol = ("tcp", "udp")[situation.is_udp]
            for rule in situation.rules:
                lab.rules(rule.node, rule.hook, f"{protocol} dport {situation.port} {rule.does}")
            if situation.listens and not situation.is_udp:
                opened.enter_context(listening(lab, "dst", version, situation.port))
            if situation.listens and situation.is_udp:
                opened.enter_context(
                    lab.background(
                        "dst", "env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m",
                        "tests.lab.service", f"{situation.answers}:{situation.port}",
                        str(TARGET[version]),
                    )
                )  # fmt: skip
        if any(situation.beside for situation in every):
            _misroute(lab, version)
            for node in ("dst", "r2"):
                opened.enter_context(listening(lab, node, version, _LISTENS_AT))
        yield


@contextmanager
def listening(lab: Lab, node: str, version: int, port: int) -> Iterator[None]:
    """A TCP service at a node; the kernel answers, and keeps no connection that sends no data."""
    with inside_namespace(lab.namespace(node)):
        service = socket.create_server(("", port), family=FAMILY[version], backlog=512)
    with service:
        service.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
        yield


def _misroute(lab: Lab, version: int) -> None:
    """Have addresses beside the target lead to nobody, and round in a circle."""
    down, around = (
        f"{TARGET[version] + beside}/{(32, 128)[version == 6]}" for beside in (_DOWN, _ROUND)
    )
    own = {4: "192.0.2.1/32", 6: "2001:db8:2::1/64 nodad"}[version]
    lab.ip(
        "r4", "link add lan type veth peer name lan-peer", "link set lan-peer up",
        "link set lan up", f"address add {own} dev lan", f"route add {down} dev lan",
    )  # fmt: skip
    back = lab.address("r2", "r3", version)
    lab.ip("r3", f"route add {around} via {back} dev {lab.interface('r3', 'r2')}")
