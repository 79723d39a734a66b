"""What a large survey costs to keep and to ask.

    python -m benchmarks.large_surveys FOLDER [PROBES]

Traces 1,022 destinations of a simulated internet with `--mda` into FOLDER, and repeats their parts
under other names until there are PROBES rows (10,000,000). Of a repeated trace the destination, the
times and the IP IDs of replies are others, and it has its line of JSON. Then prints what the files
take, and the time and memory of the queries, each in another process. See docs/large-surveys.md.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from ipaddress import IPv4Address
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import duckdb
import pyarrow.parquet as pq

from paris.cli.survey import main as survey
from paris.formats import links_parquet, probes_parquet
from paris.survey.database import connect
from paris.survey.files import LINKS, PROBES, TRACES, files
from paris.survey.report import report

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_TARGETS: Final = "10.0.0.0/22"
_PROBES: Final = 10_000_000
_APART_S: Final = 86_400  # between the repetitions
_QUESTIONS: Final = {
    "replies and losses of all probes": "SELECT count(*), count(reply_src_addr) FROM probes",
    "median round trip by TTL": "SELECT probe_ttl, median(rtt_us) FROM probes GROUP BY ALL",
    "the ten addresses in the most traces": "SELECT addr, count(DISTINCT run_id) AS n FROM paths"
    " GROUP BY addr ORDER BY n DESC LIMIT 10",
    "widths of all diamonds": "SELECT max_width, count(*) FROM diamonds GROUP BY ALL",
}


def _repeat(first: Path, folder: Path, number: int) -> None:
    """Write all parts of a survey once more, as if other destinations had been traced later."""
    shift = number * 1024
    values = duckdb.connect()
    values.execute(
        "CREATE MACRO other(own) AS concat_ws('.', split_part(own, '.', 1), CAST(split_part(own,"
        f" '.', 2) AS INT) + {shift >> 16}, CAST(split_part(own, '.', 3) AS INT) +"
        f" {shift >> 8 & 255}, split_part(own, '.', 4))"
    )
    values.execute(
        "CREATE MACRO name(own) AS concat_ws(' ', split_part(own, ' ', 1), other(split_part(own,"
        " ' ', 2)), split_part(own, ' ', 3), CAST(split_part(own, ' ', 4) AS BIGINT)"
        f" + {number * _APART_S * 1_000_000})"
    )
    later = f"to_seconds({number * _APART_S})"
    changes = {
        "probes": "name(run_id) AS run_id, other(probe_dst_addr) AS probe_dst_addr,"
        f" tx_time + {later} AS tx_time, rx_time + {later} AS rx_time,"
        f" CAST(hash(tx_time, flow_id, {number}) % 65536 AS USMALLINT) AS reply_ip_id",
        "links": "name(run_id) AS run_id",
    }
    for table, schema in (("probes", probes_parquet.SCHEMA), ("links", links_parquet.SCHEMA)):
        for part, file in enumerate(files(first, f"{table}-*.parquet")):
            query = f"SELECT * REPLACE ({changes[table]}) FROM read_parquet(?)"
            rows = values.sql(query, params=[file]).to_arrow_table().cast(schema)
            pq.write_table(
                rows, folder / f"{table}-{number:05}{part:02}.parquet", compression="zstd"
            )
    for part, file in enumerate(files(first, TRACES)):
        with (folder / f"traces-{number:05}{part:02}.jsonl").open("w") as lines:
            for line in Path(file).read_text().splitlines():
                trace = json.loads(line)
                destination = IPv4Address(trace["plan"]["destination"]) + shift
                trace["plan"]["destination"] = str(destination)
                trace["run"]["started_at_unix_s"] += number * _APART_S
                lines.write(json.dumps(trace, separators=(",", ":"), ensure_ascii=False) + "\n")


def _measured(work: Callable[[], _T]) -> tuple[_T, float, float]:
    began_s, cpu_s = time.perf_counter(), time.process_time()
    found = work()
    return found, time.perf_counter() - began_s, time.process_time() - cpu_s


def _rows(database: duckdb.DuckDBPyConnection, question: str) -> list[tuple[object, ...]]:
    return database.execute(question).fetchall()


def _ask(folder: Path) -> None:
    database, elapsed_s, cpu_s = _measured(lambda: connect(folder))
    _say("opening it", elapsed_s, cpu_s)
    for name, question in _QUESTIONS.items():
        _say(name, *_measured(partial(_rows, database, question))[1:])
    counts = {
        name: database.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
        for name in ("probes", "traces", "links", "diamonds")
    }
    print(counts, flush=True)


def _report(folder: Path) -> None:
    _say("a whole report", *_measured(lambda: report(folder))[1:])


def _say(what: str, elapsed_s: float, cpu_s: float) -> None:
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{what}: {elapsed_s:.2f} s ({cpu_s:.2f} s of CPU), peak {peak_mb:.0f} MB", flush=True)


def _size(folder: Path, pattern: str) -> int:
    return sum(Path(file).stat().st_size for file in files(folder, pattern))


def main(folder: Path, most: int) -> None:
    """Make the folder unless it is there, and measure."""
    first = folder.with_name(f"{folder.name}-first")
    if not first.exists():
        survey([_TARGETS, "--mda", "--sim", "internet:1", "--seed", "5", "--rate", "20000",
                "--no-progress", "-o", str(first)])  # fmt: skip
    if not folder.exists():
        rows = duckdb.connect().read_parquet(files(first, PROBES)).count("*").fetchall()[0][0]
        folder.mkdir()
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:
            repeat = partial(_repeat, first, folder)
            list(processes.map(repeat, range(-(-most // rows))))
    probes = duckdb.connect().read_parquet(files(folder, PROBES)).count("*").fetchall()[0][0]
    for name, pattern in (("probes", PROBES), ("links", LINKS), ("JSON lines", TRACES)):
        print(f"{name}: {_size(folder, pattern) / probes:.2f} bytes per probe", flush=True)
    for work in (_ask, _report):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            process.submit(work, folder).result()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else _PROBES)
