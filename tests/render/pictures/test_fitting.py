from __future__ import annotations

import pytest

from render.pictures.diagram import Box, Column
from render.pictures.fitting import fitting
from render.pictures.sizes import SIZES
from render.words.vertices import Kind

PAPER = SIZES["paper"]


def column(count: int) -> Column:
    names = [f"edge{number}.frankfurt.example.net" for number in range(count)]
    return Column("hop 3", tuple(
        Box(name, Kind.ROUTER, f"2001:db8:{number}::1", (name, "1.25 ms"), name, is_compact=False)
        for number, name in enumerate(names)
    ))  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_boxes_share_the_breadth_and_lose_no_letter(count: int) -> None:
    made = fitting(column(count), PAPER, PAPER.breadth)
    assert sum(own.across for own in made.values()) + (count - 1) * PAPER.gap <= PAPER.breadth
    assert len({own.along for own in made.values()}) == 1
    for own in made.values():
        shown = "".join(piece.run.text for row in own.rows for piece in row).replace(" ", "")
        assert shown == "".join((own.box.strong, *own.box.faint)).replace(" ", "")


def test_a_box_takes_no_more_than_its_words_need() -> None:
    (alone,) = fitting(column(1), PAPER, PAPER.breadth).values()
    assert alone.across < PAPER.breadth / 1.5
    (screen,) = fitting(column(1), SIZES["screen"], 0).values()
    assert [len(row) for row in screen.rows] == [1, 1, 1]
