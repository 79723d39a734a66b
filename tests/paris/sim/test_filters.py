"""Filters: which rule decides, what comes back for a packet, and from how far away."""

from __future__ import annotations

from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from mda.model import HeaderField, ProbeRequest, ReplyKind
from paris.cli.exits import guarded
from paris.cli.trace import main
from paris.errors import ExitCode, WithheldError
from paris.packets import replies
from paris.packets.flows import Flows
from paris.packets.headers import read_ip
from paris.packets.probes import build
from paris.packets.protocols import Protocol
from paris.sim.balancers import HeaderFields
from paris.sim.filters import CODES, Action, Rule, action_on
from paris.sim.network import Network
from tests.support.probes import reply_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paris.sim.topology import Topology
    from tests.paris.sim.conftest import FromText

ADDRESSES = {
    4: [f"198.51.100.{number}" for number in range(1, 6)],
    6: [f"2001:db8::{number}" for number in range(1, 6)],
}
BOTH = pytest.mark.parametrize("version", [4, 6])
NUMBERS = {Protocol.UDP: (17,), Protocol.TCP: (6,), Protocol.ICMP: (1, 58)}
WALL, HOST = 1, 4  # in ADDRESSES: the router at hop 1 and the destination, at hop 4


class Answer(NamedTuple):
    """A reply to a probe: its kind and code, who seems to send it, and the TTLs in it."""

    kind: ReplyKind
    code: int | None
    responder: int  # in ADDRESSES
    ttl: int | None
    quoted_ttl: int | None


EXPIRED = Answer(ReplyKind.TIME_EXCEEDED, 0, WALL, 255, 1)
RESET = Answer(ReplyKind.RST, None, HOST, 61, None)  # by a host at hop 4
ACCEPTED = RESET._replace(kind=ReplyKind.SYN_ACK)


def row(topology: FromText, version: int, at: str, rules: str, more: str = "") -> Topology:
    """Three routers in a row and a host that listens at port 443; `at` one of them has rules."""
    source, r1, r2, r3, end = ADDRESSES[version]
    values = {name: f"filter: [{rules}]{more}" if name == at else "" for name in ("R1", "end")}
    own = f"{{address: '{source}', filter: [{rules}]}}" if at == "source" else f"'{source}'"
    return topology(
        f"source: {own}\n"
        f"destination: {{address: '{end}', open: [443], udp: {{53: dns}}, {values['end']}}}\n"
        "routers:\n"
        f"  R1: {{interfaces: ['{r1}'], {values['R1']}}}\n"
        f"  R2: {{interfaces: ['{r2}']}}\n  R3: {{interfaces: ['{r3}']}}\n"
        "paths:\n  - source -> R1 -> R2 -> R3 -> destination\n"
    )


def ask(
    network: Network, ttl: int, dport: int = 80, protocol: Protocol = Protocol.TCP, flow: int = 0
) -> Answer | None:
    """What the network answers to a probe that leaves from port 24000 + `flow`."""
    is_icmp = protocol is Protocol.ICMP
    flows = Flows(
        source=network.source, destination=network.destination, protocol=protocol, sport=24000,
        field=HeaderField.ICMP_CHECKSUM if is_icmp else HeaderField.SPORT, dport=dport,
    )  # fmt: skip
    answer = reply_to(network, build(flows, ProbeRequest(flow, ttl), 7), 0.0)
    if answer is None:
        return None
    parsed = replies.parse(answer[1])
    assert isinstance(parsed, replies.ParsedReply)
    assert parsed.quoted.carrier_tag == 7
    by = ADDRESSES[network.source.version].index(str(parsed.responder))
    return Answer(parsed.kind, parsed.icmp_code, by, parsed.reply_ttl, parsed.quoted_ttl)


@pytest.mark.parametrize("seed", range(20))
def test_the_first_rule_that_matches_decides(seed: int) -> None:
    random = Random(seed)

    def ports() -> tuple[range, ...] | None:
        starts = random.sample(range(1, 9), random.randrange(1, 3))
        return random.choice((None, tuple(range(start, start + 2) for start in starts)))

    def is_among(port: int, given: Sequence[range] | None) -> bool:
        return given is None or port in {own for some in given for own in some}

    for _ in range(200):
        rules = [
            Rule(random.choice(list(Action)), random.choice((None, *Protocol)), ports(), ports())
            for _ in range(random.randrange(4))
        ]
        number = random.choice((1, 6, 17, 47, 58))
        sport, dport = random.randrange(1, 10), random.randrange(1, 10)
        expected = Action.PASS
        for rule in reversed(rules):
            is_protocol = rule.protocol is None or number in NUMBERS[rule.protocol]
            is_port = is_among(sport, rule.sport) and is_among(dport, rule.dport)
            if number not in (6, 17):
                is_port = rule.sport is None and rule.dport is None
            if is_protocol and is_port:
                expected = rule.action
        fields = HeaderFields(source=1, destination=2, protocol=number, sport=sport, dport=dport)
        assert action_on(fields, rules) is expected, (rules, fields)


