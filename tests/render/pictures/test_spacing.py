from __future__ import annotations

from itertools import pairwise

import pytest

from render.pictures.spacing import Place, held, spaced


def test_boxes_stand_beside_their_neighbours_where_there_is_room() -> None:
    hops = [[Place("a", 10, 4)], [Place("b", 10, 4), Place("c", 10, 4)], [Place("d", 10, 4)]]
    near_of = {"b": ["a"], "c": ["a"], "d": ["c"]}
    far_of = {"a": ["b", "c"], "c": ["d"]}
    middles = spaced(hops, near_of, far_of)
    assert middles["c"] - middles["b"] == pytest.approx(14)
    assert middles["d"] == pytest.approx(middles["c"], abs=4)


def test_boxes_never_lie_on_each_other() -> None:
    hops = [[Place(f"{hop} {own}", 7 + own, 3) for own in range(9)] for hop in range(4)]
    last_first = {f"{hop} {own}": [f"{hop - 1} {8 - own}"] for hop in range(1, 4)
                  for own in range(9)}  # fmt: skip
    first_last = {near: [far] for far, (near,) in last_first.items()}
    middles = spaced(hops, last_first, first_last)
    for hop in hops:
        for above, below in pairwise(hop):
            apart = middles[below.key] - middles[above.key]
            assert apart >= (above.room + below.room) / 2 + below.before - 1e-9


def test_a_page_holds_all_boxes_in_their_order() -> None:
    hops = [[Place("a", 10, 0)], [Place("b", 20, 0), Place("c", 20, 5)], [Place("d", 10, 0)]]
    middles = {"a": -90.0, "b": -30.0, "c": 40.0, "d": 110.0}
    moved = held(hops, middles, 50)
    assert moved == pytest.approx({"a": -10, "b": -5, "c": 25, "d": 30})
