"""A survey through the kernel's raw sockets, of a simulated internet in real time."""

from __future__ import annotations

import os
import subprocess
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from paris.cli.exits import guarded
from paris.cli.survey import main
from paris.errors import ExitCode
from paris.sim.internet import internet
from tests.lab.command import open_to_all
from tests.lab.emulator import emulated
from tests.lab.namespaces import enter_namespace
from tests.support.forks import fork
from tests.support.surveys import busiest, edges, traces, true_edges

if TYPE_CHECKING:
    from paris.sim.internet import Internet

pytestmark = pytest.mark.lab
NOBODY = 65534


def surveyed(net: Internet, *arguments: str, privileged: bool = True) -> int:
    """Survey a simulated internet through the kernel; returns the exit code."""
    with emulated("two-way", through=lambda _: net) as network:

        def work() -> int:
            enter_namespace(network.namespace)
            if not privileged:
                Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647")
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            return guarded("paris-survey", main, [*arguments])

        _, status = os.waitpid(fork(work), 0)
    return os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize("protocol", ["-U", "-I", "-T"])
def test_destinations_behind_the_kernel_are_traced_as_they_are(
    tmp_path: Path, protocol: str
) -> None:
    net, folder = internet("1", 5), tmp_path / "out"
    given = ["10.0.0.0/28", protocol, "--mda", "-w", "1", "--rate", "2000", "--per-router", "0"]
    assert surveyed(net, *given, "-o", str(folder)) == 0
    found = traces(folder)
    assert len(found) == 14
    for address, trace in found.items():
        assert edges(trace) <= true_edges(net, ip_address(address))
    assert sum(trace.reached for trace in found.values()) >= 7


def test_no_router_is_asked_faster_than_it_may_be(tmp_path: Path) -> None:
    net, folder = internet("1", 5), tmp_path / "out"
    given = ["10.0.0.0/28", "-q", "1", "-w", "1", "--rate", "2000", "--per-router", "20"]
    assert surveyed(net, *given, "-o", str(folder)) == 0
    most = busiest(folder, 0.5)
    assert most["100.64.0.1"] >= 8  # all probes of the survey pass it
    assert max(most.values()) <= 4 + 0.5 * 20 + 1


@pytest.mark.parametrize("protocol", ["-U", "-I"])
def test_ordinary_sockets_trace_destinations_as_they_are(tmp_path: Path, protocol: str) -> None:
    net, folder = internet("1", 5), tmp_path / "out"
    open_to_all(tmp_path)
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    given = ["10.0.0.0/28", protocol, "--mda", "-w", "1", "--rate", "2000", "--per-router", "0"]
    assert surveyed(net, *given, "-o", str(folder), privileged=False) == 0
    found = traces(folder)
    assert len(found) == 14
    complete = 0
    for address, trace in found.items():
        assert trace.wire.wire == "unprivileged"
        assert edges(trace) <= true_edges(net, ip_address(address))
        complete += true_edges(net, ip_address(address), only_heard=True) <= edges(trace)
    assert complete >= 10  # each with a probability of 95 %: once in 10,000 fewer


def test_by_tcp_ordinary_sockets_have_one_destination(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    open_to_all(tmp_path)
    folder = tmp_path / "out"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    given = ["10.0.0.0/28", "-T", "-o", str(folder)]
    exit_code = surveyed(internet("1", 5), *given, privileged=False)
    assert exit_code == ExitCode.NO_PRIVILEGE
    assert "use -U or -I" in capfd.readouterr().err


def test_a_full_disk_is_said_in_a_line_and_a_survey_goes_on_after_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk, whole = tmp_path / "disk", tmp_path / "whole"
    disk.mkdir()
    given = ["10.0.0.0/27", "--sim", "internet:1", "--seed", "5", "--rate", "20000"]
    given += ["-q", "1", "--no-progress", "--share-after", "0"]
    assert guarded("paris-survey", main, [*given, "-o", str(whole)]) == 0
    capsys.readouterr()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=True)
    try:
        out = str(disk / "out")
        assert guarded("paris-survey", main, [*given, "-o", out]) == ExitCode.OUTPUT
        error = capsys.readouterr().err
        assert error == f"paris-survey: cannot write to {out}: No space left on device\n"
        subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
        assert guarded("paris-survey", main, ["--resume", "-o", out]) == 0
        found, expected = traces(disk / "out"), traces(whole)
        assert set(found) == set(expected)
        rows = pq.read_table(sorted((disk / "out").glob("probes-*.parquet"))).num_rows
        assert rows == sum(len(trace.outcomes) for trace in found.values())
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)  # a reader may still hold a file