def test_every_action_but_the_usual_four_is_a_code_of_one_version_at_least() -> None:
    others = {Action.PASS, Action.DROP, Action.RESET, Action.ANSWER}
    assert CODES.keys() == set(Action) - others
    for version, codes in ((4, {0, 1, 2, 3, 5, 9, 10, 13, 14, 15}), (6, set(range(7)))):
        assert {code[version] for code in CODES.values() if version in code} == codes


@BOTH
def test_a_filter_refuses_by_the_code_that_its_rule_names(topology: FromText, version: int) -> None:
    for action, codes in CODES.items():
        if version not in codes:
            continue
        rules = f"{{protocol: tcp, dport: 80, action: {action.value}}}"
        network = Network(row(topology, version, "R1", rules), 1)
        # Linux lowers the TTL, answers if it expires, and only then asks the rules of `forward`.
        refused = Answer(ReplyKind.UNREACHABLE, codes[version], WALL, 255, 2)
        assert ask(network, 1) == EXPIRED, action
        assert ask(network, 3) == refused, action
        assert ask(network, 9, 443) == ACCEPTED, action
        host = Network(row(topology, version, "end", rules), 1)
        expected = Answer(ReplyKind.UNREACHABLE, codes[version], HOST, 61, 1)
        assert ask(host, 4) == expected, action


@BOTH
@pytest.mark.parametrize("at", ["R1", "end"])
def test_what_a_filter_drops_is_never_answered(topology: FromText, version: int, at: str) -> None:
    rules = "{protocol: tcp, dport: [22, 8000-8999], action: drop}, {protocol: icmp, action: drop}"
    network = Network(row(topology, version, at, rules), 1)
    for dport in (22, 8000, 8500, 8999):
        assert ask(network, 1, dport) == EXPIRED
        assert ask(network, 9, dport) is None
    for dport in (21, 23, 7999, 9000):
        assert ask(network, 9, dport) == RESET
    assert ask(network, 9, protocol=Protocol.ICMP) is None
    closed = ask(network, 9, 22, Protocol.UDP)
    assert closed is not None
    assert (closed.kind, closed.responder) == (ReplyKind.UNREACHABLE, HOST)


@BOTH
def test_a_filter_may_ask_for_the_source_port_and_pass_some_of_what_it_drops(
    topology: FromText, version: int
) -> None:
    rules = "{sport: 24003-24005, dport: 443, action: pass}, {protocol: tcp, action: drop}"
    network = Network(row(topology, version, "R1", rules), 1)
    passed = [flow for flow in range(10) if ask(network, 9, 443, flow=flow) == ACCEPTED]
    assert passed == [3, 4, 5]
    assert ask(network, 9, 80, flow=4) is None
    answered = ask(network, 9, 53, Protocol.UDP)
    assert answered is not None
    assert answered.kind is ReplyKind.UDP_ANSWER


@BOTH
def test_who_resets_or_answers_in_the_place_of_the_host_is_told_by_the_ttl(
    topology: FromText, version: int
) -> None:
    rules = "{protocol: tcp, dport: 443, action: reset}, {protocol: tcp, dport: 80, action: answer}"
    network = Network(row(topology, version, "R1", rules), 1)
    assert ask(network, 1, 443) == EXPIRED
    assert ask(network, 2, 443) == RESET._replace(ttl=64)
    assert ask(network, 1, 80) == ACCEPTED._replace(ttl=64)  # where it is not forwarded
    assert ask(network, 9, 22) == RESET
    low = Network(row(topology, version, "R1", rules, ", initial_ttl: 40"), 1)
    assert ask(low, 2, 443) == RESET._replace(ttl=40)
    own = Network(row(topology, version, "end", rules), 1)
    assert (ask(own, 9, 443), ask(own, 9, 80)) == (RESET, ACCEPTED)


