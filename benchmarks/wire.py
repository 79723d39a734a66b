"""The wires at their limits, each beside a peer in the same run: sending, receiving.

    python -m benchmarks.wire [RUNS]

Needs root, gcc and numpy; pycaracal if the comparison with it is wanted. Sending goes into a veth
pair whose far end drops everything; rates are read from the interface's counter, between 5 and 95 %
of the packets, so that no start-up time counts. Runs alternate; the table gives medians, and ratios
where there is a peer.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import netlab
from tests.lab.command import CHECKOUT, command_line
from tests.lab.flood import flooding
from tests.lab.namespaces import inside_namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SOURCE, _SINK, _TARGET = "192.0.2.1", "192.0.2.2", "203.0.113.9"
_PROBES = 400_000
_QUEUED = 40_000
_FLOOD, _FLOOD_PPS = 300_000, 300_000


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with _link() as namespace:
        _sending(namespace, runs)
        _receiving(namespace, runs)
    _answered(runs)
    _pacing()
    _flooded(runs)


@contextmanager
def _link() -> Iterator[str]:
    """A namespace whose only neighbour drops what it sends; the neighbour's is NAME-far."""
    near = f"pt{os.getpid()}w"
    far = f"{near}-far"
    commands = [
        f"netns add {near}",
        f"netns add {far}",
        f"link add w0 netns {near} type veth peer name w0 netns {far}",
        f"-n {near} addr add {_SOURCE}/24 dev w0",
        f"-n {near} link set w0 up",
        f"-n {far} addr add {_SINK}/24 dev w0",
        f"-n {far} link set w0 up",
        f"-n {near} route add default via {_SINK}",
    ]
    try:
        for command in commands:
            subprocess.run(["ip", *command.split()], check=True)
        for name in (near, far):  # its own packets would be counted
            subprocess.run(
                ["ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"],
                check=True,
            )
        for namespace, other, address in ((near, far, _SINK), (far, near, _SOURCE)):
            link = subprocess.run(
                ["ip", "-n", other, "-json", "link", "show", "w0"],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            hardware = json.loads(link.stdout)[0]["address"]
            subprocess.run(
                [
                    "ip",
                    "-n",
                    namespace,
                    "neigh",
                    "replace",
                    address,
                    "lladdr",
                    hardware,
                    "dev",
                    "w0",
                ],
                check=True,
            )
        rules = (
            "add table netdev sink; "
            "add chain netdev sink in { type filter hook ingress device w0 priority 0; }; "
            "add rule netdev sink in ip daddr 203.0.113.9 drop"
        )
        subprocess.run(["ip", "netns", "exec", far, "nft", rules], check=True)
        yield near
    finally:
        for name in (near, far):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _sending(namespace: str, runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "sender")
        source = Path(__file__).with_name("sender.c")
        subprocess.run(["gcc", "-O2", "-o", program, str(source)], check=True)
        count = str(_PROBES)
        senders = {
            "C, raw, nothing crafted": [program, _TARGET, count],
            "bulk, raw, crafted": _worker("send", _TARGET, count, "raw"),
            "bulk, frames, crafted": _worker("send", _TARGET, count, "link"),
        }
        if importlib.util.find_spec("pycaracal") is not None:
            senders["pycaracal, frames"] = _worker("pycaracal", _TARGET, count, _SOURCE, "w0")
        rates = _alternating(
            {
                name: lambda command=command: _sent_pps(namespace, command)  # type: ignore[misc]
                for name, command in senders.items()
            },
            runs,
        )
    _table("sending, packets a second", rates, "C, raw, nothing crafted")
    if "pycaracal, frames" in rates:
        ratio = rates["bulk, frames, crafted"] / rates["pycaracal, frames"]
        print(f"  frames to pycaracal: {ratio:.2f} (wanted 1.3)")
    ratio = rates["bulk, raw, crafted"] / rates["C, raw, nothing crafted"]
    print(f"  raw to C: {ratio:.2f} (wanted 0.9)")


def _receiving(namespace: str, runs: int) -> None:
    rates, lost = [], []
    for _ in range(runs):
        found = _receive(namespace, _QUEUED, 1.5, 0)
        rates.append(found["matched"] / found["s"])
        _check(found["matched"] == _QUEUED, found)
    for _ in range(runs):
        found = _receive(namespace, _FLOOD, 0, _FLOOD_PPS)
        lost.append(found)
    print("receiving and matching")
    print(f"  from a full ring  {statistics.median(rates):12,.0f} /s (wanted 600,000)")
    seen = [f"{run['matched']}/{run['sent']} at {run['sent'] / run['sending_s']:,.0f}/s"
            for run in lost]  # fmt: skip
    print(f"  live flood: {', '.join(seen)}; dropped {sum(run['dropped'] for run in lost)}")


def _receive(namespace: str, count: int, wait_s: float, rate_pps: float) -> dict[str, float]:
    with subprocess.Popen(
        _at(namespace, _worker("receive", _TARGET, str(count), str(wait_s))),
        stdout=subprocess.PIPE, text=True, cwd=CHECKOUT,
    ) as receiver:  # fmt: skip
        out = receiver.stdout
        _check(out is not None and out.readline() == "ready\n", "the receiver did not start")
        flooding = _run(
            f"{namespace}-far", _worker("answer", _TARGET, _SOURCE, str(count), str(rate_pps))
        )
        found: dict[str, float] = json.loads(out.read() if out is not None else "")
    return found | {"sent": flooding["sent"], "sending_s": flooding["s"]}


def _answered(runs: int) -> None:
    target = str(netlab.TARGET[4])
    with netlab.lab(netlab.diamond(4)) as lab:
        source = lab.namespace("src")
        unprivileged = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                        "--bounding-set=-all"]  # fmt: skip
        rates, swept = [], []
        for _ in range(runs):
            worker = _worker("answered", target, "30000")
            found = _run(source, [*worker[:2], *unprivileged, *worker[2:]])
            _check(found["answered"] == found["of"], found)
            rates.append(found["answered"] / found["s"])
            swept.append(_run(source, _worker("end_to_end", target, "12000", "5", "1e6")))
    print(f"unprivileged, answered: {statistics.median(rates):,.0f} /s (wanted 40,000)")
    user_us = statistics.median(1e6 * run["user_s"] / run["probes"] for run in swept)
    system_us = statistics.median(1e6 * run["system_s"] / run["probes"] for run in swept)
    share = sum(run["answered"] for run in swept) / sum(run["probes"] for run in swept)
    rate_pps = statistics.median(run["probes"] / run["s"] for run in swept)
    print(f"sweep of 5 hops, 60,000 probes, as fast as it goes: {rate_pps:,.0f} /s, "
          f"{100 * share:.3f} % answered, "
          f"user {user_us:.2f} us a probe (wanted 1.2), system {system_us:.1f}")  # fmt: skip


