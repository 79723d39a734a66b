"""Reads archives of scamper, and compares the speed with scamper-pywarts'.

    pip install scamper-pywarts
    python -m benchmarks.archives

Prints replies read per second of the processor, each in another process: traces are listed, their
replies read into columns, or their records made; of JSON also how far Python's own parser gets.
Then prints the most memory that a process takes for 100 MB of warts. See
RESULTS.md.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

import paris
from paris import replay

if TYPE_CHECKING:
    from collections.abc import Callable

_GOLDEN: Final = Path(__file__).parents[1] / "tests" / "data" / "warts"
_STEM: Final = "trace-udp-paris-Q"
_REPLIES: Final = 15  # in each of its traces
_TRACE: Final = 6  # the type of its record
_TRACES: Final = 3_000
_LARGE_BYTES: Final = 100_000_000
_RUNS: Final = 5
_EVERY: Final = 100  # traces of the large archive, of which the record is made


def _records() -> bytes:
    """The record of the trace in the file, without those before and behind it."""
    data, at = (_GOLDEN / f"{_STEM}.warts").read_bytes(), 0
    while int.from_bytes(data[at + 2 : at + 4]) != _TRACE:
        at += 8 + int.from_bytes(data[at + 4 : at + 8])
    return data[at : at + 8 + int.from_bytes(data[at + 4 : at + 8])]


def _line() -> bytes:
    """The line of the trace in the file of JSON."""
    return (_GOLDEN / f"{_STEM}.json").read_bytes().splitlines()[1] + b"\n"


def _by_pywarts(file: str) -> int:
    import warts
    from warts.traceroute import Traceroute

    replies, stream = 0, io.BytesIO(Path(file).read_bytes())
    while (record := warts.parse_record(stream)) is not None:
        replies += len(record.hops) if isinstance(record, Traceroute) else 0
    return replies


def _listed(file: str) -> int:
    return _REPLIES * sum(1 for _ in replay.listed(file))


def _in_columns(file: str) -> int:
    return sum(len(hops.traces) for hops in paris.hops(file))


def _parsed(file: str) -> int:
    with Path(file).open("rb") as lines:
        return sum(len(json.loads(line)["hops"]) for line in lines)


def _made(file: str) -> int:
    return sum(len(found.record().outcomes) for found in replay.listed(file))


def _per_second(read: Callable[[str], int], file: str) -> float:
    """Replies per second of the processor, in the quickest of several runs."""
    took_s = []
    for _ in range(_RUNS):
        began_s = time.process_time()
        replies = read(file)
        took_s.append(time.process_time() - began_s)
        if replies != _REPLIES * _TRACES:
            raise ValueError(f"{replies} replies in {file}")
    return _REPLIES * _TRACES / min(took_s)


def _peak_mb(file: str) -> float:
    """The most memory that this process took to list all traces, and make some records in turn."""
    for number, found in enumerate(replay.listed(file)):
        if number % _EVERY == 0:
            found.record()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> int:
    """Print the tables; returns 0."""
    fresh = get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(1, mp_context=fresh, max_tasks_per_child=1) as pool,
    ):
        archive, lines, large = (str(Path(folder) / name) for name in ("warts", "json", "large"))
        Path(archive).write_bytes(_records() * _TRACES)
        Path(lines).write_bytes(_line() * _TRACES)
        print("| reads | replies per second | to scamper-pywarts |\n|---|---|---|")
        first = 0.0
        for words, read, file in (
            ("scamper-pywarts, warts", _by_pywarts, archive),
            ("warts, listed", _listed, archive),
            ("warts, columns", _in_columns, archive),
            ("warts, records", _made, archive),
            ("scamper JSON, `json.loads` alone", _parsed, lines),
            ("scamper JSON, listed", _listed, lines),
            ("scamper JSON, records", _made, lines),
        ):
            rate = pool.submit(_per_second, read, file).result()
            first = first or rate
            print(f"| {words} | {rate:,.0f} | {rate / first:.2f} |", flush=True)
        record = _records()
        with Path(large).open("wb") as stream:
            for _ in range(_LARGE_BYTES // len(record)):
                stream.write(record)
        peak = pool.submit(_peak_mb, large).result()
        print(f"\n100 MB of warts: at most {peak:.0f} MB of memory")
    return 0


if __name__ == "__main__":
    sys.exit(main())
