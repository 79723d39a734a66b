"""Memory of a whole process that watches a simulated network, as the rounds pass.

    python -m benchmarks.endless [ROUNDS [NETWORK...]]

The network answers in virtual time, so 100,000 rounds of one path take two minutes, and those of
16 paths a quarter of an hour. Needs no privilege.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from paris.errors import ExitCode

_NETWORKS: Final = ("plain", "udp-service", "lossy", "sixteen-way")
_MARKS: Final = (1, 100, 1_000, 10_000, 20_000, 50_000, 100_000)


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _MARKS[-1]
    marks = [mark for mark in _MARKS if mark <= rounds]
    heads = " | ".join(f"{mark:,}" for mark in marks)
    print(f"| MB after so many rounds | {heads} |\n|---{'|---' * len(marks)}|")
    for network in sys.argv[2:] or _NETWORKS:
        used_kb = _used_kb(network, rounds)
        print(f"| {network} | {' | '.join(f'{used_kb[mark] / 1000:.1f}' for mark in marks)} |")


def _used_kb(network: str, rounds: int) -> dict[int, int]:
    """The resident memory of one process after each round that is marked."""
    used_kb: dict[int, int] = {}
    command = [
        sys.executable, "-m", "paris", "--no-config", "--mda", "--sim", network,
        "--watch", "--count", str(rounds), "--jsonl", "-", "--no-progress",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for number, _ in enumerate(process.stdout or ()):  # the first line is of the beginning
            if number in _MARKS:
                used_kb[number] = _resident_kb(process.pid)
    if process.returncode != ExitCode.REACHED:
        raise SystemExit(f"{network}: exit code {process.returncode}")
    return used_kb


def _resident_kb(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


if __name__ == "__main__":
    main()
