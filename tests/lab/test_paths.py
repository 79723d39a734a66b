"""Every path that is listed can be taken: by this program, and by traceroute with its ports."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab import netlab
from tests.lab.command import run_at, trace
from tests.lab.emulator import emulated

if TYPE_CHECKING:
    from tests.lab.netlab import Lab

pytestmark = pytest.mark.lab

SURE = ("-c", "99.9", "--seed", "2", "--rate", "5000")
CLOSED_PORT = 6


def addresses(path: dict[str, Any]) -> list[str]:
    return [vertex.rpartition("@")[0] for vertex in path["vertices"]]


def traceroute(lab: Lab, command: str) -> list[str]:
    """What plain traceroute meets, hop by hop."""
    name, *words = shlex.split(command)
    assert name == "traceroute"
    run = lab.run("traceroute", "-q", "1", "-w", "9", *words)
    return re.findall(r"^ *\d+ +(\S+)", run.stdout, re.MULTILINE)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("letter", ["-U", "-T"])
def test_traceroute_takes_each_of_sixteen_paths_by_its_ports(letter: str, version: int) -> None:
    with netlab.lab(netlab.diamond(16)) as lab:
        listed = trace(lab, version, *SURE, letter, "--paths", "--rounds", "2")
        assert (listed.exit_code, listed.stderr) == (CLOSED_PORT * (letter == "-T"), "")
        paths = listed.document["paths"]
        assert len({tuple(addresses(path)) for path in paths}) == 16
        for path in paths:
            command = next(
                command for command in path["commands"] if command.startswith("traceroute")
            )
            assert traceroute(lab, command) == addresses(path)


@pytest.mark.parametrize("version", [4, 6])
def test_follow_probes_the_hops_of_one_path(version: int) -> None:
    with netlab.lab(netlab.diamond(16)) as lab:
        for number in (1, 7, 16):
            found = trace(lab, version, *SURE, "--follow", str(number), "--rounds", "3").document
            path = found["paths"][number - 1]
            assert [hop["vertex"] for hop in found["followed"]] == path["vertices"]
            assert all(hop["asked"] >= 3 and not hop["others"] for hop in found["followed"])
        by_address = addresses(path)[2]
        again = trace(lab, version, *SURE, "--follow", by_address, "--rounds", "1").document
        assert [hop["vertex"] for hop in again["followed"]] == path["vertices"]


@pytest.mark.xdist_group("timing")
def test_the_slow_path_of_eight_is_named() -> None:
    with emulated("one-slow") as network:
        options = ("--paths", "--rounds", "20", "-n", "-o", "-", "--format", "json")
        ran = run_at(network.namespace, "203.0.113.9", *SURE, *options)
    paths = json.loads(ran.stdout)["paths"]
    (slow,) = (path for path in paths if path["differs_in_rtt"])
    assert addresses(slow)[2] == "198.51.100.15"
    # A busy machine adds to delays, but takes nothing from them.
    assert slow["rtt_min_s"] >= 0.026
    assert slow["slower_s"] > 0


def test_the_lossy_path_of_four_is_named() -> None:
    with netlab.lab(netlab.diamond(4)) as lab:
        lab.rules("a2", "type filter hook forward priority 0",
                  "ip daddr 203.0.113.9 numgen random mod 10 < 4 drop")  # fmt: skip
        lossy = [str(lab.shown("lb", "a2", 4))]
        named = 0
        # Chance drops 40 %, and in one trace of twelve that looks like a rate limit or like silent
        # branches: fewer than two of four are right with a chance of 0.2 %.
        for seed in ("2", "3", "4", "5"):
            options = ("-c", "99.9", "--rate", "5000", "--paths", "--rounds", "30", "--seed", seed)
            paths = trace(lab, 4, *options).document["paths"]
            differ = [addresses(path)[2] for path in paths if path["differs_in_loss"]]
            named += differ == lossy
            if named == 2:
                break
        assert named == 2


@pytest.mark.xdist_group("timing")
def test_losses_of_a_rate_limited_host_are_not_compared_between_paths() -> None:
    # One answer in 250 ms is less than any machine asks for at this rate.
    with netlab.lab(netlab.diamond(2), limited={"dst": 250}) as lab:
        options = ("-n", "--paths", "--rounds", "8", "--seed", "2", "--rate", "100")
        run = run_at(lab.namespace("src"), str(netlab.TARGET[4]), *options)
    # Few losses do not prove the limit.
    assert "203.0.113.9 (hop 5) may be rate-limited: its losses are not compared" in run.stdout
    assert "loses" not in run.stdout
