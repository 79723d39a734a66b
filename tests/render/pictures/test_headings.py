from __future__ import annotations

import pytest

from render.pictures.headings import headings
from render.pictures.sizes import SIZES
from tests.render.samples import TRACES
from tests.support.views import diagram_of


def said(name: str, size: str) -> list[str]:
    return [
        " ".join(run.text for run in runs)
        for runs in headings(diagram_of(TRACES[name]), SIZES[size])
    ]


def test_beside_a_row_stand_the_diamond_and_the_network_that_begin_there() -> None:
    assert said("four-way", "screen")[2:4] == ["hop 2", "hop 3: 4 wide"]
    assert said("four-way", "paper")[2:5] == ["hop 2", "hop 3 4 wide width 4, length 2", "hop 4"]
    assert said("networks", "paper")[1:3] == ["hop 1 private", "hop 2 AS64500 Example A"]
    assert said("networks", "paper")[4:] == ["hop 4 AS64502", "hop 5"]


@pytest.mark.parametrize("name", TRACES)
def test_no_line_beside_a_row_is_broader_than_its_room(name: str) -> None:
    size = SIZES["paper"]
    for runs in headings(diagram_of(TRACES[name]), size):
        assert all(run.width <= size.side for run in runs)
