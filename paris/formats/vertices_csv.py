"""Writes the vertices of a trace as a CSV table, for spreadsheets and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paris.formats.csv_text import csv_text
from paris.formats.vertices import columns, rows

if TYPE_CHECKING:
    from mda.trace import Trace
    from paris.formats.look import Look


def write(trace: Trace, _: Look | None = None) -> str:
    """A row per vertex but the source; see `paris.formats.vertices`.

    `successors` have spaces between, and what is so is 1.
    """
    return csv_text(columns(trace), map(_cells, rows(trace)))


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    is_destination, successors = int(row["is_destination"]), " ".join(row["successors"])
    return row | {"is_destination": is_destination, "successors": successors}
