from __future__ import annotations

from collections import defaultdict

from render.pictures.ordering import crossings, ordered


def test_lines_that_need_not_cross_do_not() -> None:
    hops = [["a"], ["b", "c"], ["d", "e", "f", "g"], ["h"]]
    lines = [("a", "b"), ("a", "c"), ("b", "e"), ("b", "g"), ("c", "d"), ("c", "f")]
    lines += [(key, "h") for key in hops[2]]
    far_of: defaultdict[str, list[str]] = defaultdict(list)
    for near, far in lines:
        far_of[near].append(far)
    assert crossings(hops, far_of) > 0
    assert crossings(ordered(hops, lines), far_of) == 0


def test_boxes_that_lines_do_not_tell_apart_keep_their_order() -> None:
    hops = [["a"], ["d", "b", "c"], ["e"]]
    lines = [(near, far) for near, far in zip("aaadbc", "dbceee", strict=True)]
    assert ordered(hops, reversed(lines)) == hops
