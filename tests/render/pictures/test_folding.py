from __future__ import annotations

import pytest

from render.pictures.folding import folded
from tests.render.samples import TRACES
from tests.support.views import diagram_of

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
