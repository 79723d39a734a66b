"""Gives every reader many changed inputs, and counts those that it neither accepts nor refuses.

    python -m benchmarks.fuzz [INPUTS_PER_READER [SEED [PROCESSES]]]

Prints a row for each reader of `tests/fuzz/readers.py`: inputs tried, failures, and the longest
processor time that an input took. Writes what failed into a temporary folder. See also
docs/robustness.md.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from tests.fuzz.readers import FOUND, PROCESS, READERS, fault

_ROWS: Final = (*READERS, *FOUND, PROCESS)
_BATCH: Final = 250
_SLOW_S: Final = 10.0  # of the processor: a reader that takes so long for an input is at fault
# Inputs for each: packets take microseconds, and a trace that is drawn takes many milliseconds.
_INPUTS: Final = {
    "process": 80,
    "trace": 3_500,
    "comparison": 500,
    "difference": 500,
    "capture": 4_000,
    "warts": 2_500,
    "scamper-json": 2_500,
    "atlas": 2_500,
    "caracal": 2_500,
    "dublin": 2_500,
    "packets": 2_500,
    "topology": 6_000,
    "table": 8_000,
    "rounds": 500,
    "own-options": 4_000,
    "variable": 4_000,
    "command-line": 3_000,
    "replies": 90_000,
    "quotes": 70_000,
    "extensions": 60_000,
    **{row.name: 100_000 for row in FOUND},
}


class Tried(NamedTuple):
    """What came of a batch."""

    name: str
    tried: int
    faults: list[tuple[str, bytes]]
    longest_s: float


def batch(name: str, seed: int, inputs: int) -> Tried:
    """Give a reader so many inputs."""
    reader = next(row for row in _ROWS if row.name == name)
    random = Random(f"{name} {seed}")
    faults, longest_s = [], 0.0
    for _ in range(inputs):
        data = reader.mutated(random)
        began_s = time.process_time()
        said = fault(reader, data)
        took_s = time.process_time() - began_s
        longest_s = max(longest_s, took_s)
        if said is None and took_s > _SLOW_S:
            said = f"took {took_s:.0f} s"
        if said is not None:
            faults.append((said, data))
    return Tried(name, inputs, faults, longest_s)


def main(arguments: list[str]) -> int:
    """Run all batches and print the table; returns 1 if any input failed."""
    most = int(arguments[0]) if arguments else max(_INPUTS.values())
    first = int(arguments[1]) if len(arguments) > 1 else 1
    processes = int(arguments[2]) if len(arguments) > 2 else None
    folder = Path(tempfile.mkdtemp(prefix="fuzz-faults-"))
    totals = {row.name: Tried(row.name, 0, [], 0.0) for row in _ROWS}
    with ProcessPoolExecutor(processes) as pool:
        running = [
            pool.submit(batch, name, first + begin, min(_BATCH, inputs - begin, most - begin))
            for name, inputs in _INPUTS.items()
            for begin in range(0, min(inputs, most), _BATCH)
        ]
        for done in as_completed(running):
            part = done.result()
            known = totals[part.name]
            totals[part.name] = Tried(
                part.name,
                known.tried + part.tried,
                known.faults + part.faults,
                max(known.longest_s, part.longest_s),
            )
            for said, data in part.faults:
                print(f"{part.name}: {said[:300]}", file=sys.stderr, flush=True)
                (folder / f"{part.name}-{sha256(data).hexdigest()[:12]}").write_bytes(data)
    print("| reader | inputs tried | failed | longest, CPU s |\n|---|---|---|---|")
    for own in totals.values():
        print(f"| {own.name} | {own.tried:,} | {len(own.faults)} | {own.longest_s:.2f} |")
    tried = sum(own.tried for own in totals.values())
    failed = sum(len(own.faults) for own in totals.values())
    print(f"| together | {tried:,} | {failed} | |")
    if failed:
        print(f"the inputs that failed are in {folder}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
