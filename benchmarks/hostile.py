"""Traces through networks with one hostile responder each: what was tried, and what failed.

    python -m benchmarks.hostile [PART]

Needs root, for network namespaces. Prints a table in Markdown: for each IP version and wire the
responders that were tried, those that failed, and the longest trace, with the time to set up its
network; then every failure. PART selects responders by a part of their name. Exits with 1 if any
failed.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.lab.hostile import RESPONDERS, WIRES, faults

_AT_ONCE = 3


def main() -> int:
    """Run and print."""
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    every: list[str] = []
    print("| IP | wire | responders | failed | longest |\n|---|---|---|---|---|")
    kinds = [(part, version, wire) for version in (4, 6) for wire in WIRES]
    with ProcessPoolExecutor(_AT_ONCE) as pool:
        for row, failed in pool.map(_tried, kinds):
            print(row, flush=True)
            every += failed
    print("\n".join(["", *every]))
    return 1 if every else 0


def _tried(kind: tuple[str, int, str]) -> tuple[str, list[str]]:
    """The row of the table for an IP version and a wire, and what failed."""
    part, version, wire = kind
    chosen = [responder for responder in RESPONDERS if part in responder.name]
    failed: dict[str, list[str]] = {}
    longest_s = 0.0
    for responder in chosen:
        began_s = time.monotonic()
        if found := faults([responder], version, wire):
            failed[responder.name] = found
        longest_s = max(longest_s, time.monotonic() - began_s)
    row = f"| {version} | {wire} | {len(chosen)} | {len(failed)} | {longest_s:.0f} s |"
    return row, [
        f"IPv{version}, {wire}, {name}: {fault}"
        for name, found in failed.items()
        for fault in found
    ]


if __name__ == "__main__":
    sys.exit(main())
