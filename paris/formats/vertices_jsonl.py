"""Writes the vertices of a trace as lines of JSON, for programs that read line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.formats.json_text import json_line
from paris.formats.vertices import columns, rows

if TYPE_CHECKING:
    from mda.trace import Trace
    from paris.formats.look import Look


def write(trace: Trace, _: Look | None = None) -> str:
    """An object per vertex but the source; see `paris.formats.vertices`. Unknown is null."""
    names = columns(trace)
    return "".join(json_line({name: row.get(name) for name in names}) for row in rows(trace))
