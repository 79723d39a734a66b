"""A survey through the kernel's raw sockets, of a simulated internet in real time."""

from __future__ import annotations

import os
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from paris.cli.exits import guarded
from paris.cli.survey import main
from paris.sim.internet import internet
from tests.lab.emulator import emulated
from tests.lab.namespaces import enter_namespace
from tests.support.forks import fork
from tests.support.surveys import busiest, edges, traces, true_edges

if TYPE_CHECKING:
    from pathlib import Path

    from paris.sim.internet import Internet

pytestmark = pytest.mark.lab


def surveyed(net: Internet, *arguments: str) -> int:
    """Survey a simulated internet through the kernel; returns the exit code."""
    with emulated("two-way", through=lambda _: net) as network:

        def work() -> int:
            enter_namespace(network.namespace)
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