def _pacing() -> None:
    print("pacing: asked, found, error")
    with _link() as namespace:
        for rate_pps, count in ((10, 60), (100, 400), (1000, 4000), (10_000, 40_000),
                                (100_000, 400_000)):  # fmt: skip
            command = _worker("paced", _TARGET, str(count), str(rate_pps))
            _show_rate("sweep", rate_pps, _sent_pps(namespace, command))
        for rate_pps, queries in ((100, 2), (1000, 16), (10_000, 20)):
            for wire in ("raw", "unprivileged", "bulk"):
                options = ("-n", "-w", "0.1", "-m", "255", "-q", str(queries), "--wire", wire)
                command = command_line(_TARGET, *options, "--rate", str(rate_pps))
                _show_rate(f"paris-trace --wire {wire}", rate_pps, _sent_pps(namespace, command))


def _show_rate(what: str, asked_pps: float, found_pps: float) -> None:
    error = 100 * (found_pps / asked_pps - 1)
    print(f"  {what:32} {asked_pps:7,}  {found_pps:10,.1f}  {error:+.2f} %")


def _flooded(runs: int) -> None:
    target = netlab.TARGET[4]
    print("a trace while a neighbour sends forged answers, 100,000 a second, s (without: ratio)")
    with netlab.lab(netlab.diamond(4)) as lab:
        command = command_line(str(target), "--mda", "-n", "--seed", "1")
        calm_s = statistics.median(_taken_s(lab.at_source(*command)) for _ in range(runs))
        for kind in ("noise", "elsewhere", "tags"):
            with flooding(lab, "r1", kind, (lab.source(4), target), 100_000):
                taken_s = statistics.median(_taken_s(lab.at_source(*command)) for _ in range(runs))
            print(f"  {kind:10} {taken_s:.3f}  {taken_s / calm_s:.2f}")


def _taken_s(command: list[str]) -> float:
    began_s = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - began_s


def _sent_pps(namespace: str, command: list[str]) -> float:
    """Packets per second by the interface's counter, between 5 and 95 % of them."""
    samples: list[tuple[float, int]] = []
    with (
        inside_namespace(namespace),
        subprocess.Popen(_at(namespace, command), cwd=CHECKOUT, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL) as process,
    ):  # fmt: skip
        while process.poll() is None:
            samples.append((time.perf_counter(), _transmitted()))
            time.sleep(0.004)
        samples.append((time.perf_counter(), _transmitted()))
    begin, end = samples[0][1], samples[-1][1]
    low, high = begin + 0.05 * (end - begin), begin + 0.95 * (end - begin)
    first = next((at_s, count) for at_s, count in samples if count >= low)
    last = next((at_s, count) for at_s, count in samples if count >= high)
    return (last[1] - first[1]) / (last[0] - first[0])


def _transmitted() -> int:
    for line in Path("/proc/thread-self/net/dev").read_text().splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == "w0":
            return int(counts.split()[9])
    raise AssertionError("no interface w0")


def _alternating(kinds: dict[str, Callable[[], float]], runs: int) -> dict[str, float]:
    values: dict[str, list[float]] = {name: [] for name in kinds}
    for number in range(runs + 1):
        for name, measure in kinds.items():
            value = measure()
            if number:  # the first turn warms caches up
                values[name].append(value)
    return {name: statistics.median(found) for name, found in values.items()}


def _table(title: str, values: dict[str, float], base: str) -> None:
    print(title)
    for name, value in values.items():
        print(f"  {name:26} {value:12,.0f}  {value / values[base]:5.2f}")


def _check(holds: bool, otherwise: object) -> None:  # noqa: FBT001
    if not holds:
        raise SystemExit(f"not as it must be: {otherwise}")


def _worker(*arguments: str) -> list[str]:
    return ["env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "benchmarks.senders", *arguments]


def _at(namespace: str, command: list[str]) -> list[str]:
    return ["ip", "netns", "exec", namespace, *command]


def _run(namespace: str, command: list[str]) -> dict[str, float]:
    ran = subprocess.run(
        _at(namespace, command), capture_output=True, text=True, cwd=CHECKOUT, check=True
    )
    found: dict[str, float] = json.loads(ran.stdout)
    return found


if __name__ == "__main__":
    main()
