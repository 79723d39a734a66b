"""Branches of a diagram that are alike, folded into stacks: one box stands for all of them.

Boxes are alike as in an equitable partition, which refinement finds (McKay, 1981): those of a stack
have the same number of lines to each other box and stack. So equal paths and equal diamonds, too,
fold into one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from render.pictures.diagram import Ring, Seen, line_width
from render.words.quantities import milliseconds, percent
from render.words.vertices import Kind

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from render.pictures.diagram import Box, Column, Diagram, Group, Line

_ALIKE: Final = (Kind.ROUTER, Kind.BALANCER)
_UNLIKE: Final = "not alike"


def folded(drawn: Diagram, most: int, room: int | None = None) -> Diagram:
    """The diagram with a stack for more than `most` boxes of a hop that are alike.

    They are of one kind, have the same notes, and as many lines of the same look to each box and
    stack beside them. Where a hop has more boxes than `room` even so, those that are unlike become
    a stack that says so. The JSON and the source for Graphviz keep all of them.
    """
    stacks = _alike(drawn, most)
    if room is not None:
        stacks = _crowded(drawn.columns, stacks, room)
    if not stacks:
        return drawn
    stands_for = {box.key: boxes[0].key for boxes in stacks for box in boxes}
    made = {boxes[0].key: _stack(boxes) for boxes in stacks}
    return drawn._replace(
        columns=tuple(_column(column, made, stands_for) for column in drawn.columns),
        lines=_lines(drawn.lines, stands_for),
        groups=_groups(drawn.groups, stands_for),
    )


def _alike(drawn: Diagram, most: int) -> list[list[Box]]:
    """The boxes of each stack, in the order of their hop."""
    boxes = {box.key: box for column in drawn.columns for box in column.boxes}
    single = {key for line in drawn.lines if line.is_false for key in (line.near, line.far)}
    found = _parted({
        box.key: (hop, box.kind, box.notes, box.likeness)
        for hop, column in enumerate(drawn.columns)
        for box in column.boxes
        if box.kind in _ALIKE and box.key not in single
    }, most)  # fmt: skip
    beside = _beside(drawn.lines)
    while True:
        # A box that is in no class stands for itself.
        finer = _parted({
            key: (own, frozenset(
                Counter((found.get(other, other), look) for other, look in beside[key]).items()
            ))
            for key, own in found.items()
        }, most)  # fmt: skip
        if (len(finer), len({*finer.values()})) == (len(found), len({*found.values()})):
            break
        found = finer
    classes: defaultdict[int, list[Box]] = defaultdict(list)
    for key, own in found.items():
        classes[own].append(boxes[key])
    return list(classes.values())


def _crowded(columns: Iterable[Column], stacks: list[list[Box]], room: int) -> list[list[Box]]:
    """The stacks, with one for what is left of each hop that has more boxes than `room`."""
    stack_of = {box.key: place for place, boxes in enumerate(stacks) for box in boxes}
    made: list[list[Box]] = []
    gone: set[int] = set()
    for column in columns:
        own = {stack_of[box.key] for box in column.boxes if box.key in stack_of}
        left = [box for box in column.boxes if box.key not in stack_of]
        some = [box for box in left if box.kind in _ALIKE]
        if len(own) + len(left) <= room:
            continue
        if len(own) + len(left) - len(some) + 1 > room:
            some, gone = [box for box in column.boxes if box.kind in _ALIKE], gone | own
        if len(some) > 1:
            made.append(some)
    return [boxes for place, boxes in enumerate(stacks) if place not in gone] + made


def _parted(signatures: Mapping[str, Hashable], most: int) -> dict[str, int]:
    """The number of the class of each key; keys of classes of at most `most` have none."""
    classes: defaultdict[Hashable, list[str]] = defaultdict(list)
    for key, signature in signatures.items():
        classes[signature].append(key)
    large = [keys for keys in classes.values() if len(keys) > most]
    return {key: number for number, keys in enumerate(large) for key in keys}


def _beside(lines: Iterable[Line]) -> Mapping[str, list[tuple[str, Hashable]]]:
    """What each box has lines to, and how each looks."""
    beside: defaultdict[str, list[tuple[str, Hashable]]] = defaultdict(list)
    for line in lines:
        look = (line.is_dashed, line.is_partial, line.mark)
        beside[line.near].append((line.far, (*look, "far")))
        beside[line.far].append((line.near, (*look, "near")))
    return beside


def _column(column: Column, made: Mapping[str, Box], stands_for: Mapping[str, str]) -> Column:
    return column._replace(boxes=tuple(
        made.get(box.key, box) for box in column.boxes
        if stands_for.get(box.key, box.key) == box.key
    ))  # fmt: skip


def _stack(boxes: list[Box]) -> Box:
    first, last = boxes[0], boxes[-1]
    is_alike = len({(box.kind, box.notes, box.likeness, _ways(box)) for box in boxes}) == 1
    rings = [box.ring for box in boxes if box.ring is not None]
    every = [box.seen or (Seen("", box.share, box.rtts_s),) for box in boxes]
    named = (box.strong.removeprefix(box.sign).strip() for box in (first, last))
    tips = (" ".join(filter(None, (box.strong, *box.faint))) for box in boxes)
    return first._replace(
        kind=max((box.kind for box in boxes), key=_ALIKE.index),
        strong=f"{first.sign if is_alike else ''} {len(boxes)} interfaces".strip(),
        faint=(
            " to ".join(named),
            *(line for own in zip(*every, strict=False) for line in _figures(own)),
            *(first.notes if is_alike else (_UNLIKE,)),
        ),
        tip="\n".join(tips),
        is_compact=False,
        share=sum(box.share for box in boxes),
        rtts_s=tuple(rtt for box in boxes for rtt in box.rtts_s),
        ring=Ring(
            rings[0].ways,
            max(ring.unseen for ring in rings),
            all(ring.is_finished for ring in rings),
        )
        if rings and is_alike
        else None,
        stands_for=tuple(box.key for box in boxes),
    )


def _ways(box: Box) -> int:
    return 0 if box.ring is None else box.ring.ways


def _figures(seen: Sequence[Seen]) -> list[str]:
    """What one measurement saw of all boxes of a stack: in a line if it has a name."""
    rtts_s = [rtt for own in seen for rtt in own.rtts_s]
    shares = [own.share for own in seen]
    if not any(shares):
        return []
    figures = [
        f"{percent(round(sum(shares), 2))} of flows",
        f"each {_range(f'{min(shares):.1%}'[:-1], f'{max(shares):.1%}'[:-1], '%')}",
    ]
    if rtts_s:
        figures.insert(0, _range(milliseconds(min(rtts_s)), milliseconds(max(rtts_s)), "ms"))
    return [f"{seen[0].by}: {', '.join(figures)}"] if seen[0].by else figures


def _range(least: str, most: str, unit: str) -> str:
    return f"{least} {unit}" if least == most else f"{least} to {most} {unit}"


def _lines(lines: Iterable[Line], stands_for: Mapping[str, str]) -> tuple[Line, ...]:
    """The lines from stack to stack, each as wide as all that it stands for."""
    joined: dict[tuple[str, str, bool], list[Line]] = {}
    for line in lines:
        near, far = (stands_for.get(key, key) for key in (line.near, line.far))
        joined.setdefault((near, far, line.is_false), []).append(line._replace(near=near, far=far))
    return tuple(own[0] if len(own) == 1 else _joined(own) for own in joined.values())


def _joined(lines: list[Line]) -> Line:
    share = min(1.0, sum(line.share for line in lines))
    marks = {line.mark for line in lines}
    has_shares = any(line.share for line in lines)
    flows = f", {percent(round(share, 2))} of all flows" if has_shares else ""
    return lines[0]._replace(
        is_dashed=all(line.is_dashed for line in lines),
        is_partial=any(line.is_partial for line in lines),
        mark=marks.pop() if len(marks) == 1 else "",
        width=line_width(share) if has_shares else max(line.width for line in lines),
        share=share,
        tip=f"{len(lines)} links{flows}",
    )


def _groups(groups: Iterable[Group], stands_for: Mapping[str, str]) -> tuple[Group, ...]:
    """The diamonds, each with its stacks; those that fold into one are counted."""
    same: defaultdict[tuple[str, ...], list[Group]] = defaultdict(list)
    for group in groups:
        same[tuple(dict.fromkeys(stands_for.get(key, key) for key in group.every))].append(group)
    owner = {key: every for every in same for key in every}
    return tuple(
        own[0]._replace(
            label=own[0].label if len(own) == 1 else f"{len(own)} times {own[0].label}",
            boxes=tuple(key for key in every if owner[key] == every),
            every=every,
        )
        for every, own in same.items()
    )
