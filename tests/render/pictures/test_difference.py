from __future__ import annotations

import pytest

from mda.difference import difference
from render.pictures.diagram import line_width
from render.pictures.difference import difference_diagram
from render.pictures.folding import folded
from render.words.difference import difference_words
from tests.render.samples import TRACES
from tests.support.traces import DESTINATION, assembled, hops, numbered, outcomes

BEFORE, AFTER = TRACES["two-way"], TRACES["four-way"]
DRAWN = difference_diagram(difference_words(difference(BEFORE, AFTER)))


def test_the_width_of_a_line_is_its_share_of_all_flows_on_both_sides_of_a_branch() -> None:
    boxes = {box.key: box for column in DRAWN.columns for box in column.boxes}
    for line in DRAWN.lines:
        assert line.width == line_width(line.share)
        branch = boxes[line.near if line.near.startswith("3 ") else line.far]
        assert line.share == pytest.approx(branch.seen[-1].share if branch.seen else 1)


def test_what_came_has_a_sign_and_another_line_and_balancers_have_the_ring_of_now() -> None:
    signs = {box.strong: box.sign for column in DRAWN.columns for box in column.boxes if box.sign}
    assert signs == {f"{sign} 198.51.100.{end}": sign for end, sign in ((13, "+"), (14, "+"))}
    assert sum(line.is_partial for line in DRAWN.lines) == 4
    rings = [box.ring.ways for column in DRAWN.columns for box in column.boxes if box.ring]
    assert rings == [4]


def test_what_came_folds_apart_from_what_stayed() -> None:
    sides = [
        assembled(outcomes(hops("192.0.2.254", numbered("10.0.0.", 1, width), DESTINATION,
                                flows=480)))
        for width in (20, 40)
    ]  # fmt: skip
    drawn = folded(difference_diagram(difference_words(difference(*sides))), 12)
    (column,) = (own for own in drawn.columns if len(own.boxes) > 1)
    assert [box.strong for box in column.boxes] == ["20 interfaces", "+ 20 interfaces"]
    assert column.boxes[1].faint[0] == "10.0.0.21 to 10.0.0.40"
    assert column.boxes[1].faint[1].startswith("after: ")


def test_stars_of_one_hop_that_came_are_counted() -> None:
    answered = {flow: ["192.0.2.254", f"10.0.0.{flow % 3}", f"10.0.1.{flow % 3}", DESTINATION]
                for flow in range(30)}  # fmt: skip
    silent = {flow: [*path[:2], "*", path[3]] for flow, path in answered.items()}
    sides = (assembled(outcomes(paths)) for paths in (answered, silent))
    came, *_ = difference_words(difference(*sides)).changes
    assert came.startswith("came: 3 of * (hop 3), p ")
    assert ";" not in came
