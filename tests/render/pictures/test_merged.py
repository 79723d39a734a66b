from __future__ import annotations

from mda.merging import merge
from render.pictures.diagram import line_width
from render.pictures.folding import folded
from render.pictures.layout import layout
from render.pictures.legend import legend_sheet
from render.pictures.merged import merged_diagram
from render.pictures.sheet import sheet
from render.pictures.sizes import SCREEN
from render.pictures.svg import to_svg
from render.words.merged import merged_words
from render.words.vertices import Kind
from tests.support.traces import DESTINATION, assembled, hops, numbered, outcomes

GATEWAY, JOINT, ELSEWHERE = "192.0.2.254", "198.51.100.2", "203.0.113.77"
WIDE = numbered("10.0.0.", 1, 20)
TRACES = [
    assembled(
        outcomes(hops(*columns, end, flows=40), destination=end),
        destination=end,
    )
    for end, *columns in (
        (DESTINATION, GATEWAY, WIDE, JOINT, "198.51.100.3"),
        (ELSEWHERE, GATEWAY, "198.51.100.3", JOINT),
    )
]  # fmt: skip
WORDS = merged_words(merge(TRACES))
DRAWN = merged_diagram(WORDS)
BOXES = {box.strong: box for column in DRAWN.columns for box in column.boxes}


def test_lines_are_as_wide_as_the_share_of_the_traces() -> None:
    (first,) = (line for line in DRAWN.lines if line.far == BOXES[GATEWAY].key)
    assert first.width == line_width(1.0)
    assert {line.width for line in DRAWN.lines if line != first} == {line_width(0.5)}


def test_boxes_say_who_saw_them_and_what_they_are() -> None:
    assert BOXES[GATEWAY].kind is Kind.BALANCER
    assert BOXES[DESTINATION].kind is BOXES[ELSEWHERE].kind is Kind.DESTINATION
    assert BOXES[JOINT].tip.splitlines() == [
        JOINT, "in 2 of 2 traces", "from 192.0.2.1", f"to {DESTINATION}, {ELSEWHERE}"
    ]  # fmt: skip


def test_an_edge_that_leads_back_is_drawn_forward_with_a_mark() -> None:
    (back,) = (line for line in DRAWN.lines if line.mark)
    assert (back.mark, back.is_dashed) == ("back", True)
    assert back.tip == "in 1 of 2 traces; leads back from 198.51.100.3 to 198.51.100.2"
    assert (back.near, back.far) == (BOXES[JOINT].key, BOXES["198.51.100.3"].key)


def test_what_is_folded_and_the_legend_say_nothing_of_flows() -> None:
    stacked = folded(DRAWN, 12)
    (stack,) = (box for column in stacked.columns for box in column.boxes if box.stands_for)
    assert stack.faint[0] == f"{WIDE[0]} to {WIDE[-1]}"
    tips = [line.tip for line in stacked.lines if stack.key in (line.near, line.far)]
    assert tips == ["20 links", "20 links"]
    pictures = sheet(stacked, SCREEN), legend_sheet(stacked, SCREEN, 400, sheet(stacked, SCREEN))
    for picture in pictures:
        svg = to_svg(picture).decode()
        assert "flows" not in svg
        assert "width: share of the traces" in svg


def test_lines_that_pass_steps_stay_within_the_picture() -> None:
    found = layout(DRAWN, SCREEN)
    bends = [middle for key, middle in found.middles.items() if key not in found.contents]
    assert bends
    assert found.across[0] < min(bends)
    assert max(bends) < found.across[1]
