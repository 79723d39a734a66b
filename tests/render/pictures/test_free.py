from __future__ import annotations

from random import Random

from render.pictures.free import Rectangle, Taken


def meet(own: Rectangle, other: Rectangle) -> bool:
    is_apart = own[2] <= other[0] or other[2] <= own[0] or own[3] <= other[1] or other[3] <= own[1]
    return not is_apart


def test_a_place_is_free_where_no_rectangle_lies() -> None:
    random = Random(1)
    taken, rectangles = Taken([]), list[Rectangle]()
    found = set()
    for _ in range(300):
        left, top = random.uniform(-500, 500), random.uniform(-500, 500)
        own = (left, top, left + random.uniform(1, 120), top + random.uniform(1, 60))
        is_met = any(meet(own, other) for other in rectangles)
        assert taken.meets(own) == is_met
        found.add(is_met)
        rectangles.append(own)
        taken.add(own)
    assert found == {True, False}


def test_edges_may_touch() -> None:
    taken = Taken([(0, 0, 48, 48)])
    assert not taken.meets((48, 0, 96, 48))
    assert taken.meets((47, 47, 96, 96))
