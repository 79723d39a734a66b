"""The report of a survey says of its traces what our own analysis of each trace says."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

import paris
from mda.answers.dag import in_order
from mda.findings.diamond_metrics import Metrics, metrics
from paris.cli.report import report as command
from paris.errors import ExitCode, FormatError, SettingsError
from paris.formats import links_parquet, native, probes_parquet
from paris.formats.parquet import run_id
from paris.formats.studies_json import vertex_id
from paris.outputs import survey_report
from paris.survey import clickhouse
from paris.survey.database import connect
from paris.survey.report import METRICS, report
from tests.support.scamper import KINDS, multipath

if TYPE_CHECKING:
    from pathlib import Path

    from mda.trace import Trace

# What the view of diamonds has of the metrics.
COLUMNS = (
    "max_width", "max_length", "min_length", "length_asymmetry", "width_asymmetry", "meshed_ratio",
    "max_meshing", "paths",
)  # fmt: skip
QUERY = (
    f"SELECT {', '.join(('run_id', 'divergence', 'convergence', *COLUMNS))}"
    " FROM diamonds ORDER BY run_id, divergence"
)


@pytest.fixture(scope="module")
def traces() -> list[Trace]:
    found = [multipath(kind) for kind in KINDS]
    # What a change of the route opens looks like a diamond in the links alone.
    found.append(paris.trace(network="route-change", multipath=True, seed=1))
    return [trace.replace(started_at_unix_s=1.7e9 + number) for number, trace in enumerate(found)]


@pytest.fixture(scope="module")
def folder(traces: list[Trace], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A survey of two parts, whose last line was torn by a crash."""
    made = tmp_path_factory.mktemp("survey")
    half = len(traces) // 2
    for part, own in enumerate((traces[:half], traces[half:])):
        (made / f"probes-{part:05}.parquet").write_bytes(b"".join(probes_parquet.stream(own)))
        (made / f"links-{part:05}.parquet").write_bytes(b"".join(links_parquet.stream(own)))
        lines = [json.dumps(native.document(trace)) + "\n" for trace in own]
        (made / f"traces-{part:05}.jsonl").write_text("".join(lines))
    with (made / "traces-00001.jsonl").open("a") as stream:
        stream.write('{"format": "paris-trace", "version": 1, "plan": {"hos')
    return made


def analysed(traces: list[Trace]) -> dict[tuple[str, str], tuple[str, Metrics]]:
    """The convergence and metrics of each diamond, by trace and divergence."""
    return {
        (run_id(trace), vertex_id(own.divergence)): (
            "" if own.convergence is None else vertex_id(own.convergence),
            metrics(trace.dag, own),
        )
        for trace in traces
        for own in trace.diamonds
    }


def clickhouse_rows(folder: Path) -> list[list[object]]:
    """What ClickHouse finds in the folder."""
    from chdb.session import Session

    session = Session()
    for statement in clickhouse.statements(folder):
        session.query(statement)
    lines = str(session.query(QUERY, "JSONCompactEachRow")).splitlines()
    session.close()
    return [json.loads(line) for line in lines]


def test_sql_finds_the_diamonds_of_our_analysis(traces: list[Trace], folder: Path) -> None:
    database = connect(folder)
    columns = ", ".join(COLUMNS)
    rows = database.execute(
        f"SELECT run_id, divergence, convergence, {columns} FROM diamonds"
    ).fetchall()
    found = {(row[0], row[1]): (row[2], dict(zip(COLUMNS, row[3:], strict=True))) for row in rows}
    wanted = {
        key: (end, {column: asdict(own)[column] for column in COLUMNS})
        for key, (end, own) in analysed(traces).items()
    }
    assert len(rows) == len(wanted) > len(KINDS) / 2
    assert found == wanted


