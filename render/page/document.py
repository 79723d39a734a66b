"""A picture as an HTML page to explore: one file that asks no network for anything.

The picture is our SVG as it is, twice where branches are folded. Everything that people read is in
it or in tables beside it; `page.js` finds that by numbers and adds no words from outside.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from render.page.table import html
from render.pictures.legend import legend_sheet
from render.pictures.palette import DARK
from render.pictures.sheet import sheet
from render.pictures.sizes import SCREEN
from render.pictures.standalone import as_xml, metadata
from render.pictures.svg import to_svg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from render.page.table import Table
    from render.pictures.diagram import Diagram
    from render.pictures.shapes import Sheet
    from render.words.routes import RouteWords
    from render.words.stages import StageWords
    from render.words.studies import Paragraph

_LEGEND_WIDTH: Final = 560.0  # points
_PLACE: Final = re.compile(r"<!--(\w+)-->")  # in page.html
# Nothing is loaded from anywhere; this script and this style may run, and no other.
_POLICY: Final = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; base-uri 'none'; "
    "form-action 'none'"
)


class Explored(NamedTuple):
    """What a page has beside the picture; some of it is of traces only."""

    tables: tuple[Table, ...] = ()
    routes: tuple[RouteWords, ...] = ()
    stages: tuple[StageWords, ...] = ()
    studies: tuple[Paragraph, ...] = ()


_NOTHING: Final = Explored()


def page(drawn: Diagram, folded: Diagram, document: str, explored: Explored = _NOTHING) -> bytes:
    """The page of a picture, `folded` as well, with the JSON text `document` inside.

    Both diagrams are the same where nothing is folded.
    """
    boxes = [box for column in drawn.columns for box in column.boxes]
    numbers = {box.key: number for number, box in enumerate(boxes)}
    labels = {box.key: box.strong for box in boxes}
    whole = sheet(_bare(drawn), SCREEN)
    pictures = [_picture("whole", _svg(whole, drawn.title, numbers, document))]
    if folded is not drawn:
        stacked = sheet(_bare(folded), SCREEN)
        pictures.append(_picture("folded", _svg(stacked, drawn.title, numbers)))
    legend = _svg(legend_sheet(drawn, SCREEN, _LEGEND_WIDTH, whole), "Legend", {})
    data = _data(drawn, numbers, list(labels.values()), explored)
    script, style = _file("page.js"), f"{_file('page.css')}{_colours()}"
    policy = _POLICY.format(script=_hash(script), style=_hash(style))
    parts = {
        "policy": escape(policy),
        "style": style,
        "title": escape(drawn.title),
        "notes": "\n".join(f"<p>{escape(note)}</p>" for note in drawn.notes),
        "pictures": "\n".join(pictures),
        "legend": legend,
        "tables": "\n".join(_tables(explored, numbers)),
        "data": as_xml(json.dumps(data, separators=(",", ":"))),
        "script": script,
    }
    return _PLACE.sub(lambda found: parts[found[1]], _file("page.html")).encode()


def _bare(drawn: Diagram) -> Diagram:
    """The diagram without what the page says beside it."""
    return drawn._replace(title="", notes=())


def _svg(drawn: Sheet, label: str, numbers: Mapping[str, int], document: str = "") -> str:
    """A picture as an element of the page."""
    svg = to_svg(drawn, numbers).decode()
    held = metadata(document) if document else ""
    named = f'<svg role="group" aria-label="{escape(label)}"'
    return svg[svg.index("<svg") :].replace("<svg", named, 1).replace(">\n", f">{held}\n", 1)


def _picture(name: str, svg: str) -> str:
    return f'<div class="picture" id="{name}">{svg}</div>'


def _tables(explored: Explored, numbers: Mapping[str, int]) -> list[str]:
    studies = "".join(
        f"<h3>{escape(own.heading)}</h3>\n<pre>{escape(chr(10).join(own.lines))}</pre>\n"
        for own in explored.studies
    )
    return [
        *(html(own, numbers) for own in explored.tables),
        f"<details><summary><h2>Studies</h2></summary>{studies}</details>" if studies else "",
    ]


def _data(
    drawn: Diagram, numbers: Mapping[str, int], labels: Sequence[str], explored: Explored
) -> dict[str, object]:
    """What the script knows: labels of vertices, ends of links, paths with their flows, and stages.

    Vertices and links are numbers; a flow is its number, its ports and commands. A stage has the
    vertices and links that come or go with it.
    """
    links = [(line.near, line.far) for line in drawn.lines if not line.is_false]
    places = {link: place for place, link in enumerate(links)}
    stages = []
    vertices, edges = frozenset[str](), frozenset[tuple[str, str]]()
    for stage in explored.stages:
        stages.append(
            {
                "sentence": stage.sentence,
                "vertices": sorted(numbers[key] for key in stage.vertices ^ vertices),
                "links": sorted(places[link] for link in stage.edges ^ edges),
            }
        )
        vertices, edges = stage.vertices, stage.edges
    return {
        "labels": labels,
        "links": [(numbers[near], numbers[far]) for near, far in links],
        "paths": [
            {"vertices": [numbers[key] for key in route.vertices], "flows": route.flows}
            for route in explored.routes
        ],
        "stages": stages,
    }


def _colours() -> str:
    """CSS that puts each colour of pictures in its place, on light pages and on dark ones."""
    return "\n".join(
        f'svg [{part}="{light}"] {{ {part}: light-dark({light}, {dark}) }}'
        for light, dark in DARK.items()
        for part in ("fill", "stroke")
    )


def _hash(text: str) -> str:
    """The source of a script or a style in a policy (CSP 3, 2.3.1)."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")
