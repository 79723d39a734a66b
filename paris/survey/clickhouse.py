"""The statements that load a survey's folder into ClickHouse, and then views.sql on its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paris.survey import views
from paris.survey.files import LINKS, PROBES, TRACES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Views.sql means columns where an alias has the name of one, and nulls where a row has no partner.
_SETTINGS: Final = (
    "prefer_column_name_to_alias = 1", "join_use_nulls = 1",
    "create_table_empty_primary_key_by_default = 1", "output_format_json_quote_64bit_integers = 0",
)  # fmt: skip
_RUN_ID: Final = """concat(
    JSONExtractString(line, 'plan', 'source'), ' ', JSONExtractString(line, 'plan', 'destination'),
    if(JSONHas(line, 'plan', 'zone'), '%' || JSONExtractString(line, 'plan', 'zone'), ''), ' ',
    JSONExtractString(line, 'plan', 'protocol'),
    if(JSONType(line, 'plan', 'dport') IN ('Int64', 'UInt64'),
        '/' || toString(JSONExtractUInt(line, 'plan', 'dport')), ''), ' ',
    toString(toInt64(round(JSONExtractFloat(line, 'run', 'started_at_unix_s') * 1e6)))
)"""
_CLASS: Final = "Array(Tuple(vertex String, kind String))"


def statements(folder: Path) -> Iterator[str]:
    """Statements for one session, in order: the tables, their rows, and the views.

    `folder` is the survey as the engine sees it; a server reads files below its `user_files_path`.
    Every trace must have its JSON line. A line that a crash tore is left out.
    """
    lines = f"file({_quoted(folder / '**' / TRACES)}, 'LineAsString', 'line String')"
    # Slices that are not whole yet have hidden folders.
    kept = "WHERE NOT match(_path, '/[.]slice-')"
    whole = f"{kept} AND isValidJSON(line)"
    yield from (f"SET {setting}" for setting in _SETTINGS)
    yield "CREATE DATABASE IF NOT EXISTS survey"
    yield "USE survey"
    for table, pattern in (("probes", PROBES), ("links", LINKS)):
        files = _quoted(folder / "**" / pattern)
        yield f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM file({files}, 'Parquet') {kept}"
    yield (
        f"CREATE OR REPLACE TABLE traces AS SELECT {_RUN_ID} AS run_id,"
        " JSONExtractString(line, 'plan', 'destination') AS destination,"
        " JSONExtractBool(line, 'run', 'reached') AS reached,"
        f" JSONExtractString(line, 'run', 'stopped') AS stopped FROM {lines} {whole}"
    )
    yield (
        "CREATE OR REPLACE TABLE classes AS SELECT run_id, own.1 AS vertex, own.2 AS kind"
        f" FROM (SELECT {_RUN_ID} AS run_id,"
        f" arrayJoin(JSONExtract(line, 'balancers', '{_CLASS}')) AS own FROM {lines} {whole})"
    )
    yield (
        f"CREATE OR REPLACE TABLE turned AS SELECT {_RUN_ID} AS run_id,"
        " arrayJoin(JSONExtract(line, 'graph', 'route_changed', 'Array(String)')) AS vertex"
        f" FROM {lines} {whole}"
    )
    yield from views.statements()


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
