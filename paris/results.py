"""What `paris.trace` returns: a trace that shows itself in notebooks, and its tables as rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mda.trace import Trace
from paris.errors import SettingsError

if TYPE_CHECKING:
    import pandas as pd

Rows = list[dict[str, Any]]
_STYLE: Final = re.compile(r"<style>.*?</style>\n", re.DOTALL)
_TABLES: Final = ("hops", "links", "paths")


class Result(Trace):
    """A trace for people at a prompt, in a notebook or with a table library.

    >>> import paris
    >>> paris.trace(network="plain")
    Result(203.0.113.9: 7 vertices, 6 edges, 0 diamonds, 82 probes)
    """

    @classmethod
    def of_trace(cls, trace: Trace) -> Result:
        """The same trace, for people."""
        return cls(**{name: getattr(trace, name) for name in Trace.field_names()})

    def hops(self) -> Rows:
        """A row per vertex but the source, with the columns of `-o FILE.csv`.

        >>> import paris
        >>> row = paris.trace(network="plain").hops()[0]
        >>> row["hop"], row["address"], row["share"], row["rtt_median_ms"]
        (1, '192.0.2.254', 1.0, 1.0)
        """
        from paris.formats import vertices

        return list(vertices.rows(self))

    def links(self) -> Rows:
        """A row per edge: its ends, the flows seen on it, and the share of those at its near end.

        >>> import paris
        >>> paris.trace(network="plain").links()[1]
        {'from': '192.0.2.254@1', 'to': '198.51.100.1@2', 'hop': 2, 'share': 1.0, 'flows': 1}
        """
        from mda.answers.graph import flows_of_edge
        from paris.formats.studies_json import vertex_id

        return [
            {
                "from": vertex_id(near),
                "to": vertex_id(far),
                "hop": far.ttl,
                "share": share,
                "flows": len(flows_of_edge(self.dag, near, far)),
            }
            for (near, far), share in self.edge_shares.items()
        ]

    def paths(self) -> Rows:
        """A row per path that flows are known to take: its vertices and its flows' numbers.

        Empty where packets of one flow take different paths.

        >>> import paris
        >>> [row["path"] for row in paris.trace(network="two-way", multipath=True).paths()]
        [1, 2]
        """
        from mda.findings.known import Known
        from mda.studies.flow_paths import FlowPaths
        from paris.formats.studies_json import vertex_id

        known = Known.of(self)
        found = FlowPaths(known.table, known.located).paths()
        return [
            {"path": number, "vertices": list(map(vertex_id, vertices)), "flows": flows}
            for number, (vertices, flows) in enumerate(found.items(), start=1)
        ]

    def csv(self, table: str = "hops") -> str:
        """The rows of "hops", "links" or "paths" as CSV text, safe for spreadsheets.

        Raises SettingsError for another table.
        """
        from paris.formats import vertices_csv
        from paris.formats.csv_text import csv_text

        if table == "hops":
            return vertices_csv.write(self)
        rows = [{name: _words(value) for name, value in row.items()} for row in self._table(table)]
        return csv_text(list(rows[0]) if rows else [], rows)

    def to_pandas(self, table: str = "hops") -> pd.DataFrame:
        """The rows of "hops", "links" or "paths" as a data frame.

        Raises SettingsError for another table, or without pandas.
        """
        rows = self._table(table)
        try:
            import pandas as pd
        except ModuleNotFoundError:
            raise SettingsError("to_pandas() needs pandas: install that") from None
        return pd.DataFrame(rows)

    def page(self) -> str:
        """The page of `-o FILE.html`, to write to a file or to show in a frame.

        >>> import paris
        >>> paris.trace(network="plain").page().startswith("<!DOCTYPE html>")
        True
        """
        from paris.formats.look import Look
        from paris.outputs import pages

        return pages.trace(self, Look("html")).decode()

    def _table(self, name: str) -> Rows:
        if name not in _TABLES:
            raise SettingsError(f"no table {name!r}: choose from {', '.join(_TABLES)}")
        rows: Rows = getattr(self, name)()
        return rows

    def _repr_svg_(self) -> str:
        """The picture, which Jupyter shows."""
        from paris.formats.look import Look
        from paris.outputs import pictures

        drawn = pictures.trace(self, Look("svg")).decode()
        # A style would change all that is drawn on the page, and follow the system, not the page.
        return _STYLE.sub("", drawn, count=1)

    def _repr_html_(self) -> str:
        """The picture, as wide as it is."""
        drawn = self._repr_svg_()
        return f'<div style="overflow-x: auto">{drawn[drawn.index("<svg") :]}</div>'


def _words(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, list) else value
