"""Mermaid source: every line is a statement, and together they say what the diagram does."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Final

import pytest

from render.pictures.mermaid import to_mermaid
from tests.render.samples import TRACES
from tests.support.traces import shuffled
from tests.support.views import diagram_of

if TYPE_CHECKING:
    from render.pictures.diagram import Diagram

TEXT: Final = r'"((?:[\w .,:/@()+=-]|#\d+;|<br>)*)"'
STATEMENTS: Final = {
    "box": re.compile(rf"  (n\d+)\[{TEXT}\]:::([\w-]+)"),
    "notes": re.compile(rf"  notes\[{TEXT}\]:::notes"),
    "group": re.compile(rf"  subgraph (d\d+) \[{TEXT}\]"),
    "member": re.compile(r"    (n\d+)"),
    "end": re.compile(r"  end"),
    "line": re.compile(rf"  (n\d+) (-->|-\.->|-\.-x)(?:\|{TEXT}\|)? (n\d+)"),
    "look": re.compile(r"  classDef ([\w-]+) [\w:#,-]+|  style d\d+ [\w:#,-]+"),
    "width": re.compile(r"  linkStyle ([\d,]+) stroke-width:([\d.]+)px,stroke:#\w{6}"),
}


def statements(drawn: Diagram) -> dict[str, list[tuple[str, ...]]]:
    """The parts of each statement, by its kind; all lines are statements."""
    found: dict[str, list[tuple[str, ...]]] = {kind: [] for kind in STATEMENTS}
    lines = to_mermaid(drawn).splitlines()
    begin = lines.index("flowchart LR")
    assert lines[:begin] == [] or (lines[0], lines[2]) == ("---", "---")
    for line in lines[begin + 1 :]:
        matches = {kind: own for kind, form in STATEMENTS.items() if (own := form.fullmatch(line))}
        ((kind, match),) = matches.items()
        found[kind].append(match.groups(default=""))
    return found


def plain(text: str) -> list[str]:
    """The lines of a label, as Mermaid shows them."""
    return unescape(re.sub(r"#(\d+);", r"&#\1;", text)).split("<br>")


@pytest.mark.parametrize("name", TRACES)
def test_the_source_has_every_box_line_and_group_of_the_diagram(name: str) -> None:
    drawn = diagram_of(TRACES[name])
    told = statements(drawn)
    boxes = [box for column in drawn.columns for box in column.boxes]
    assert [plain(text) for _, text, _ in told["box"]] == [[b.strong, *b.faint] for b in boxes]
    assert [kind for _, _, kind in told["box"]] == [box.kind.value for box in boxes]
    names = dict(zip((box.key for box in boxes), (own for own, _, _ in told["box"]), strict=True))
    arrows = [(names[line.near], names[line.far]) for line in drawn.lines]
    assert [(near, far) for near, _, _, far in told["line"]] == arrows
    assert [arrow == "-.->" for _, arrow, _, _ in told["line"]] == [
        line.is_dashed for line in drawn.lines
    ]
    assert len(told["group"]) == len(told["end"]) == len(drawn.groups)
    widths = {int(place): float(width) for places, width in told["width"]
              for place in places.split(",")}  # fmt: skip
    assert widths == {place: line.width for place, line in enumerate(drawn.lines)}
    assert [plain(text) for (text,) in told["notes"]] == (
        [list(drawn.notes)] if drawn.notes else []
    )


@pytest.mark.parametrize("name", TRACES)
def test_equal_traces_give_equal_source(name: str) -> None:
    expected = to_mermaid(diagram_of(TRACES[name]))
    again = (to_mermaid(diagram_of(shuffled(TRACES[name], seed))) for seed in range(3))
    assert all(own == expected for own in again)


def test_a_plain_picture_is_the_graph_alone() -> None:
    drawn = diagram_of(TRACES["two-way"])._replace(title="", notes=(), legends=())
    assert to_mermaid(drawn).startswith("flowchart LR\n")
    assert "notes" not in to_mermaid(drawn)


def test_nothing_in_a_hostile_name_means_anything_to_mermaid() -> None:
    told = statements(diagram_of(TRACES["marks"]))
    (label,) = (text for _, text, _ in told["box"] if "evil" in text)
    assert not set('"`*%{}<>&') & set(label.replace("<br>", ""))
    assert any("evil" in line for line in plain(label))
