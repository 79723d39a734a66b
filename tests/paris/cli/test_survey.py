"""The command `paris-survey`, on a simulated internet."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING, Any, cast

import pyarrow.parquet as pq
import pytest

from mda.model import HeaderField
from mda.studies.balancers import Kind, Verdict
from paris.cli.exits import guarded
from paris.cli.survey import main
from paris.errors import ExitCode
from paris.sim.internet import Internet, internet
from paris.survey.targets import Targets, block
from tests.support.forks import fork
from tests.support.surveys import busiest, edges, traces, true_edges
from tests.support.terminal import on_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from mda.studies.balancers import Classification

SIM = ("--sim", "internet:1", "--seed", "5", "--rate", "20000", "--no-progress")


def run(*arguments: object) -> int:
    return guarded("paris-survey", main, list(map(str, arguments)))


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    files = sorted(folder.glob(f"{table}-*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


@pytest.mark.parametrize(("procedure", "balancers"), [((), False), (("--mda",), True)])
def test_a_survey_is_reported_on(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    procedure: tuple[str, ...],
    balancers: bool,
) -> None:
    folder = tmp_path / "out"
    assert run("10.0.0.0/28", *procedure, *SIM, "-o", folder) == ExitCode.REACHED
    capsys.readouterr()
    assert run("report", folder) == ExitCode.REACHED
    told = capsys.readouterr().out
    assert re.search(r"^  traces +14$", told, re.MULTILINE)
    assert ("Successors of a balancer" in told) == balancers
    assert run("report", tmp_path) == ExitCode.USAGE
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("procedure", [(), ("--mda",), ("--mda-lite",)])
def test_every_destination_is_traced_as_it_is(tmp_path: Path, procedure: tuple[str, ...]) -> None:
    folder = tmp_path / "out"
    assert run("10.0.0.0/28", *procedure, *SIM, "-o", folder, "--window", 7) == ExitCode.REACHED
    found = traces(folder)
    assert set(found) == {f"10.0.0.{number}" for number in range(1, 15)}
    for address, trace in found.items():
        assert edges(trace) <= true_edges(internet("1", 5), ip_address(address))
    probes = rows(folder, "probes")
    assert len(probes) == sum(len(trace.outcomes) for trace in found.values())
    assert {row["probe_dst_addr"] for row in probes} == set(found)
    links = sum(len(trace.dag.edges) for trace in found.values())
    assert len(rows(folder, "links")) == links


def test_multipath_surveys_find_what_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert run("10.0.1.0/27", "--mda", *SIM, "-o", folder) == ExitCode.REACHED
    network, complete = internet("1", 5), 0
    for address, trace in traces(folder).items():
        heard = true_edges(network, ip_address(address), only_heard=True)
        complete += heard <= edges(trace)
    # Each graph is complete with a probability of 95 %: of 30, 24 are but once in 10,000.
    assert complete >= 24


def test_a_survey_is_the_same_again(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert run("10.0.0.0/28", "--mda", *SIM, "-o", tmp_path / name) == ExitCode.REACHED
    a, b = ((tmp_path / name / "traces-00000.jsonl").read_bytes() for name in "ab")
    assert a == b


def test_kills_lose_nothing_and_ask_nothing_twice(tmp_path: Path) -> None:
    whole, folder, random = tmp_path / "whole", tmp_path / "out", Random(1)
    given = ["10.0.0.0/26", "-q", "1", *SIM, "--window", "10"]
    assert run(*given, "-o", whole) == ExitCode.REACHED
    finished: set[str] = set()
    for number in range(10):
        more = [*given, "-o", folder] if not number else ["--resume", "-o", folder]
        child = fork(partial(run, *more))
        journal = folder / "finished.jsonl"
        least = len(finished) + random.randrange(1, 6)
        until_s = time.monotonic() + 60
        while time.monotonic() < until_s:
            if journal.exists() and journal.read_bytes().count(b"\n") >= least:
                break
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        now = {json.loads(line)["target"] for line in journal.read_text().splitlines(True)
               if line.endswith("\n")}  # fmt: skip
        assert finished < now
        finished = now
    with (folder / "traces-00000.jsonl").open("ab") as torn:
        torn.write(b'{"format": "paris-tr')
    assert run("--resume", "-o", folder) == ExitCode.REACHED
    expected, found = traces(whole), traces(folder)
    assert set(found) == set(expected)
    assert {row["probe_dst_addr"] for row in rows(folder, "probes")} == set(found)
    for address, trace in found.items():
        assert edges(trace) <= true_edges(internet("1", 5), ip_address(address))
    assert len(rows(folder, "probes")) == sum(len(own.outcomes) for own in found.values())
    assert not list(folder.glob(".*"))


def test_an_interruption_ends_cleanly(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    command = [sys.executable, "-c", "from paris.cli.survey import entry; entry()"]
    child = subprocess.Popen(
        [*command, "10.0.0.0/20", *SIM, "-o", str(folder)], stderr=subprocess.PIPE, text=True
    )
    until_s = time.monotonic() + 60
    journal = folder / "finished.jsonl"
    while time.monotonic() < until_s and not (journal.exists() and journal.stat().st_size):
        time.sleep(0.01)

    os.kill(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == ExitCode.INTERRUPTED
    assert "--resume" in said
    assert {row["probe_dst_addr"] for row in rows(folder, "probes")} == set(traces(folder))


@pytest.mark.parametrize("procedure", [(), ("--mda",)])
def test_no_router_is_asked_faster_than_it_may_be(
    tmp_path: Path, procedure: tuple[str, ...]
) -> None:
    folder = tmp_path / "out"
    given = ("10.0.0.0/28", "10.9.0.0/30", *procedure, "--per-router", 10)
    assert run(*given, *SIM, "-o", folder) == ExitCode.REACHED
    most = busiest(folder, 2.0)
    assert most["100.64.0.1"] >= 16  # all probes of the survey pass it
    # A burst, two seconds, and what was sent elsewhere and met it.
    assert max(most.values()) <= 2 + 2 * 10 + 6
    assert run("10.0.0.0/29", *SIM, "--per-router", 0, "-o", tmp_path / "any") == 0
    assert busiest(tmp_path / "any", 0.1)["100.64.0.1"] == 18  # six destinations, three each


@pytest.mark.parametrize("procedure", [(), ("--mda",)])
def test_probes_say_whom_to_contact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, procedure: tuple[str, ...]
) -> None:
    text, sent, answers = "survey by noc@example.net", [], Internet.answers

    def heard(net: Internet, datagram: bytes, at_s: float) -> list[tuple[float, bytes]]:
        sent.append(datagram)
        return answers(net, datagram, at_s)

    monkeypatch.setattr(Internet, "answers", heard)
    folder = tmp_path / "out"
    given = ("10.0.0.0/30", *procedure, "--contact", text)
    assert run(*given, *SIM, "-o", folder) == ExitCode.REACHED
    assert len(sent) > 30
    assert all(text.encode() in datagram for datagram in sent)
    for address, trace in traces(folder).items():
        assert edges(trace) <= true_edges(internet("1", 5), ip_address(address))
        assert edges(trace)
    sent.clear()
    # What a survey is resumed with says the same.
    (folder / "finished.jsonl").unlink()
    for file in (*folder.glob("traces-*"), *folder.glob("*.parquet")):
        file.unlink()
    assert run("--resume", "-o", folder) == ExitCode.REACHED
    assert len(sent) > 30
    assert all(text.encode() in datagram for datagram in sent)


def test_a_survey_says_what_balancers_hash(tmp_path: Path) -> None:
    folder, net = tmp_path / "out", internet("1", 5)
    assert run("10.0.0.0/29", "--classify", *SIM, "-o", folder) == ExitCode.REACHED
    balancers = [
        balancer
        for trace in traces(folder).values()
        for balancer in cast("Classification", trace.studies["classify"]).balancers
    ]
    branching = sum(
        len(far) > 1
        for address in traces(folder)
        for far in net.network(ip_address(address)).topology.successors.values()
    )
    assert len(balancers) == branching == 3
    for balancer in balancers:
        assert balancer.verdict(HeaderField.SPORT) is Verdict.HASHED
        assert balancer.verdict(HeaderField.DPORT) is Verdict.HASHED
        assert balancer.verdict(HeaderField.TRAFFIC_CLASS) is Verdict.IGNORED
        assert balancer.kind is Kind.UNDECIDED  # a survey varies no addresses


def test_a_terminal_shows_how_far_a_survey_is(tmp_path: Path) -> None:
    shown = [word for word in SIM if word != "--no-progress"]
    command = [sys.executable, "-c", "from paris.cli.survey import entry; entry()"]
    given = ["10.0.0.0/26", *shown, "-q", "1", "-o", str(tmp_path / "out")]
    with on_terminal([*command, *given]) as running:
        exit_code, said, left = running.finish()
    assert (exit_code, said) == (0, "")
    lines = re.findall(
        rb"(\d+) of 62 destinations, (\d+) probes/s(?:, \d+:\d\d:\d\d left)?", running.shown
    )
    assert lines
    counts = [int(done) for done, _ in lines]
    assert counts == sorted(counts)
    assert 0 <= counts[-1] <= 62
    assert left.strip() == f"paris-survey: 62 destinations traced into {tmp_path / 'out'}"


def test_excluded_targets_get_no_probe(tmp_path: Path) -> None:
    (tmp_path / "not").write_text("10.0.0.4/30\n10.0.0.9\n")
    folder = tmp_path / "out"
    assert run("10.0.0.0/28", "--exclude", tmp_path / "not", *SIM, "-o", folder) == 0
    left = {f"10.0.0.{number}" for number in (1, 2, 3, 8, 10, 11, 12, 13, 14)}
    assert {row["probe_dst_addr"] for row in rows(folder, "probes")} == left


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a TARGET"),
        (("10.0.0.0/33",), "neither an address nor a prefix"),
        (("10.0.0.1", "--window", "0"), "--window must be"),
        (("10.0.0.1", "--watch", "1"), "--watch is for one destination"),
        (("10.0.0.1", "--share-after", "-1"), "--share-after must be"),
        (("10.0.0.1", "--contact", "me", "--payload", "dns"), "give only one"),
        (("10.0.0.1", "--contact", "me", "-I"), "--contact"),
        (("10.0.0.1", "--per-prefix", "0"), "--per-prefix must be"),
        (("10.0.0.1", "--per-router", "-1"), "--per-router must be"),
        (("10.0.0.1", "--per-router", "nan"), "--per-router must be"),
        (("example.net",), "targets are addresses"),
        (("--resume",), "no survey to resume"),
        (("10.0.0.1", "--resume"), "name no other"),
        (("2001:db8::1",), "the simulated network is IPv4"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    exit_code = run(*arguments, *SIM, "-o", tmp_path / "out")
    assert exit_code == ExitCode.USAGE
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_folder_that_is_in_use_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("kept")
    assert run("10.0.0.1", *SIM, "-o", tmp_path) == ExitCode.OUTPUT
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_targets_of_the_test_are_those_of_the_command(tmp_path: Path) -> None:
    def no_name(name: str) -> Any:
        raise AssertionError(name)

    folder = tmp_path / "out"
    assert run("10.0.0.0/21", "--per-prefix", 24, *SIM, "-o", folder) == 0
    expected = Targets([block("10.0.0.0/21", 24, no_name)], (), 5)
    assert set(traces(folder)) == set(map(str, expected))
