"""Paths with a far, slow or silent hop, in real time: which programs reach the destination.

    python -m benchmarks.far_paths

Needs root, scamper, traceroute and mtr. Runs whole processes with their defaults. Prints how many
of the six hops each program shows, and the seconds that it takes.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.command import command_line
from tests.lab.emulator import emulated

if TYPE_CHECKING:
    from tests.lab.emulator import Emulator

_TARGET = "203.0.113.9"
_HOPS = 6
_NETWORK = """\
source: 192.0.2.1
destination: {{address: 203.0.113.9}}
routers:
  r1: {{interfaces: [198.51.100.1]}}
  r2: {{interfaces: [198.51.100.2]}}
  r3: {{interfaces: [198.51.100.3], {r3}}}
  r4: {{interfaces: [198.51.100.4]}}
  r5: {{interfaces: [198.51.100.5]}}
paths:
  - source -> r1 -> r2 -> r3 -> r4 -> r5 -> destination
"""
_PATHS = {
    "near": "delay_ms: 1",
    "+100 ms from hop 3": "delay_ms: 100",
    "+300 ms from hop 3": "delay_ms: 300",
    "+800 ms from hop 3": "delay_ms: 800",
    "+1.5 s from hop 3": "delay_ms: 1500",
    "+4 s from hop 3": "delay_ms: 4000",
    "hop 3 answers 0.3 s late": "answers_after_ms: 300",
    "hop 3 answers 1.5 s late": "answers_after_ms: 1500",
    "hop 3 is silent": "silent: true",
}
_PROGRAMS = {
    "paris-trace": command_line(_TARGET, "-n"),
    "--mda": command_line(_TARGET, "-n", "--mda"),
    "traceroute": ["traceroute", "-n", _TARGET],
    "scamper trace": ["scamper", "-c", "trace", "-i", _TARGET],
    "tracelb": ["scamper", "-c", "tracelb", "-i", _TARGET],
    "mtr": ["mtr", "-n", "-r", "-c", "3", _TARGET],
}
_ADDRESS = re.compile(r"\b(?:198\.51\.100\.\d+|203\.0\.113\.9)\b")


def _run(network: Emulator, command: list[str]) -> str:
    """The number of hops that a program shows, and its seconds."""
    began_s = time.perf_counter()
    ran = subprocess.run(
        network.at_source(*command), capture_output=True, text=True, check=False, timeout=300
    )
    seconds = time.perf_counter() - began_s
    body = ran.stdout.partition("\n")[2]  # the first line names the target
    return f"{len(set(_ADDRESS.findall(body)))} of {_HOPS} {seconds:5.1f} s"


def main() -> None:
    """Trace and print."""
    print(f"{'':26}" + "".join(f"{name:>17}" for name in _PROGRAMS))
    for name, answering in _PATHS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "path.yaml"
            path.write_text(_NETWORK.format(r3=answering))
            with emulated(str(path)) as network:
                cells = [_run(network, command) for command in _PROGRAMS.values()]
        print(f"{name:26}" + "".join(f"{cell:>17}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
