"""Opens the folder of a survey as a database: its files as tables, and views.sql on them.

All that views.sql says is of one trace at a time. So it is asked of some parts of the survey after
the others, which bounds the memory, and only what is asked for later is kept. Imports duckdb.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from paris.errors import FormatError, on_one_line
from paris.survey import views
from paris.survey.files import LINKS, PROBES, TRACES, files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_MEMORY: Final = "1GB"  # what is more goes to files below TMPDIR
_MOST_THREADS: Final = 4  # each has memory for the lines that it reads
_MOST_OF_A_LINE: Final = 1 << 26  # bytes; the longest traces have some megabytes
_LINKS_AT_A_TIME: Final = 200_000
_LINES_AT_A_TIME: Final = 1 << 28  # bytes
_KEPT: Final = ("vertices", "diamonds")  # of the tables of views.sql

_EMPTY: Final = """
CREATE TABLE traces (run_id VARCHAR, destination VARCHAR, reached BOOLEAN, stopped VARCHAR);
CREATE TABLE classes (run_id VARCHAR, vertex VARCHAR, kind VARCHAR);
CREATE TABLE turned (run_id VARCHAR, vertex VARCHAR);
CREATE TABLE networks (addr VARCHAR PRIMARY KEY, network VARCHAR);
"""
_READ: Final = """
CREATE OR REPLACE TEMP TABLE lines AS
SELECT
    concat(
        plan->>'source', ' ', plan->>'destination', coalesce('%' || (plan->>'zone'), ''), ' ',
        plan->>'protocol', coalesce('/' || (plan->>'dport'), ''), ' ',
        CAST(round_even(CAST(run->>'started_at_unix_s' AS DOUBLE) * 1e6, 0) AS BIGINT)
    ) AS run_id,
    plan->>'destination' AS destination, CAST(run->>'reached' AS BOOLEAN) AS reached,
    run->>'stopped' AS stopped, balancers, facts->'asn' AS asn,
    graph->'route_changed' AS route_changed
FROM read_json(
    $files, format = 'newline_delimited', ignore_errors = true, maximum_object_size = $most,
    columns = {plan: 'JSON', run: 'JSON', balancers: 'JSON', facts: 'JSON',
        graph: 'JSON'}
)
WHERE plan IS NOT NULL AND run IS NOT NULL;
"""
_TAKE: Final = """
INSERT INTO traces SELECT run_id, destination, reached, stopped FROM lines;
INSERT INTO classes SELECT run_id, own.vertex, own.kind
FROM (
    SELECT run_id, unnest(from_json(balancers, '[{"vertex": "VARCHAR", "kind": "VARCHAR"}]')) AS own
    FROM lines
);
INSERT INTO turned SELECT run_id, unnest(from_json(route_changed, '["VARCHAR"]')) FROM lines;
INSERT INTO networks
SELECT own.key, max(own.value->>'$') FROM lines, json_each(lines.asn) AS own GROUP BY own.key
ON CONFLICT DO UPDATE SET network = greatest(network, excluded.network);
"""


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection to the tables and views of a survey; see views.sql.

    Its tables are probes, links, vertices and diamonds, and of the JSON lines traces, classes,
    turned and networks. Files that a running survey has not finished are left out. Without the JSON
    line of a trace, a vertex at which its route changed looks like a balancer. Raises FormatError
    if the folder has no rows, or if a file cannot be read.
    """
    probes, links = files(folder, PROBES), files(folder, LINKS)
    if not probes or not links:
        raise FormatError(
            f"{folder} is not the folder of a survey: it has no finished Parquet part"
        )
    database = duckdb.connect(config={
        "memory_limit": _MOST_MEMORY,
        "threads": min(_MOST_THREADS, os.cpu_count() or 1),
        "temp_directory": str(Path(tempfile.gettempdir()) / f"paris-{secrets.token_hex(8)}"),
        "preserve_insertion_order": False,
    })  # fmt: skip
    try:
        # The rows stay in their files: they are most of a survey, and few questions need them.
        database.read_parquet(probes).create_view("probes")
        database.read_parquet(links).create_view("links")
        # A notebook without its widgets has no bar, and refuses to have none.
        with suppress(duckdb.InvalidInputException):
            database.execute("SET enable_progress_bar = false")
        database.execute(_EMPTY)
        for own in _up_to(_LINES_AT_A_TIME, _sizes(files(folder, TRACES))):
            database.execute(_READ, {"files": own, "most": _MOST_OF_A_LINE})
            database.execute(_TAKE)
        database.execute("DROP TABLE IF EXISTS lines")
        _take_views(database, links)
    except duckdb.Error as error:
        database.close()
        raise FormatError(f"{folder} cannot be read: {on_one_line(str(error))}") from None
    return database


def _take_views(database: duckdb.DuckDBPyConnection, links: list[str]) -> None:
    """Make the tables that are kept and the views, of some files of links after the others."""
    statements = views.statements()
    for number, own in enumerate(_up_to(_LINKS_AT_A_TIME, _rows(database, links))):
        database.execute("CREATE SCHEMA part; SET search_path = 'part,main'")
        database.read_parquet(own).create_view("links")
        for statement in statements:
            database.execute(statement)
        for table in _KEPT:
            into = "INSERT INTO" if number else "CREATE TABLE"
            as_ = "" if number else "AS"
            database.execute(f"{into} main.{table} {as_} SELECT * FROM part.{table}")
        database.execute("SET search_path = 'main'; DROP SCHEMA part CASCADE")
    for statement in statements:
        if statement.startswith("CREATE OR REPLACE VIEW"):
            database.execute(statement)


def _sizes(names: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each file with its bytes."""
    return ((name, Path(name).stat().st_size) for name in names)


def _rows(database: duckdb.DuckDBPyConnection, names: list[str]) -> list[tuple[str, int]]:
    """Each Parquet file with its rows."""
    query = "SELECT file_name, num_rows FROM parquet_file_metadata($names) ORDER BY file_name"
    return database.execute(query, {"names": names}).fetchall()


def _up_to(most: int, sized: Iterable[tuple[str, int]]) -> Iterator[list[str]]:
    """Groups of files whose sizes add up to no more than `most`, or of one file.

    >>> list(_up_to(5, [("a", 3), ("b", 2), ("c", 9), ("d", 1)]))
    [['a', 'b'], ['c'], ['d']]
    """
    group, total = list[str](), 0
    for name, size in sized:
        if group and total + size > most:
            yield group
            group, total = [], 0
        group.append(name)
        total += size
    if group:
        yield group
