"""Writes the graph as GEXF 1.2, for Gephi."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import networkx as nx

from paris.formats.plain_graph import plain_graph

if TYPE_CHECKING:
    from mda.trace import Trace
    from paris.formats.look import Look

_DATE: Final = re.compile(r' lastmodifieddate="[\d-]+"')


def write(trace: Trace, _: Look | None = None) -> str:
    """The trace's plain graph as GEXF text, which bears the day (UTC) of the measurement.

    The format has no place for what the plain graph says of the whole trace.
    """
    text = "\n".join(nx.generate_gexf(plain_graph(trace)))
    return _DATE.sub(_dated(trace.started_at_unix_s), text, count=1) + "\n"


def _dated(unix_s: float) -> str:
    """The attribute for a day; none for a time that is in no year of four digits."""
    try:
        return f' lastmodifieddate="{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d}"'
    except (OSError, OverflowError, ValueError):
        return ""
