"""Pictures are measured: every sample in every size, with stacks and without."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations

import pytest

from mda.comparison import compare
from mda.statistics.stopping import unseen_share
from render.pictures.comparison import comparison_diagram
from render.pictures.folding import folded
from render.pictures.palette import DIAMOND_FILL, INKS
from render.pictures.shapes import Group, Path, Sheet, Text
from render.pictures.sheet import sheet
from render.pictures.sizes import SIZES
from render.words.comparison import comparison_words
from tests.render.samples import TRACES
from tests.support.traces import assembled, hops, numbered, outcomes
from tests.support.views import diagram_of

DIAGRAMS = {name: diagram_of(trace) for name, trace in TRACES.items()} | {
    "compared": comparison_diagram(
        comparison_words(compare([(name, TRACES[name]) for name in ("two-way", "silent", "marks")]))
    )
}
DIAGRAMS["long"] = diagram_of(assembled(outcomes(
    hops(*numbered("2001:db8:ffff:1::", 1, 14), "2001:db8::9", flows=6),
    destination="2001:db8::9",
), destination="2001:db8::9"))  # fmt: skip
SHEETS = {
    f"{name}, {size.name}": sheet(drawn, size)
    for name, drawn in DIAGRAMS.items()
    for size in SIZES.values()
}
FOLDED = {
    f"{name}, {size.name}, folded": sheet(folded(drawn, size.fold), size)
    for name, drawn in DIAGRAMS.items()
    for size in SIZES.values()
    if folded(drawn, size.fold) is not drawn
}
SHEETS |= FOLDED
COLUMN_PT = 8.5 / 2.54 * 72  # of a page


@pytest.fixture(params=SHEETS)
def drawn(request: pytest.FixtureRequest) -> Sheet:
    return SHEETS[request.param]


def extent(shape: Path | Text) -> tuple[float, float, float, float]:
    """Left, top, right and foot; of text, those of its letters."""
    if isinstance(shape, Text):
        size = shape.size_pt
        return shape.x, shape.y - 0.72 * size, shape.x + shape.width, shape.y + 0.21 * size
    xs, ys = zip(*shape.points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def texts(groups: tuple[Group, ...]) -> list[Text]:
    return [own for group in groups for own in group.shapes if isinstance(own, Text)]


def test_no_text_lies_on_another(drawn: Sheet) -> None:
    for own, other in combinations(texts(drawn.groups), 2):
        left, top, right, foot = extent(own)
        begin, above, end, below = extent(other)
        is_apart = right <= begin or end <= left or foot <= above or below <= top
        assert is_apart, (own.text, other.text)


def test_the_text_of_a_box_stays_in_it_and_everything_in_the_picture(drawn: Sheet) -> None:
    for group in drawn.groups:
        boxes = [extent(own) for own in group.shapes if isinstance(own, Path)]
        for own in group.shapes:
            left, top, right, foot = extent(own)
            assert left >= 0
            assert top >= 0
            assert right <= drawn.width
            assert foot <= drawn.height
            if group.name in ("vertex", "mark", "diamond") and isinstance(own, Text):
                assert left >= min(box[0] for box in boxes)
                assert right <= max(box[2] for box in boxes)
                assert top >= min(box[1] for box in boxes)
                assert foot <= max(box[3] for box in boxes)


def test_no_heading_and_no_mark_lies_on_a_box(drawn: Sheet) -> None:
    boxes = [extent(group.shapes[0]) for group in drawn.groups if group.name == "vertex"]
    beside = tuple(group for group in drawn.groups if group.name != "vertex")
    for own in texts(beside):
        left, top, right, foot = extent(own)
        for begin, above, end, below in boxes:
            is_apart = right <= begin or end <= left or foot <= above or below <= top
            assert is_apart, own.text


@pytest.mark.parametrize("name", [*DIAGRAMS])
def test_paper_fits_a_column_of_a_page_with_text_that_is_read_there(name: str) -> None:
    drawn = FOLDED.get(f"{name}, paper, folded", SHEETS[f"{name}, paper"])
    width = drawn.width * drawn.scale
    assert width == pytest.approx(COLUMN_PT, abs=0.5)
    assert min(own.size_pt for own in texts(drawn.groups)) * drawn.scale * COLUMN_PT / width > 6
    (title,) = (group for group in drawn.groups if group.name == "title")
    assert "".join(own.text for own in texts((title,))) == DIAGRAMS[name].title


def test_a_crowded_hop_on_paper_says_once_how_its_addresses_begin() -> None:
    groups = SHEETS["meshed, paper"].groups
    said = [own.text for group in groups if group.name == "heading" for own in texts((group,))]
    assert "".join(said).count("198.51.100...") == 2
    shown = {own.text for group in groups if group.name == "vertex" for own in texts((group,))}
    assert {f".{number}" for number in (*range(11, 19), *range(31, 39))} < shown


def test_no_box_lies_on_another(drawn: Sheet) -> None:
    vertices = [group for group in drawn.groups if group.name == "vertex"]
    fronts = [
        extent(next(own for own in group.shapes if isinstance(own, Path))) for group in vertices
    ]
    for own, other in combinations(fronts, 2):
        is_beside = own[2] <= other[0] or other[2] <= own[0]
        assert is_beside or own[3] <= other[1] or other[3] <= own[1]


@pytest.mark.parametrize("name", TRACES)
def test_every_vertex_and_every_edge_is_drawn(name: str) -> None:
    groups, graph = SHEETS[f"{name}, screen"].groups, TRACES[name].graph
    boxes = tuple(group for group in groups if group.name == "vertex")
    shown = Counter(own.text for own in texts(boxes))
    expected = Counter(str(vertex.address or "*") for vertex in graph)
    assert {line: shown[line] for line in expected} == expected
    kinds = Counter(group.name for group in groups)
    assert (kinds["vertex"], kinds["edge"]) == (graph.number_of_nodes(), graph.number_of_edges())


def test_lines_reach_under_both_of_their_boxes() -> None:
    groups = SHEETS["meshed, screen"].groups
    fronts = [extent(group.shapes[0]) for group in groups if group.name == "vertex"]
    for group in groups:
        if group.name == "edge":
            (line,) = group.shapes
            assert isinstance(line, Path)
            for x, y in (line.points[0], line.points[-1]):
                assert any(a <= x <= c and b <= y <= d for a, b, c, d in fronts)


def test_the_gap_of_a_ring_is_the_share_that_may_be_unseen() -> None:
    trace = TRACES["four-way"]
    drawn = [own for group in SHEETS["four-way, screen"].groups for own in group.shapes
             if isinstance(own, Path) and own.look == "ring" and own.points[0][1] < own.points[3][1]
             and group.name == "vertex"]  # fmt: skip
    (ring,) = drawn
    (left, top), (right, level) = ring.points[-1], ring.points[0]
    assert top == pytest.approx(level)
    middle = ((left + right) / 2, sum(own[1] for own in ring.points[::3]) / len(ring.points[::3]))
    flows = len({reply.request.flow for reply in trace.replies if reply.request.ttl == 3})
    unseen = unseen_share(flows, trace.plan.bound.failure_probability)
    radius = (extent(ring)[2] - extent(ring)[0]) / 2
    assert middle[0] > 0
    assert (right - left) / 2 / radius == pytest.approx(math.sin(math.pi * unseen), abs=0.05)


def test_a_gap_stands_where_no_link_to_the_next_hop_is_known_and_only_there() -> None:
    for name in TRACES:
        gaps = [own for own in SHEETS[f"{name}, screen"].groups if own.name == "gap"]
        assert len(gaps) == (name == "per-packet")
    said = [own.text for own in texts(SHEETS["per-packet, screen"].groups)]
    assert "which links there are is not known" in said


@pytest.mark.parametrize("size", ["screen", "paper"])
def test_a_diamond_covers_no_band(size: str) -> None:
    def fills(name: str) -> set[str]:
        groups = SHEETS[f"{name}, {size}"].groups
        return {INKS[own.shapes[0].look].fill for own in groups if own.name == "diamond"}

    assert fills("networks") == {""}
    assert fills("two-way") == {DIAMOND_FILL}


def test_without_a_title_there_is_neither_prose_nor_legend() -> None:
    bare = DIAGRAMS["two-way"]._replace(title="", notes=())
    names = {group.name for group in sheet(bare, SIZES["screen"]).groups}
    assert names == {"heading", "diamond", "edge", "vertex", "delays"}
    assert {group.name for group in SHEETS["two-way, screen"].groups} - names == {
        "title", "legend",
    }  # fmt: skip


def test_the_strip_has_the_median_round_trip_of_each_vertex() -> None:
    boxes = [box for column in DIAGRAMS["two-way"].columns for box in column.boxes]
    (strip,) = (own for own in SHEETS["two-way, screen"].groups if own.name == "delays")
    dots = [extent(own) for own in strip.shapes if isinstance(own, Path) and own.look == "dot"]
    assert len(dots) == sum(len(box.rtts_s) for box in boxes) == 6
    highest = min(dots, key=lambda dot: dot[1])
    assert highest[0] == max(dot[0] for dot in dots)  # the destination is the farthest
