"""Writes the diamonds of many saved traces as one CSV table, inert in spreadsheets."""

from __future__ import annotations

import csv
import io
import unicodedata
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from mda.escaping import printable
from mda.findings.diamond_metrics import Metrics, rows

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
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for name, trace in traces:
        common = _of_trace(name, trace)
        found = rows(trace.dag, trace.diamonds)
        for number, row in enumerate(found, start=1):
            writer.writerow(_inert({**common, "number": number, **row}))
        if not found:
            writer.writerow(_inert(common))
    return text.getvalue()


def _inert(row: dict[str, Any]) -> dict[str, Any]:
    """The row without a text that a spreadsheet takes for a formula.

    See OWASP, "CSV injection": an apostrophe before what begins like one, and no semicolon, at
    which some spreadsheets begin another cell.
    """
    return {
        name: value if isinstance(value, int | float) else _text(str(value))
        for name, value in row.items()
        if value is not None
    }


def _text(value: str) -> str:
    text = printable(value).replace(";", "\\x3b")
    is_formula = unicodedata.normalize("NFKC", text).startswith(("=", "+", "-", "@"))
    return f"'{text}" if is_formula else text


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
