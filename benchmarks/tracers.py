"""What tracing programs show of a destination: ours by each wire, traceroute, scamper and mtr."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.lab.command import run_at
from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mda.model import IPAddress
    from tests.lab.netlab import Lab

OURS: Final = ("raw", "bulk", "unprivileged")
FIRST_PORT: Final = 20000  # from which ours and tracelb count their flows
TRACELB: Final = f"tracelb -P udp-sport -s {FIRST_PORT} -w 1 -W 15 -q 1 -g 1"
_LONGEST_PATH: Final = "6"
_SCAMPER_PPS: Final = "1000"


class Task(NamedTuple):
    """What to trace: from a lab's source, with more options for some programs.

    `options` are by program; those of "scamper" are a whole measurement, those of "paris-trace" go
    to every wire. What needs no right runs as nobody, unless `is_root`.
    """

    lab: Lab
    version: int
    target: str
    options: Mapping[str, str] = {}
    is_root: bool = False


class Shown(NamedTuple):
    """The addresses that a program shows behind the source, and what it complains about."""

    addresses: frozenset[IPAddress]
    complaint: str


def _ours(task: Task, seed: int, *, wire: str) -> Shown:
    ran = run_at(
        task.lab.namespace("src"), task.target, "-n", "--mda", "-c", "99.9", "-w", "1",
        "--seed", str(seed), "--sport", str(FIRST_PORT), "--wire", wire, "-j",
        *task.options.get("paris-trace", "").split(),
        privileged=wire != "unprivileged" or task.is_root,
    )  # fmt: skip
    vertices = json.loads(ran.stdout)["graph"]["vertices"] if ran.stdout else []
    shown = {each["address"] for each in vertices if each["ttl"] and each["address"]}
    return Shown(frozenset(map(ip_address, shown)), ran.stderr)


def _peer(task: Task, *command: str) -> Shown:
    ran = subprocess.run(
        task.lab.at_source(*command, task.target),
        capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    return Shown(_addresses(ran.stdout), ran.stderr)


def _addresses(text: str) -> frozenset[IPAddress]:
    """The addresses in a program's text, but for the lines that repeat what it was asked."""
    found = set()
    for line in text.splitlines():
        if not line.startswith("trace"):
            for word in line.split():
                try:
                    found.add(ip_address(word.strip("(),*").partition("%")[0]))
                except ValueError:
                    continue
    return frozenset(found)


def _traceroute(task: Task, _: int) -> Shown:
    options = task.options.get("traceroute", "").split()
    return _peer(
        task, "traceroute", f"-{task.version}", "-n", "-w", "1", "-m", _LONGEST_PATH, *options
    )


def _scamper(task: Task, _: int) -> Shown:
    measurement = task.options.get("scamper", TRACELB)
    return _peer(task, "scamper", "-p", _SCAMPER_PPS, "-c", measurement, "-i")


def _mtr(task: Task, _: int) -> Shown:
    options = task.options.get("mtr", "").split()
    return _peer(
        task, "mtr", f"-{task.version}", "-n", "--raw", "--udp", "-c", "8", "-i", "0.1", "-G", "1",
        "-m", _LONGEST_PATH, *options,
    )  # fmt: skip


_PEERS: Final = {"traceroute": _traceroute, "scamper": _scamper, "mtr": _mtr}
# Each traces a task; the number differs from run to run.
TRACERS: Final[Mapping[str, Callable[[Task, int], Shown]]] = {
    **{wire: partial(_ours, wire=wire) for wire in OURS},
    **{name: trace for name, trace in _PEERS.items() if shutil.which(name)},
}


def versions() -> str:
    """Which peers run, by Debian's package and version, and which are not installed."""
    packages = {"traceroute": "traceroute", "scamper": "scamper", "mtr": "mtr-tiny"}
    said = []
    for name in _PEERS:
        asked = ("dpkg-query", "-W", "-f", "${Version}", packages[name])
        found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
        said.append(f"{name} {found or 'of no package'}" if name in TRACERS else f"no {name}")
    return ", ".join(said)
