from __future__ import annotations

import pytest

from render.pictures.abridging import abridged
from render.pictures.sizes import SIZES
from tests.render.samples import TRACES
from tests.support.views import diagram_of

PAPER = SIZES["paper"]


def test_the_beginning_and_the_ends_together_are_the_addresses() -> None:
    whole = diagram_of(TRACES["meshed"])
    drawn = abridged(whole, PAPER)
    for column, short in zip(whole.columns, drawn.columns, strict=True):
        beginning = short.beginning.removesuffix(" ...")
        assert [beginning + box.strong for box in short.boxes] == [
            box.strong for box in column.boxes
        ]
    assert [bool(column.beginning) for column in drawn.columns] == [
        len(column.boxes) == 8 for column in whole.columns
    ]


@pytest.mark.parametrize("size", ["screen", "slide"])
def test_where_boxes_are_as_broad_as_their_addresses_they_stay_whole(size: str) -> None:
    drawn = diagram_of(TRACES["meshed"])
    assert abridged(drawn, SIZES[size]) == drawn


def test_addresses_that_begin_differently_stay_whole() -> None:
    drawn = diagram_of(TRACES["meshed"])
    column = drawn.columns[3]
    boxes = (column.boxes[0]._replace(strong="203.0.113.11"), *column.boxes[1:])
    odd = drawn._replace(columns=(column._replace(boxes=boxes),))
    assert abridged(odd, PAPER) == odd
