"""Writes the diamonds of many saved traces as one CSV table, inert in spreadsheets."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from mda.findings.diamond_metrics import Metrics, rows
from paris.formats.csv_text import csv_text

if TYPE_CHECKING:
    from mda.trace import Trace

_OF_TRACE: Final = (
    "file", "host", "source", "destination", "protocol", "dport", "flow_field", "algorithm",
    "failure_probability", "started_at_unix_s", "probes_sent", "stopped", "reached",
)  # fmt: skip
_OF_DIAMOND: Final = ("number", "divergence", "convergence", "first_ttl")
COLUMNS: Final = (*_OF_TRACE, *_OF_DIAMOND, *(field.name for field in fields(Metrics)))


def table(traces: list[tuple[str, Trace]]) -> str:
    """A row per diamond of each (file name, trace); a trace without diamonds has one row."""
    return csv_text(COLUMNS, (row for name, trace in traces for row in _rows(name, trace)))


def _rows(name: str, trace: Trace) -> list[dict[str, Any]]:
    common = _of_trace(name, trace)
    found = rows(trace.dag, trace.diamonds)
    return [{**common, "number": number, **row} for number, row in enumerate(found, 1)] or [common]


def _of_trace(name: str, trace: Trace) -> dict[str, Any]:
    plan = trace.plan
    return {
        "file": name,
        "host": plan.host,
        "source": plan.source,
        "destination": plan.destination,
        "protocol": plan.probing.protocol,
        "dport": plan.probing.dport,
        "flow_field": plan.probing.flow_field,
        "algorithm": plan.algorithm.value,
        "failure_probability": plan.bound.failure_probability,
        "started_at_unix_s": trace.started_at_unix_s,
        "probes_sent": trace.probes_sent,
        "stopped": trace.stopped.value,
        "reached": int(trace.reached),
    }