def test_who_answers_in_the_place_of_the_host_has_half_open_connections_of_its_own(
    topology: FromText,
) -> None:
    rules = "{protocol: tcp, dport: 443, sport: 24000-24009, action: answer}"
    network = Network(row(topology, 4, "R1", rules), 1)
    kinds = []
    for flow in (0, 0, 10, 10):
        answer = ask(network, 9, 443, flow=flow)
        assert answer is not None
        kinds.append(answer)
    assert kinds == [ACCEPTED._replace(ttl=64)] * 2 + [ACCEPTED] * 2


def test_a_silent_router_replies_where_its_filter_says_so(topology: FromText) -> None:
    rules = "{protocol: tcp, dport: 80, action: reset}, {protocol: udp, action: admin-prohibited}"
    network = Network(row(topology, 4, "R1", rules, ", silent: true"), 1)
    assert ask(network, 1) is None
    assert ask(network, 2) == RESET._replace(ttl=64)
    assert ask(network, 2, protocol=Protocol.UDP) == Answer(ReplyKind.UNREACHABLE, 13, WALL, 255, 1)


@BOTH
def test_the_source_refuses_to_send_what_its_own_filter_drops(
    topology: FromText, version: int
) -> None:
    network = Network(
        row(topology, version, "source", "{protocol: tcp, dport: 25, action: drop}"), 1
    )
    assert ask(network, 1) == EXPIRED
    assert ask(network, 1, 25, Protocol.UDP) == EXPIRED
    with pytest.raises(WithheldError, match=f"cannot send to {network.destination}: Operation not"):
        ask(network, 1, 25)


def test_the_path_of_a_packet_ends_where_a_filter_stops_it(topology: FromText) -> None:
    for at, length in (("R1", 1), ("end", 3)):
        rules = "{protocol: tcp, dport: 22, action: drop}"
        network = Network(row(topology, 4, at, rules), 1)
        ends = int(network.source), int(network.destination)
        whole = [ip_address(text) for text in ADDRESSES[4][1:]]
        for dport, expected in ((22, whole[:length]), (443, whole)):
            path = network.path(HeaderFields(*ends, protocol=6, sport=24000, dport=dport))
            assert list(path) == expected


def test_broken_probes_get_no_error_from_a_filter(topology: FromText) -> None:
    random = Random(1)
    for version in (4, 6):
        names = [action.value for action, codes in CODES.items() if version in codes]
        for action in ("reset", "answer", *names):
            rules = f"{{protocol: tcp, action: {action}}}"
            network = Network(row(topology, version, "R1", rules), 1)
            flows = Flows(
                source=network.source, destination=network.destination, protocol=Protocol.TCP,
                field=HeaderField.SPORT, sport=24000, dport=80,
            )  # fmt: skip
            probe = build(flows, ProbeRequest(0, 9), 7)
            for _ in range(100):
                wrong = bytearray(probe[: random.randrange(1, len(probe) + 1)])
                wrong[random.randrange(len(wrong))] = random.randrange(256)
                answer = reply_to(network, bytes(wrong), 0.0)
                assert answer is None or read_ip(answer[1]) is not None


@pytest.mark.parametrize(
    ("sample", "options", "exit_code", "said"),
    [
        ("firewall", "-T -p 443", ExitCode.FILTERED, "(from 4.4; silent to hop 7, 3 tries)"),
        ("firewall", "-T -p 80", ExitCode.REACHED, "destination: port open"),
        ("firewall", "-T -p 25", ExitCode.FILTERED, "prohibited by 198.51.100.1"),
        ("firewall", "-T -p 22", ExitCode.PORT_CLOSED, "port closed at 203.0.113.9"),
        ("firewall", "-I", ExitCode.REACHED, "4 paths"),
        ("middlebox", "-T -p 22", ExitCode.FILTERED, "REFUSED BY A MIDDLEBOX"),
        ("middlebox", "-T -p 80", ExitCode.REACHED, "reached in 3 hops: "),
        ("middlebox", "-T -p 443", ExitCode.REACHED, "reached in 6 hops: "),
        ("middlebox", "-U -p 53", ExitCode.REACHED, "destination: answers by UDP"),
        ("middlebox", "-I", ExitCode.NOT_REACHED, "not reached"),
        ("own-firewall", "-T -p 443", ExitCode.REACHED, "reached in 3 hops"),
        (
            "own-firewall",
            "-T -p 587",
            ExitCode.LOCAL_NETWORK,
            "203.0.113.9: Operation not permitted",
        ),
    ],
)
def test_a_sample_shows_what_its_first_lines_say(
    sample: str, options: str, exit_code: ExitCode, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--sim", sample, "--mda", *options.split()]
    assert guarded("paris-trace", main, arguments) == exit_code
    captured = capsys.readouterr()
    assert said in " ".join((captured.out + captured.err).split())
