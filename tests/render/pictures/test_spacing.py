from __future__ import annotations

from itertools import pairwise

import pytest

from render.pictures.spacing import Place, spaced


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
