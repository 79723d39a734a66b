"""Parquet tables, as pyarrow reads them: a row per probe and a row per link, equal to the trace."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

import paris
from mda.answers.graph import flows_of_edge
from mda.model import Loss
from paris.errors import ExitCode
from paris.formats import links_parquet, parquet, probes_parquet
from paris.formats.studies_json import vertex_id
from paris.packets.flows import Flows
from tests.support.commands import run
from tests.support.scamper import KINDS, multipath

if TYPE_CHECKING:
    from pathlib import Path

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rows_of(data: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(data)).to_pylist()
    return rows


def moment(seconds: float) -> datetime:
    return EPOCH + timedelta(microseconds=round(1.7e9 * 1e6) + round(seconds * 1e6))


@pytest.mark.parametrize("kind", KINDS)
def test_each_probe_is_a_row(kind: str) -> None:
    trace = multipath(kind).replace(started_at_unix_s=1.7e9)
    flows = Flows.of(trace.plan)
    rows = rows_of(probes_parquet.write(trace))
    for row, own in zip(rows, trace.outcomes, strict=True):
        headers = flows.headers(own.request.flow)
        assert (row["flow_id"], row["probe_ttl"], row["attempt"]) == own.request
        assert row["tx_time"] == moment(own.sent_at_s)
        assert row["probe_dst_addr"] == str(headers.destination)
        assert row["probe_src_port"] == (headers.sport or headers.icmp_checksum)
        assert row["probe_dst_port"] == (headers.dport or 0)
        if isinstance(own, Loss):
            assert {row[name] for name in row if name.startswith("reply_")} == {None}
            assert row["rx_time"] is row["rtt_us"] is None
            continue
        assert row["rx_time"] == moment(own.received_at_s)
        assert row["rtt_us"] == round((own.rtt_s or 0) * 1e6)
        assert (row["reply_src_addr"], row["reply_kind"]) == (str(own.responder), own.kind.value)
        assert (row["reply_icmp_type"], row["reply_icmp_code"], row["quoted_ttl"]) == (
            own.icmp_type, own.icmp_code, own.quoted_ttl,
        )  # fmt: skip
        assert (row["reply_ttl"], row["reply_ip_id"]) == (own.reply_ttl, own.reply_ip_id)
        assert [tuple(entry.values()) for entry in row["reply_mpls_labels"]] == [*own.mpls]


@pytest.mark.parametrize("kind", KINDS)
def test_each_link_is_a_row_that_joins_with_the_probes(kind: str) -> None:
    trace = multipath(kind)
    rows, probes = rows_of(links_parquet.write(trace)), rows_of(probes_parquet.write(trace))
    assert {row["run_id"] for row in rows} == {row["run_id"] for row in probes}
    assert [(row["near_vertex"], row["far_vertex"], row["flows"]) for row in rows] == [
        (vertex_id(near), vertex_id(far), len(flows_of_edge(trace.dag, near, far)))
        for near, far in trace.edge_shares
    ]
    assert all(
        row["far_vertex"] == f"{row['far_addr']}@{row['far_ttl']}"
        for row in rows
        if row["far_addr"] and "%" not in row["far_vertex"]
    )


def test_variants_have_the_headers_that_they_were_sent_with() -> None:
    trace = paris.trace(network="two-way", multipath=True, studies={"classify": None})
    rows, flows = rows_of(probes_parquet.write(trace)), Flows.of(trace.plan)
    told = {
        (row["probe_dst_addr"], row["probe_protocol"], row["probe_traffic_class"]) for row in rows
    }
    sent = {flows.headers(own.request.flow) for own in trace.outcomes}
    assert told == {
        (str(own.destination), own.protocol.number(4), own.traffic_class) for own in sent
    }
    assert len(told) > 2


def test_many_traces_are_one_table_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_ROWS", 200)
    traces = [multipath(kind) for kind in KINDS]
    data = b"".join(probes_parquet.stream(traces))
    told = pq.ParquetFile(io.BytesIO(data)).metadata
    rows = sum(len(trace.outcomes) for trace in traces)
    assert (told.num_rows, told.num_row_groups) == (rows, -(-rows // 200))
    assert data == b"".join(probes_parquet.stream(traces))


def test_without_pyarrow_the_output_is_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ran = run("--sim", "two-way", "-o", "x.parquet", "-o", "x.json")
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.stderr == (
        "paris-trace: -o x.parquet needs pyarrow: install that, or paris-trace with extra "
        "[parquet]\n"
    )
    assert list(tmp_path.iterdir()) == []