def test_the_report_counts_what_the_traces_have(traces: list[Trace], folder: Path) -> None:
    found = report(folder)
    assert (found.traces, found.unfinished) == (len(traces), 0)
    assert found.reached == sum(trace.reached for trace in traces)
    assert found.probes == sum(len(trace.outcomes) for trace in traces)
    branching = [
        (run_id(trace), vertex, degree)
        for trace in traces
        for vertex in in_order(trace.dag)
        if (degree := trace.dag.out_degree(vertex)) >= 2 and vertex not in trace.turned
    ]
    assert found.balancers == len(branching)
    assert found.traces_with_balancer == len({name for name, _, _ in branching})
    assert dict(found.successors) == Counter(degree for _, _, degree in branching)
    ours = [own for _, own in analysed(traces).values()]
    assert found.diamonds == len(ours)
    assert found.meshed == sum(own.meshed_ratio > 0 for own in ours)
    for metric in METRICS:
        assert dict(found.metrics[metric]) == Counter(asdict(own)[metric] for own in ours)


def test_classes_and_networks_come_from_the_json_lines(folder: Path, tmp_path: Path) -> None:
    line = json.loads((folder / "traces-00000.jsonl").read_text().splitlines()[0])
    vertex = next(edge["from"] for edge in line["graph"]["edges"] if "@0" not in edge["from"])
    line["facts"] = {"asn": {vertex.partition("@")[0]: "AS64500 EXAMPLE"}}
    for file in folder.glob("*-00000.parquet"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "traces-00000.jsonl").write_text(json.dumps(line) + "\n")
    found = report(tmp_path)
    assert found.networks == (("AS64500 EXAMPLE", 1),)
    wanted = Counter(own["kind"] for own in line["balancers"])
    classes = dict(found.classes)
    assert {kind: classes[kind] for kind in wanted} == wanted
    assert sum(classes.values()) == found.balancers


def test_rows_without_json_lines_are_reported_too(folder: Path, tmp_path: Path) -> None:
    for file in folder.glob("*.parquet"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    bare, whole = report(tmp_path), report(folder)
    assert bare.reached is None
    assert (bare.without_lines, whole.without_lines) == (whole.traces, 0)
    said = "no JSON line: changes of the route count as balancers"
    assert said in survey_report.text(bare)
    assert said not in survey_report.text(whole)
    assert bare.diamonds == whole.diamonds + 1  # which only the JSON lines know for a change


def test_a_finished_trace_without_rows_is_counted(folder: Path, tmp_path: Path) -> None:
    for file in (*folder.glob("*-00000.*"), *folder.glob("traces-*")):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert report(tmp_path).unfinished == report(folder).traces - report(tmp_path).traces > 0


def test_slices_are_read_as_one_survey(folder: Path, tmp_path: Path) -> None:
    for part, name in enumerate(("slice-00000", "slice-00001", ".slice-00001-1")):
        (tmp_path / name).mkdir()
        for file in folder.glob(f"*-{min(part, 1):05}.*"):
            (tmp_path / name / file.name).write_bytes(file.read_bytes())
    assert report(tmp_path) == report(folder)
    assert clickhouse_rows(tmp_path) == clickhouse_rows(folder) != []


def test_clickhouse_reads_the_same_sql_and_finds_the_same(folder: Path) -> None:
    theirs = clickhouse_rows(folder)
    assert theirs == [list(row) for row in connect(folder).execute(QUERY).fetchall()] != []


def test_the_command_prints_tables_and_writes_a_page(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command([str(folder)]) == ExitCode.REACHED
    found, text = report(folder), capfd.readouterr().out
    assert f"diamonds, counted in each trace  {found.diamonds:>6,}" in text
    assert "Widest hop of a diamond, in vertices" in text
    page = tmp_path / "x.html"
    command([str(folder), "-o", str(page)])
    assert f"<td>{found.probes:,}</td>" in page.read_text()
    assert "<script" not in page.read_text()


def test_a_folder_without_rows_and_damaged_rows_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is not the folder of a survey"):
        command([str(tmp_path)])
    for name in ("probes", "links"):
        (tmp_path / f"{name}-00000.parquet").write_bytes(b"PAR1 damaged")
    with pytest.raises(FormatError, match="cannot be read") as raised:
        command([str(tmp_path)])
    assert "\n" not in str(raised.value)
    with pytest.raises(SettingsError):
        command([])


def test_a_missing_duckdb_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("paris.survey.report", "paris.survey.database"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr(sys.modules["paris.survey"], "report", raising=False)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(SettingsError, match=r"needs duckdb: .* extra \[survey\]"):
        command([str(folder)])
