from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mda.comparison import compare
from render.pictures.comparison import comparison_diagram
from render.pictures.diagram import Group
from render.pictures.folding import folded
from render.words.comparison import comparison_words
from tests.render.samples import TRACES
from tests.support.traces import assembled, outcomes
from tests.support.views import diagram_of

if TYPE_CHECKING:
    from render.pictures.diagram import Diagram

WIDE = diagram_of(TRACES["forty-eight-way"])


def test_many_branches_that_are_alike_become_one_stack_with_count_shares_and_times() -> None:
    drawn = folded(WIDE, 12)
    (stack,) = drawn.columns[3].boxes
    assert drawn.columns[3].heading == "hop 3: 48 wide"
    assert (stack.strong, len(stack.rtts_s)) == ("48 interfaces", 48)
    assert stack.stands_for == tuple(box.key for box in WIDE.columns[3].boxes)
    assert stack.share == pytest.approx(1)
    times = [rtt * 1000 for box in WIDE.columns[3].boxes for rtt in box.rtts_s]
    shares = [box.share for box in WIDE.columns[3].boxes]
    assert "198.51.100.11 to 198.51.100.58" in stack.faint
    assert f"{min(times):.1f} to {max(times):.1f} ms" in stack.faint or min(times) == max(times)
    assert "100 % of flows" in stack.faint
    assert any(f"{100 * min(shares):.1f}" in line for line in stack.faint)
    assert len(stack.tip.splitlines()) == 48
    assert [line.width for line in drawn.lines] == [7.0] * 5
    assert [group.boxes for group in drawn.groups] == [(stack.key,)]


def test_branches_that_differ_stay() -> None:
    column = WIDE.columns[3]
    odd = column.boxes[7]._replace(notes=("MPLS 24016",))
    boxes = (*column.boxes[:7], odd, *column.boxes[8:])
    columns = (*WIDE.columns[:3], column._replace(boxes=boxes), *WIDE.columns[4:])
    drawn = folded(WIDE._replace(columns=columns), 12)
    assert [len(box.stands_for) for box in drawn.columns[3].boxes] == [47, 0]
    assert odd in drawn.columns[3].boxes


@pytest.mark.parametrize(("most", "boxes"), [(7, 1), (8, 8)])
def test_as_many_as_are_to_be_drawn_are_drawn(most: int, boxes: int) -> None:
    drawn = folded(diagram_of(TRACES["meshed"]), most)
    assert [len(column.boxes) for column in drawn.columns[3:5]] == [boxes, boxes]
    if boxes == 1:
        assert [line.width for line in drawn.lines] == [7.0] * 6
        ring = drawn.columns[3].boxes[0].ring
        assert ring is not None
        assert ring.ways == 8


def lanes(notes: tuple[str, ...] = ()) -> Diagram:
    """Sixteen ways of two interfaces, each of which is a diamond of two ways; one box is odd."""
    paths = {}
    for flow in range(64):
        own, side = flow % 16, flow // 16 % 2
        paths[flow] = [
            "192.0.2.254", f"10.0.1.{own + 1}", f"10.0.2.{2 * own + side + 1}", f"10.0.3.{own + 1}",
            "203.0.113.9",
        ]  # fmt: skip
    drawn = diagram_of(assembled(outcomes(paths)))
    columns = list(drawn.columns)
    boxes = list(columns[3].boxes)
    boxes[4] = boxes[4]._replace(notes=notes)
    columns[3] = columns[3]._replace(boxes=tuple(boxes))
    return drawn._replace(columns=tuple(columns))


def test_equal_diamonds_inside_a_diamond_become_one() -> None:
    whole = lanes()
    inner = [
        Group(f"inner {lane}", "width 2, length 2", keys, keys)
        for lane in range(16)
        if (keys := tuple(box.key for box in whole.columns[3].boxes[2 * lane : 2 * lane + 2]))
    ]
    drawn = folded(whole._replace(groups=(*whole.groups, *inner)), 12)
    stacks = [box for column in drawn.columns[2:5] for box in column.boxes]
    assert [box.strong for box in stacks] == ["16 interfaces", "32 interfaces", "16 interfaces"]
    assert [round(box.share, 6) for box in stacks] == [1, 1, 1]
    assert [len(box.rtts_s) for box in stacks] == [16, 32, 16]
    assert [box.ring and box.ring.ways for box in stacks] == [2, None, None]
    assert len(drawn.lines) == 5
    assert [group.label for group in drawn.groups[1:]] == ["16 times width 2, length 2"]
    assert [group.boxes for group in drawn.groups] == [
        (stacks[0].key, stacks[2].key), (stacks[1].key,),
    ]  # fmt: skip


def test_a_diamond_that_differs_inside_stays_whole() -> None:
    drawn = folded(lanes(notes=("MPLS 24016",)), 12)
    assert [len(column.boxes) for column in drawn.columns[2:5]] == [2, 3, 2]
    assert [len(box.stands_for) for box in drawn.columns[2].boxes] == [15, 0]
    assert [len(box.stands_for) for box in drawn.columns[3].boxes] == [30, 0, 0]


def test_branches_of_different_balancers_do_not_join_unless_the_balancers_do() -> None:
    """Two balancers stay two boxes, and so do the stacks behind them."""
    paths = {
        flow: ["192.0.2.254", f"10.0.1.{flow % 2 + 1}", f"10.0.2.{flow % 40 + 1}", "203.0.113.9"]
        for flow in range(80)
    }
    drawn = folded(diagram_of(assembled(outcomes(paths))), 12)
    assert [len(box.stands_for) for column in drawn.columns[2:4] for box in column.boxes] == [
        0, 0, 20, 20,
    ]  # fmt: skip


def test_a_page_stacks_unlike_boxes_as_well_and_says_so() -> None:
    column = WIDE.columns[3]
    odd = tuple(box._replace(notes=(f"MPLS {n}",)) for n, box in enumerate(column.boxes[:20]))
    columns = (*WIDE.columns[:3], column._replace(boxes=odd + column.boxes[20:]))
    drawn = WIDE._replace(columns=(*columns, *WIDE.columns[4:]))
    assert len(folded(drawn, 12).columns[3].boxes) == 21
    page = folded(drawn, 12, room=8).columns[3].boxes
    assert [(box.strong, "not alike" in box.faint) for box in page] == [
        ("20 interfaces", True), ("28 interfaces", False),
    ]  # fmt: skip


def test_a_comparison_folds_what_all_protocols_see_alike() -> None:
    compared = compare([(name, TRACES["forty-eight-way"]) for name in ("udp", "icmp")])
    drawn = folded(comparison_diagram(comparison_words(compared)), 12)
    (stack,) = drawn.columns[3].boxes
    assert stack.strong == "48 interfaces"
    assert [line.partition(":")[0] for line in stack.faint[1:]] == ["udp", "icmp"]
    assert all("100 % of flows" in line for line in stack.faint[1:])
    assert [box.ring and box.ring.ways for column in drawn.columns for box in column.boxes] == [
        None, None, 48, None, None, None,
    ]  # fmt: skip
