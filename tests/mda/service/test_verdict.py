"""The verdict on a service: from real simulated traces, and the evidence for each cause."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from mda.plan import is_to_service
from mda.service.fates import endings
from mda.service.verdict import verdict
from paris.errors import ExitCode
from paris.run import measure
from paris.settings import Settings
from tests.support.commands import COMMAND, run
from tests.support.traces import assembled, hops, outcomes
from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from pathlib import Path

    from mda.service.fates import Ending
    from mda.trace import Trace

NETWORK = """\
source: {address: SOURCE SELF}
destination: {address: END, open: [443], udp: {53: dns}, delay_ms: 5 HOST}
routers:
  r1: {interfaces: [FIRST]}
  r2: {interfaces: [SECOND] MIDDLE}
  a1..a3: {interfaces: THIRD+}
  a4: {interfaces: [FOURTH] BRANCH}
  r4: {interfaces: [JOINT] LAST}
paths:
  - source -> r1 -> r2 -> [a1..a4] -> r4 -> destination
"""
ADDRESSES = {
    4: {"SOURCE": "192.0.2.1", "END": "203.0.113.9", "FIRST": "192.0.2.254",
        "SECOND": "198.51.100.2", "THIRD": "198.51.100.11", "FOURTH": "198.51.100.99",
        "JOINT": "198.51.100.4"},
    6: {"SOURCE": "2001:db8::1", "END": "2001:db8:9::9", "FIRST": "2001:db8:1::1",
        "SECOND": "2001:db8:2::1", "THIRD": "2001:db8:3::11", "FOURTH": "2001:db8:3::99",
        "JOINT": "2001:db8:4::1"},
}  # fmt: skip
PLACES = ("SELF", "HOST", "MIDDLE", "BRANCH", "LAST")


def filtered(rule: str) -> str:
    return f", filter: [{rule}]"


def network(folder: Path, version: int, keys: dict[str, str]) -> str:
    """A file of a network with further `keys` at some places."""
    text = NETWORK
    for name in PLACES:
        text = text.replace(f" {name}", keys.get(name, ""))
    for name, address in ADDRESSES[version].items():
        text = text.replace(name, address)
    file = folder / "net.yaml"
    file.write_text(text)
    return str(file)


class Case(NamedTuple):
    """A network and a command line, and what they must say; `by` is the name of an address."""

    keys: dict[str, str]
    options: str
    word: str
    port: str
    by: str | None
    parts: str  # network, firewall, service
    code: ExitCode


DROPPED = filtered("{protocol: tcp, dport: 443, action: drop}")
RESET = filtered("{protocol: tcp, dport: 443, action: reset}")
FILTERED, REACHED = ExitCode.FILTERED, ExitCode.REACHED
CLOSED, NOT_REACHED = ExitCode.PORT_CLOSED, ExitCode.NOT_REACHED
CASES = {
    "open": Case({}, "-T -p 443", "OPEN", "open", "END", "ok ok ok", REACHED),
    "open by every path": Case(
        {}, "-T -p 443 --mda", "OPEN", "open", "END", "ok ok ok", REACHED
    ),
    "closed": Case({}, "-T -p 22", "CLOSED", "closed", "END", "ok ok HERE", CLOSED),
    "answered by UDP": Case({}, "-U -p 53", "OPEN", "open", "END", "ok ok ok", REACHED),
    "closed to UDP": Case({}, "-U -p 99", "CLOSED", "closed", "END", "ok ok HERE", CLOSED),
    "prohibited on the way": Case(
        {"MIDDLE": filtered("{dport: 443, action: admin-prohibited}")},
        "-T -p 443", "FILTERED", "filtered", "SECOND", "ok HERE ?", FILTERED,
    ),
    "rejected by the host": Case(
        {"HOST": filtered("{dport: 443, action: port-unreachable}")},
        "-T -p 443", "FILTERED", "filtered", "END", "ok HERE ?", FILTERED,
    ),
    "port unreachable on the way, by UDP": Case(
        {"LAST": filtered("{protocol: udp, dport: 99, action: port-unreachable}")},
        "-U -p 99", "FILTERED", "filtered", "JOINT", "ok HERE ?", FILTERED,
    ),
    "no way on the way": Case(
        {"LAST": filtered("{dport: 443, action: host-unreachable}")},
        "-T -p 443", "UNREACHABLE", "unknown", "JOINT", "HERE ? ?", NOT_REACHED,
    ),
    "dropped on the way": Case(
        {"LAST": DROPPED}, "-T -p 443", "SILENT", "filtered", "JOINT", "? ? ?", NOT_REACHED
    ),
    "dropped on the way, diagnosed": Case(
        {"LAST": DROPPED},
        "-T -p 443 --diagnose", "SILENT", "filtered", "JOINT", "ok HERE ?", NOT_REACHED,
    ),
    "dropped at the host, by every path, diagnosed": Case(
        {"HOST": DROPPED},
        "-T -p 443 --mda --diagnose", "SILENT", "filtered", "JOINT", "ok HERE ?", NOT_REACHED,
    ),
    "all dropped on the branch of the flow, diagnosed": Case(
        {"BRANCH": ", drops: true"},
        "-T -p 443 --diagnose --sport 20020", "SILENT", "filtered", "FOURTH", "? ? ?", NOT_REACHED,
    ),
    "all dropped, diagnosed": Case(
        {"LAST": ", drops: true"},
        "-T -p 443 --diagnose", "SILENT", "filtered", "JOINT", "? ? ?", NOT_REACHED,
    ),
    "silent to UDP": Case(
        {"HOST": filtered("{protocol: udp, action: drop}")},
        "-U -p 99 --diagnose", "SILENT", "open or filtered", "JOINT", "ok ? ?", NOT_REACHED,
    ),
    "dropped on a branch": Case(
        {"BRANCH": DROPPED}, "-T -p 443 --mda", "PARTLY", "open", "FOURTH", "? ? ok", FILTERED
    ),
    "closed, and dropped on a branch": Case(
        {"BRANCH": filtered("{protocol: tcp, dport: 22, action: drop}")},
        "-T -p 22 --mda", "PARTLY", "closed", "FOURTH", "? ? HERE", FILTERED,
    ),
    "prohibited on a branch": Case(
        {"BRANCH": filtered("{dport: 443, action: admin-prohibited}")},
        "-T -p 443 --mda", "PARTLY", "open", "FOURTH", "ok HERE ok", FILTERED,
    ),
    "prohibited on a branch, by MDA-Lite": Case(
        {"BRANCH": filtered("{dport: 443, action: admin-prohibited}")},
        "-T -p 443 --mda-lite", "PARTLY", "open", "FOURTH", "ok HERE ok", FILTERED,
    ),
    "reset on the way, by its TTL": Case(
        {"MIDDLE": RESET},
        "-T -p 443", "REFUSED BY A MIDDLEBOX", "filtered", "END", "ok HERE ?", FILTERED,
    ),
    "reset on the way, by controls": Case(
        {"MIDDLE": f", initial_ttl: 200{RESET}"},
        "-T -p 443 --diagnose", "REFUSED BY A MIDDLEBOX", "filtered", "END", "ok HERE ?", FILTERED,
    ),
    "reset on a branch": Case(
        {"BRANCH": RESET}, "-T -p 443 --mda", "PARTLY", "open", "END", "ok HERE ok", FILTERED
    ),
    "closed, and reset on a branch": Case(
        {"BRANCH": filtered("{protocol: tcp, dport: 22, action: reset}")},
        "-T -p 22 --mda", "PARTLY", "closed", "END", "ok HERE HERE", FILTERED,
    ),
    "dropped on a branch, diagnosed": Case(
        {"BRANCH": DROPPED},
        "-T -p 443 --mda --diagnose", "PARTLY", "open", "FOURTH", "? ? ok", FILTERED,
    ),
    "answered by a proxy, by controls": Case(
        {"LAST": filtered("{protocol: tcp, dport: 80, action: answer}")},
        "-T -p 80 --mda --diagnose", "OPEN AT A PROXY OR NAT", "open", "END", "ok ok ?", REACHED,
    ),
    "refused by this machine": Case(
        {"SELF": filtered("{protocol: tcp, dport: 443, action: drop}")},
        "-T -p 443", "LOCAL", "unknown", None, "? HERE ?", ExitCode.LOCAL_NETWORK,
    ),
    "refused by this machine, diagnosed": Case(
        {"SELF": filtered("{protocol: tcp, dport: 443, action: drop}")},
        "-T -p 443 --diagnose", "LOCAL", "unknown", None, "ok HERE ?", ExitCode.LOCAL_NETWORK,
    ),
}  # fmt: skip


def traced(folder: Path, version: int, case: Case) -> dict[str, Any]:
    """The JSON of a case."""
    file = network(folder, version, case.keys)
    ran = run("--sim", file, *case.options.split(), "-j")
    assert ran.returncode == case.code
    document: dict[str, Any] = json.loads(ran.stdout)
    return document


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("name", CASES)
def test_the_verdict_names_the_state_the_cause_and_who(
    name: str, version: int, tmp_path: Path
) -> None:
    case = CASES[name]
    verdict = traced(tmp_path, version, case)["verdict"]
    by = verdict["by"] and verdict["by"].partition("@")[0]
    assert (verdict["word"], verdict["port"]) == (case.word, case.port)
    assert by == (case.by and ADDRESSES[version][case.by])
    assert " ".join(verdict["parts"].values()) == case.parts


def test_controls_are_few_and_only_sent_where_the_service_does_not_answer(tmp_path: Path) -> None:
    silent = traced(tmp_path, 4, CASES["dropped on the way, diagnosed"])
    controls = {control["name"]: control for control in silent["controls"]}
    assert controls["icmp"]["fate"] == "open"
    assert controls["icmp"]["hop"] == 5
    assert (controls["tcp/80"]["fate"], controls["tcp/80"]["hop"]) == ("closed", None)
    assert (controls["udp/33434"]["fate"], controls["udp/33434"]["hop"]) == ("closed", 5)
    assert sum(control["probes"] for control in controls.values()) <= 40
    alone = traced(tmp_path, 4, CASES["dropped on the way"])
    assert "controls" not in alone
    assert alone["run"]["probes_sent"] == silent["run"]["probes_sent"]


@pytest.mark.parametrize("options", [(), ("--mda",)])
def test_to_a_silent_host_all_controls_together_are_forty_at_most(options: tuple[str, ...]) -> None:
    ran = run("--sim", "silent-destination", "-T", "-p", "443", "--diagnose", *options, "-j")
    assert sum(control["probes"] for control in json.loads(ran.stdout)["controls"]) == 40


@pytest.mark.parametrize("case", ["open by every path", "dropped on a branch", "reset on a branch"])
def test_the_verdict_itself_sends_no_probe(case: str, tmp_path: Path) -> None:
    """The same without one, and what the command sends, which gives one."""
    file = network(tmp_path, 4, CASES[case].keys)
    settings = Settings.of(network=file, multipath=True, protocol="tcp", dport=443, seed=1)
    measured = measure(settings)
    document = traced(tmp_path, 4, CASES[case])
    assert document["verdict"]["word"] == CASES[case].word
    assert document["run"]["probes_sent"] == measured.record.probes_sent
    packets = tmp_path / "x.pcapng"
    ran = run("--sim", file, *CASES[case].options.split(), "-o", str(packets), "-j")
    assert json.loads(ran.stdout) == document
    again = json.loads(run("--replay", str(packets), "-j").stdout)
    assert again["verdict"] == document["verdict"]


@pytest.mark.parametrize(
    ("options", "probes"),
    [
        pytest.param(("-T", "-p", "443"), 14, id="open"),
        pytest.param(("-T", "-p", "22"), 15, id="closed"),
        pytest.param(("-U", "-p", "99"), 15, id="closed to UDP"),
    ],
)
def test_a_service_is_traced_with_three_probes_per_hop_within_two_round_trips(
    options: tuple[str, ...], probes: int, tmp_path: Path
) -> None:
    document = json.loads(run("--sim", network(tmp_path, 4, {}), *options, "-j").stdout)
    assert document["run"]["probes_sent"] == probes
    first, *_, last = sorted(
        own["received_at_s"] for own in document["outcomes"] if own["ttl"] in (5, 30)
    )
    assert last - first <= 1.3 * first  # from its first reply to its last: a round trip, and pauses


@pytest.mark.parametrize(
    ("port", "option", "is_controlled"),
    [
        pytest.param("22", [], True, id="closed"),
        pytest.param("22", ["--no-diagnose"], False, id="closed, not to be diagnosed"),
        pytest.param("443", [], False, id="open"),
    ],
)
def test_on_a_terminal_controls_are_sent_where_the_service_does_not_answer(
    port: str, option: list[str], tmp_path: Path, *, is_controlled: bool
) -> None:
    words = ["--sim", network(tmp_path, 4, {}), "-T", "-p", port, *option]
    terminal, far_end = pty.openpty()
    subprocess.run([*COMMAND, *words], stdout=far_end, check=False, timeout=LONGEST_S)
    os.close(far_end)
    shown = b""
    with contextlib.suppress(OSError):  # the end of what a terminal shows
        while part := os.read(terminal, 65536):
            shown += part
    os.close(terminal)
    assert (b"control probes" in shown) is is_controlled


def test_text_and_pictures_show_the_verdict_and_where_packets_are_stopped(tmp_path: Path) -> None:
    file = network(tmp_path, 4, CASES["dropped on a branch"].keys)
    ran = run("--sim", file, "-T", "-p", "443", "--mda", "-o", str(tmp_path / "x.dot"), "-o", "-")
    lines = ran.stdout.splitlines()
    verdict = next(line for line in lines if line.startswith("PARTLY  "))
    assert "of flows through 198.51.100.99 (hop 3) do not get through to" in verdict
    assert any("198.51.100.99" in line and "tcp/443 gets no further" in line for line in lines)
    assert "gets through: tcp" in ran.stdout
    assert "does not: tcp" in ran.stdout
    dot = (tmp_path / "x.dot").read_text()
    assert verdict.partition(" do not")[0] in dot
    stopping = next(line for line in dot.splitlines() if "<b>198.51.100.99<" in line)
    assert "shape=octagon" in stopping


def test_nothing_shows_what_answers_in_the_hosts_name_as_the_host(tmp_path: Path) -> None:
    file = network(tmp_path, 4, {"MIDDLE": RESET})
    ran = run("--sim", file, "-T", "-p", "443", "-o", str(tmp_path / "x.dot"), "-o", "-")
    assert "not reached, reset in the name of 203.0.113.9" in ran.stdout
    assert "port closed at" not in ran.stdout
    lines = (tmp_path / "x.dot").read_text().splitlines()
    forged = next(line for line in lines if "<b>203.0.113.9<" in line)
    assert "shape=octagon" in forged
    assert "answers in the host&#x27;s name" in forged


def test_a_branch_that_resets_at_the_hop_where_the_host_answers_is_named(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(
        "source: 192.0.2.1\n"
        "destination: {address: 203.0.113.9, open: [443]}\n"
        "routers:\n"
        "  r1: {interfaces: [192.0.2.254]}\n"
        "  a1: {interfaces: [198.51.100.11]}\n"
        "  b1: {interfaces: [198.51.100.21]}\n"
        "  b2: {interfaces: [198.51.100.22], filter: [{protocol: tcp, action: reset}]}\n"
        "  b3: {interfaces: [198.51.100.23]}\n"
        "  r4: {interfaces: [198.51.100.31]}\n"
        "paths:\n"
        "  - source -> r1 -> a1 -> r4 -> destination\n"
        "  - source -> r1 -> b1 -> b2 -> b3 -> r4 -> destination\n"
    )
    ran = run("--sim", str(file), "-T", "-p", "443", "--mda")
    said = " ".join(ran.stdout.split())
    assert "reached in 4 hops, reset in the name of 203.0.113.9" in said
    assert "another answers as well in the host's name" in said
    assert "passed as many hops as those of 198.51.100.22 (hop 3), and none behind it" in said
    assert "firewall HERE" in said


@pytest.mark.parametrize("hides", [False, True])
@pytest.mark.parametrize("version", [4, 6])
def test_a_box_right_before_the_host_is_not_taken_for_it_because_controls_find_the_host_there(
    version: int, hides: bool, tmp_path: Path
) -> None:
    source, host, router = {
        4: ("192.0.2.1", "203.0.113.9", "198.51.100.{}"),
        6: ("2001:db8::1", "2001:db8:ffff::9", "2001:db8:0:{}::1"),
    }[version]
    hidden = ", silent: true" if hides else ""
    file = tmp_path / "net.yaml"
    file.write_text(
        f'source: "{source}"\n'
        f'destination: {{address: "{host}", open: [22, 443]}}\n'
        "routers:\n"
        f'  r1: {{interfaces: ["{router.format(1)}"]}}\n'
        f'  r2: {{interfaces: ["{router.format(2)}"]}}\n'
        f'  r3: {{interfaces: ["{router.format(3)}"]{hidden},'
        " filter: [{protocol: tcp, dport: 22, action: reset}]}\n"
        "paths: [source -> r1 -> r2 -> r3 -> destination]\n"
    )
    said = " ".join(run("--sim", str(file), "-T", "-p", "22", "--diagnose").stdout.split())
    if hides:
        assert f"CLOSED {host}" in said
        assert "firewall ?" in said
        assert "service ?" in said
    else:
        assert f"REFUSED BY A MIDDLEBOX a reset in the name of {host} (hop 4)" in said
        assert "firewall HERE" in said
        assert "service ?" in said


def test_a_branch_that_resets_behind_a_balancer_per_packet_is_not_called_a_limit(
    tmp_path: Path,
) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(
        "source: 192.0.2.1\n"
        "destination: {address: 203.0.113.9, open: [443]}\n"
        "routers:\n"
        "  r1: {interfaces: [192.0.2.254], balance: {by: packet}}\n"
        "  a1: {interfaces: [198.51.100.11]}\n"
        "  a2: {interfaces: [198.51.100.12], filter: [{protocol: tcp, action: reset}]}\n"
        "  b1..b2: {interfaces: 198.51.100.21+}\n"
        "  r4: {interfaces: [198.51.100.31]}\n"
        "paths:\n"
        "  - source -> r1 -> a1 -> b1 -> r4 -> destination\n"
        "  - source -> r1 -> a2 -> b2 -> r4 -> destination\n"
    )
    said = " ".join(run("--sim", str(file), "-T", "-p", "443", "--mda").stdout.split())
    assert "OPEN 203.0.113.9 (hop 5) accepts the connection" in said
    assert "; some ways behind 192.0.2.254 (hop 1) alone may reset" in said
    assert "unanswered" not in said


def test_a_trace_has_its_verdict_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = assembled(outcomes(hops("192.0.2.254", "*", flows=2)), protocol="tcp")
    calls: list[Trace] = []

    def counted(own: Trace) -> tuple[Ending, ...]:
        calls.append(own)
        return endings(own)

    monkeypatch.setattr("mda.service.verdict.endings", counted)
    assert verdict(trace) is verdict(trace)
    assert len(calls) == 1


def test_a_trace_that_was_cut_short_takes_no_silence_for_a_verdict(tmp_path: Path) -> None:
    file = network(tmp_path, 4, {"LAST": DROPPED})
    ran = run("--sim", file, "-T", "-p", "443", "-j", "--max-probes", "14")
    assert "verdict" not in json.loads(ran.stdout)


def test_the_hop_of_a_service_is_not_named_where_the_one_before_was_not_asked() -> None:
    said = run("--sim", "lossy", "-T", "-p", "443", "--max-probes", "3").stdout
    assert "reached in at most 30 hops" in said
    assert "CLOSED  203.0.113.9 answers tcp/443 with a reset" in said


def test_an_unfinished_trace_clears_no_firewall(tmp_path: Path) -> None:
    file = network(tmp_path, 4, {"BRANCH": DROPPED})
    ran = run("--sim", file, "-T", "-p", "443", "--mda", "-j", "--max-probes", "40")
    verdict = json.loads(ran.stdout)["verdict"]
    assert (verdict["word"], verdict["parts"]["firewall"]) == ("OPEN", "?")


@pytest.mark.parametrize("mode", [(), ("--mda",)], ids=["one path", "every path"])
def test_a_port_is_closed_although_probes_and_resets_are_lost(
    mode: tuple[str, ...], tmp_path: Path
) -> None:
    file = network(tmp_path, 4, {"HOST": ", loss: 0.3", "MIDDLE": ", loses: 0.1"})
    for seed in range(20):
        ran = run("--sim", file, "-T", "-p", "22", *mode, "--seed", str(seed))
        assert ran.returncode == ExitCode.PORT_CLOSED, seed


def test_paths_of_which_none_gets_through_are_not_called_partly(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(
        "source: 192.0.2.1\n"
        "destination: {address: 203.0.113.9, open: [443]}\n"
        "routers:\n"
        "  r1: {interfaces: [192.0.2.254]}\n"
        "  a1: {interfaces: [198.51.100.11], filter: [{protocol: tcp, action: reset}]}\n"
        "  a2: {interfaces: [198.51.100.12], filter: [{action: admin-prohibited}]}\n"
        "paths:\n"
        "  - source -> r1 -> [a1, a2] -> destination\n"
    )
    ran = run("--sim", str(file), "-T", "-p", "443", "--mda")
    assert ran.returncode == ExitCode.FILTERED
    assert "PARTLY" not in ran.stdout
    assert "gets through" not in ran.stdout


SILENT_BRANCH = """\
source: 192.0.2.1
destination: {address: 203.0.113.9, open: [443]}
routers:
  r1: {interfaces: [192.0.2.254]}
  a1..a3: {interfaces: 198.51.100.11+}
  b1..b3: {interfaces: 198.51.100.21+}
  c1..c3: {interfaces: 198.51.100.31+}
  d1: {interfaces: [198.51.100.41], silent: true}
  d2: {interfaces: [198.51.100.42], silent: true}
  d3: {interfaces: [198.51.100.43], silent: true DROPS}
  r5: {interfaces: [198.51.100.5]}
  r6: {interfaces: [198.51.100.6]}
