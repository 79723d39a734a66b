"""Rounds over kernel routers: each hop of each path replies in each, on every wire."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab import netlab
from tests.lab.command import command_line, run_at
from tests.support.waiting import LONGEST_S, wait_until
from tests.support.window import window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.netlab import Lab

pytestmark = pytest.mark.lab

OFTEN = ("--mda", "-c", "99.9", "-n", "--watch", "0.05")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with netlab.lab(netlab.diamond(2)) as built:
        yield built


@pytest.mark.parametrize("wire", ["raw", "bulk", "unprivileged"])
@pytest.mark.parametrize("version", [4, 6], ids=["IPv4", "IPv6"])
def test_each_round_has_a_reply_of_each_hop_of_each_path(lab: Lab, version: int, wire: str) -> None:
    ran = run_at(
        lab.namespace("src"), str(netlab.TARGET[version]), *OFTEN, "--count", "4",
        "--wire", wire, "--jsonl", "-", privileged=wire != "unprivileged",
    )  # fmt: skip
    assert ran.returncode == 0
    begin, *rounds, end = map(json.loads, ran.stdout.splitlines())
    assert [own["type"] for own in (begin, *rounds, end)] == ["begin", *["round"] * 4, "end"]
    ways = {tuple(hop["address"] for hop in path["hops"]) for path in begin["paths"]}
    assert {str(address) for way in ways for address in way} == {
        str(address) for _, address in lab.truth(version).vertices if address is not None
    } - {str(lab.source(version))}
    for own in rounds:
        found = {tuple(hop.get("address") for hop in path["hops"]) for path in own["paths"]}
        assert found == ways


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_a_watch_that_is_ended_leaves_whole_lines(
    lab: Lab, how: signal.Signals, tmp_path: Path
) -> None:
    lines = tmp_path / "rounds.jsonl"
    with subprocess.Popen(
        [*lab.at_source(*command_line(str(netlab.TARGET[4]), *OFTEN, "--jsonl", str(lines)))],
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        wait_until(lambda: lines.exists() and lines.read_text().count("\n") >= 3)
        process.send_signal(how)
        said, _ = process.communicate(timeout=LONGEST_S)
    kinds = [json.loads(line)["type"] for line in lines.read_text().splitlines()]
    assert kinds[:3] == ["begin", "round", "round"]
    assert lines.read_text().endswith("\n")
    is_killed = how is signal.SIGKILL
    assert process.returncode == (-how if is_killed else 0)
    assert (kinds[-1] == "end", " rounds, 2 paths" in said) == (not is_killed, not is_killed)


@pytest.mark.parametrize("wire", ["raw", "bulk", "unprivileged"])
@pytest.mark.parametrize("version", [4, 6], ids=["IPv4", "IPv6"])
def test_a_watch_goes_on_when_the_interface_was_down_for_a_while(
    lab: Lab, version: int, wire: str, tmp_path: Path
) -> None:
    file = tmp_path / "trace.json"
    lines = tmp_path / "rounds.jsonl"
    device = lab.interface("src", "r1")

    def rounds() -> list[Any]:
        written = lines.read_text() if lines.exists() else ""
        found = [json.loads(line) for line in written.splitlines(keepends=True) if line[-1] == "\n"]
        return [own for own in found if own["type"] == "round"]

    def was_answered(own: Any) -> bool:
        return all("rtt_s" in hop for path in own["paths"] for hop in path["hops"])

    with subprocess.Popen(
        [*lab.at_source(*command_line(str(netlab.TARGET[version]), *OFTEN, "--wire", wire,
                                      "--jsonl", str(lines), "-o", str(file)))],
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        wait_until(lambda: len(rounds()) > 3)
        lab.ip("src", f"link set {device} down")
        wait_until(lambda: sum("withheld" in own for own in rounds()) > 2)
        lab.restore("src")
        before = len(rounds())
        wait_until(lambda: any(map(was_answered, rounds()[before:])))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0
    found = json.loads(file.read_text())["rounds"]
    (outage,) = found["outages"]
    assert 0 < outage["began_s"] < outage["ended_s"]
    assert outage["probes"] > 0
    assert found["changes"] == []
    assert "since " in said
    assert " did not leave" in said


def test_a_share_that_changes_is_reported_with_the_time(lab: Lab, tmp_path: Path) -> None:
    lines = tmp_path / "rounds.jsonl"

    def found(kind: str) -> list[Any]:
        written = lines.read_text() if lines.exists() else ""
        whole = [line for line in written.splitlines(keepends=True) if line[-1] == "\n"]
        return [own for own in map(json.loads, whole) if own["type"] == kind]

    lab.weigh("lb", {"a1": 1, "a2": 1}, 4)
    with subprocess.Popen(
        [*lab.at_source(*command_line(str(netlab.TARGET[4]), *OFTEN[:-1], "0.01", "--seed", "1",
                                      "--jsonl", str(lines)))],
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            wait_until(lambda: len(found("round")) >= 40)
            steady = found("round")
            lab.weigh("lb", {"a1": 3, "a2": 1}, 4)
            wait_until(lambda: any(own["changes"] for own in found("round")))
        finally:
            lab.weigh("lb", {"a1": 1, "a2": 1}, 4)
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0
    assert not any(own["changes"] for own in steady)
    change = next(own["changes"][0] for own in found("round") if own["changes"])
    a1, a2 = (lab.shown("lb", node, 4) for node in ("a1", "a2"))
    assert (change["before"]["address"], change["after"]["address"]) == (str(a2), str(a1))
    assert 0 < change["moved"] <= change["trials"]
    assert change["first_s"] >= steady[-1]["at_s"]
    assert f"share changed on path {change['path']}, hop 3: {a1} instead of {a2}" in said


@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "Ctrl-C"])
@pytest.mark.parametrize("size", [(24, 80), (50, 200)], ids=["80x24", "200x50"])
def test_a_live_table_fits_its_window_and_gives_the_terminal_back(
    lab: Lab, size: tuple[int, int], key: bytes, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("trace.json", "trace.dot")]
    outputs = ("-o", "-", "-o", str(files[0]), "-o", str(files[1]))
    command = lab.at_source(*command_line(str(netlab.TARGET[4]), *OFTEN, *outputs))
    with window(command, *size) as watch:
        watch.read_until(b" rounds, 2 paths, times in ms")
        watch.resize(12, 60)
        watch.read_until(b" more lines")
        watch.press(key)
        left = watch.left()
    assert watch.process.returncode == 0
    assert b" rounds, 2 paths, times in ms" in left
    assert all(file.stat().st_size for file in files)
