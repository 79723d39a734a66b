"""All formats, one row each. The command line, its help and the docs follow this table."""

from __future__ import annotations

from typing import Final, NamedTuple


class Format(NamedTuple):
    """One format: its suffix, its purpose, and its writers.

    `trace` and `comparison` name functions as "module:function", imported only when needed. They
    take the Trace or the Comparison and a Look, and return text or bytes. A format without one of
    the two writers cannot hold a trace or a comparison. One that `is_slow` is left out when the
    user is in haste.
    """

    suffix: str
    about: str
    trace: str = ""
    comparison: str = ""
    is_slow: bool = False


_TEXT: Final = ("paris.outputs.text:trace", "paris.outputs.text:comparison")
_PICTURE: Final = ("paris.outputs.pictures:trace", "paris.outputs.pictures:comparison")
CAPTURE: Final = "pcapng"
# In the order of writing: data come before pictures.
FORMATS: Final = (
    Format(CAPTURE, "every packet, written while it is sent or received"),
    Format(
        "json", "everything that was measured and found",
        "paris.formats.native:write", "paris.formats.comparison:write",
    ),
    Format("txt", "the text that a terminal shows", *_TEXT),
    Format("graphml", "the graph, for Gephi, yEd, Cytoscape", "paris.formats.graphml:write"),
    Format("csv", "a row per vertex, for spreadsheets", "paris.formats.vertices_csv:write"),
    Format(
        "jsonl", "a line of JSON per vertex, for other programs",
        "paris.formats.vertices_jsonl:write",
    ),
    Format("dot", "the picture as Graphviz source", *_PICTURE),
    Format("svg", "the picture, for screens and browsers", *_PICTURE, is_slow=True),
    Format("png", "the picture as pixels", *_PICTURE, is_slow=True),
    Format("pdf", "the picture, to print", *_PICTURE, is_slow=True),
)  # fmt: skip


def suffixes(*, measures: bool = True) -> tuple[str, ...]:
    """The suffixes of all formats, in the order of writing.

    Unless the command `measures`, these are the formats that a saved trace can be written in.
    """
    return tuple(row.suffix for row in FORMATS if measures or row.trace)