paths:
  - source -> r1 -> a1 -> b1 -> c1 -> r5 -> r6 -> destination
  - source -> r1 -> a2 -> b2 -> c2 -> r5 -> r6 -> destination
  - source -> r1 -> a3 -> b3 -> c3 -> r5 -> r6 -> destination
  - source -> r1 -> d1 -> d2 -> d3 -> r5 -> r6 -> destination
"""


@pytest.mark.parametrize("drops", [False, True], ids=["passing", "dropping"])
def test_a_silent_branch_is_followed_as_far_as_the_host_before_it_is_said_to_drop(
    *, drops: bool, tmp_path: Path
) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(SILENT_BRANCH.replace(" DROPS", ", drops: true" if drops else ""))
    for seed in range(20):
        ran = run("--sim", str(file), "-T", "-p", "443", "--mda", "--seed", str(seed))
        assert ("PARTLY" if drops else "OPEN  ") in ran.stdout, seed
        silent_to = re.search(r"silent to hop (\d+), 3 tries", ran.stdout)
        assert (silent_to is not None and int(silent_to[1]) >= 7) == drops, seed  # the host's hop


@pytest.mark.parametrize(
    ("protocol", "dport", "flow_field", "is_one"),
    [
        pytest.param("tcp", 443, "sport", True, id="tcp"),
        pytest.param("tcp", 443, "dport", False, id="tcp to many ports"),
        pytest.param("udp", 53, "sport", True, id="udp"),
        pytest.param("udp", 33434, "sport", False, id="udp as traceroute"),
        pytest.param("icmp", None, "icmp-checksum", False, id="icmp"),
    ],
)
def test_probes_are_for_a_service_if_one_may_be_there(
    protocol: str, dport: int | None, flow_field: str, *, is_one: bool
) -> None:
    assert is_to_service(protocol, dport, flow_field) is is_one
