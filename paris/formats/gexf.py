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

_DATE: Final = re.compile(r'(?<= lastmodifieddate=")[\d-]+')


def write(trace: Trace, _: Look | None = None) -> str:
    """The trace's plain graph as GEXF text, dated by the day (UTC) on which it was measured.

    The format has no place for what the plain graph says of the whole trace.
    """
    text = "\n".join(nx.generate_gexf(plain_graph(trace)))
    measured_on = datetime.fromtimestamp(trace.started_at_unix_s, UTC).date()
    return _DATE.sub(measured_on.isoformat(), text, count=1) + "\n"  # equal traces, equal bytes
