"""Opens the folder of a survey as a database: its files as tables, and views.sql on them.

Imports duckdb.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from paris.errors import FormatError, on_one_line
from paris.survey.files import LINKS, PROBES, TRACES, files

VIEWS: Final = Path(__file__).with_name("views.sql")
_MOST_OF_A_LINE: Final = 1 << 26  # bytes; the longest traces have some megabytes

_TRACES: Final = """
CREATE TABLE traces AS
SELECT
    concat(
        plan->>'source', ' ', plan->>'destination', coalesce('%' || (plan->>'zone'), ''), ' ',
        plan->>'protocol', coalesce('/' || (plan->>'dport'), ''), ' ',
        CAST(round_even(CAST(run->>'started_at_unix_s' AS DOUBLE) * 1e6, 0) AS BIGINT)
    ) AS run_id,
    plan->>'destination' AS destination, CAST(run->>'reached' AS BOOLEAN) AS reached,
    run->>'stopped' AS stopped, balancers, facts,
    graph->'route_changed' AS route_changed
FROM read_json(
    $files, format = 'newline_delimited', ignore_errors = true, maximum_object_size = $most,
    columns = {plan: 'JSON', run: 'JSON', balancers: 'JSON', facts: 'JSON',
        graph: 'JSON'}
)
WHERE plan IS NOT NULL AND run IS NOT NULL;
"""
_NO_TRACES: Final = """
CREATE TABLE traces (
    run_id VARCHAR, destination VARCHAR, reached BOOLEAN, stopped VARCHAR, balancers JSON,
    facts JSON, route_changed JSON
);
"""
_OF_TRACES: Final = """
CREATE TABLE classes AS
SELECT run_id, own.vertex AS vertex, own.kind AS kind
FROM (
    SELECT run_id, unnest(from_json(balancers, '[{"vertex": "VARCHAR", "kind": "VARCHAR"}]')) AS own
    FROM traces
);
CREATE TABLE turned AS
SELECT run_id, unnest(from_json(route_changed, '["VARCHAR"]')) AS vertex FROM traces;
CREATE TABLE networks AS
SELECT own.key AS addr, max(own.value->>'$') AS network
FROM traces, json_each(traces.facts, '$.asn') AS own
GROUP BY own.key;
"""


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection to the tables and views of a survey; see views.sql.

    Files that a running survey has not finished are left out. Without the JSON lines of a trace, a
    vertex at which its route changed looks like a balancer. Raises FormatError if the folder has no
    rows, or if a file cannot be read.
    """
    probes, links = files(folder, PROBES), files(folder, LINKS)
    if not probes or not links:
        raise FormatError(
            f"{folder} is not the folder of a survey: it has no finished Parquet part"
        )
    traces = files(folder, TRACES)
    database = duckdb.connect()
    try:
        # The probes stay in their files: they are most of a survey, and few questions need them.
        database.read_parquet(probes).create_view("probes")
        database.read_parquet(links).create("links")
        if traces:
            database.execute(_TRACES, {"files": traces, "most": _MOST_OF_A_LINE})
        else:
            database.execute(_NO_TRACES)
        database.execute(_OF_TRACES)
        database.execute(VIEWS.read_text())
    except duckdb.Error as error:
        database.close()
        raise FormatError(f"{folder} cannot be read: {on_one_line(str(error))}") from None
    return database
