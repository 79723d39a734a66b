"""All formats, one row each. The command line, its help and the docs follow this table."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple


class Subject(Enum):
    """What is written."""

    TRACE = "trace"
    COMPARISON = "comparison"
    DIFFERENCE = "difference"
    MERGED = "merged graph"


class Format(NamedTuple):
    """One format: its suffix, which may have two parts, its purpose, and its writers.

    `trace`, `comparison`, `difference` and `merged` name functions as "module:function", imported
    only when needed. They take a Trace, a Comparison, a Difference or a Merged, and a Look, and
    return text or bytes. A format without a writer cannot hold that. `lacks` names a function that
    says what else a format has no place for, of a trace. `many` names one that writes many traces
    in pieces, and says which it refuses. One that `needs` a package is refused without it. One that
    `is_slow` is left out when the user is in haste.
    """

    suffix: str
    about: str
    trace: str = ""
    comparison: str = ""
    difference: str = ""
    merged: str = ""
    lacks: str = ""
    many: str = ""
    needs: str = ""
    is_slow: bool = False

    def writer(self, subject: Subject) -> str:
        """The writer for a subject, empty for none."""
        return {
            Subject.TRACE: self.trace,
            Subject.COMPARISON: self.comparison,
            Subject.DIFFERENCE: self.difference,
            Subject.MERGED: self.merged,
        }[subject]


_TEXT: Final = (
    "paris.outputs.text:trace", "paris.outputs.text:comparison", "paris.outputs.text:difference",
    "paris.outputs.text:merged",
)  # fmt: skip
_PICTURE: Final = (
    "paris.outputs.pictures:trace",
    "paris.outputs.pictures:comparison",
    "paris.outputs.pictures:difference",
    "paris.outputs.pictures:merged",
)
CAPTURE: Final = "pcapng"
# In the order of writing: data come before pictures.
FORMATS: Final = (
    Format(CAPTURE, "every packet, written while it is sent or received"),
    Format(
        "json", "everything that was measured and found",
        "paris.formats.native:write", "paris.formats.comparison:write",
        "paris.formats.difference:write", "paris.formats.merged:write",
    ),
    Format("txt", "the text that a terminal shows", *_TEXT),
    Format(
        "warts", "probes and replies, for scamper's tools", "paris.formats.warts:write",
        lacks="paris.formats.scamper_lacks:of_warts", many="paris.formats.warts:stream",
    ),
    Format(
        "scamper.jsonl", "the same as lines of JSON, for readers of scamper's and M-Lab's",
        "paris.formats.scamper_json:write", lacks="paris.formats.scamper_lacks:of_json",
        many="paris.formats.scamper_json:stream",
    ),
    Format(
        "caracal.csv", "a row per reply, as caracal, diamond-miner and Iris write it",
        "paris.formats.caracal_csv:write", lacks="paris.formats.caracal_csv:lacks",
        many="paris.formats.caracal_csv:stream",
    ),
    Format(
        "parquet", "a row per probe, for DuckDB, pandas and the like",
        "paris.formats.probes_parquet:write", lacks="paris.formats.probes_parquet:lacks",
        many="paris.formats.probes_parquet:stream",
        needs="pyarrow",
    ),
    Format(
        "links.parquet", "a row per link, to join with them", "paris.formats.links_parquet:write",
        many="paris.formats.links_parquet:stream",
        needs="pyarrow",
    ),
    Format(
        "traces.jsonl", "everything of a trace in a line, for archives of many",
        "paris.formats.native_lines:write", many="paris.formats.native_lines:stream",
    ),
    Format(
        "graphml", "the graph, for Gephi, yEd, Cytoscape", "paris.formats.graphml:write",
        merged="paris.formats.graphml:write_merged",
    ),
    Format("gexf", "the graph, for Gephi", "paris.formats.gexf:write"),
    Format("cyjs", "the graph, for Cytoscape", "paris.formats.cytoscape_json:write"),
    Format(
        "node-link.json", "the graph, for networkx, D3 and scripts",
        "paris.formats.node_link_json:write",
    ),
    Format("csv", "a row per vertex, for spreadsheets", "paris.formats.vertices_csv:write"),
    Format(
        "jsonl", "a line of JSON per vertex, for other programs",
        "paris.formats.vertices_jsonl:write",
    ),
    Format("dot", "the picture as Graphviz source", *_PICTURE),
    Format("mmd", "the picture as Mermaid source, for issue trackers and wikis", *_PICTURE),
    Format("svg", "the picture, for screens and browsers", *_PICTURE, is_slow=True),
    Format(
        "html", "a page to explore, in one file",
        "paris.outputs.pages:trace", "paris.outputs.pages:comparison",
        "paris.outputs.pages:difference", "paris.outputs.pages:merged", is_slow=True,
    ),
    Format("png", "the picture as pixels", *_PICTURE, is_slow=True),
    Format("pdf", "the picture, to print", *_PICTURE, is_slow=True),
)  # fmt: skip
PICTURES: Final = tuple(row.suffix for row in FORMATS if row.trace == _PICTURE[0])


def suffixes(*, measures: bool = True) -> tuple[str, ...]:
    """The suffixes of all formats, in the order of writing.

    Unless the command `measures`, these are the formats that a saved trace can be written in.
    """
    return tuple(row.suffix for row in FORMATS if measures or row.trace)


def archives() -> tuple[str, ...]:
    """The suffixes of the formats of many traces."""
    return tuple(row.suffix for row in FORMATS if row.many)
