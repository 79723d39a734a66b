"""Branches of a diagram that are alike, folded into stacks: one box stands for all of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from render.pictures.diagram import Ring, line_width
from render.words.quantities import milliseconds, percent
from render.words.vertices import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from render.pictures.diagram import Box, Column, Diagram, Group, Line

_ALIKE: Final = (Kind.ROUTER, Kind.BALANCER)


class _Likeness(NamedTuple):
    """What boxes have in common if nothing but their addresses, times and shares differs."""

    kind: Kind
    near: frozenset[tuple[str, bool, str]]
    far: frozenset[tuple[str, bool, str]]
    notes: tuple[str, ...]


def folded(drawn: Diagram, most: int) -> Diagram:
    """The diagram with a stack for more than `most` boxes that lie side by side and are alike.

    Boxes are alike if they have the same neighbours on both sides by lines of the same look, the
    same kind and the same notes. The JSON and the source for Graphviz keep all of them.
    """
    stands_for: dict[str, str] = {}
    columns = tuple(_column(column, drawn.lines, most, stands_for) for column in drawn.columns)
    if not stands_for:
        return drawn
    return drawn._replace(
        columns=columns,
        lines=_lines(drawn.lines, stands_for),
        groups=tuple(_group(group, stands_for) for group in drawn.groups),
    )


def _column(column: Column, lines: Iterable[Line], most: int, stands_for: dict[str, str]) -> Column:
    """The column with its stacks; `stands_for` gets the stack of each box that is in one."""
    if len(column.boxes) <= most:
        return column
    near: defaultdict[str, set[tuple[str, bool, str]]] = defaultdict(set)
    far: defaultdict[str, set[tuple[str, bool, str]]] = defaultdict(set)
    single = set()
    for line in lines:
        far[line.near].add((line.far, line.is_dashed, line.mark))
        near[line.far].add((line.near, line.is_dashed, line.mark))
        if line.is_false:
            single |= {line.near, line.far}
    alike: defaultdict[_Likeness, list[Box]] = defaultdict(list)
    for box in column.boxes:
        if box.kind in _ALIKE and box.key not in single:
            beside = frozenset(near[box.key]), frozenset(far[box.key])
            alike[_Likeness(box.kind, *beside, box.notes)].append(box)
    stacks = {boxes[0].key: _stack(boxes) for boxes in alike.values() if len(boxes) > most}
    for boxes in alike.values():
        if boxes[0].key in stacks:
            stands_for.update((box.key, boxes[0].key) for box in boxes)
    return column._replace(boxes=tuple(
        stacks.get(box.key, box) for box in column.boxes
        if stands_for.get(box.key, box.key) == box.key
    ))  # fmt: skip


def _stack(boxes: list[Box]) -> Box:
    first, last = boxes[0], boxes[-1]
    rtts_s = tuple(rtt for box in boxes for rtt in box.rtts_s)
    rings = [box.ring for box in boxes if box.ring is not None]
    total, shares = sum(box.share for box in boxes), [box.share for box in boxes]
    faint = (
        f"{first.strong} to {last.strong}",
        _range(milliseconds(min(rtts_s)), milliseconds(max(rtts_s)), "ms") if rtts_s else "",
        f"{percent(round(total, 2))} of flows",
        f"each {_range(f'{min(shares):.1%}'[:-1], f'{max(shares):.1%}'[:-1], '%')}",
        *first.notes,
    )
    tips = (" ".join(filter(None, (box.strong, *box.faint))) for box in boxes)
    return first._replace(
        strong=f"{len(boxes)} interfaces",
        faint=tuple(filter(None, faint)),
        tip="\n".join(tips),
        is_compact=False,
        share=total,
        rtts_s=rtts_s,
        ring=Ring(
            rings[0].ways,
            max(ring.unseen for ring in rings),
            all(ring.is_finished for ring in rings),
        )
        if rings
        else None,
        stands_for=tuple(box.key for box in boxes),
    )


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
    return lines[0]._replace(
        width=line_width(share),
        share=share,
        tip=f"{len(lines)} links, {percent(round(share, 2))} of all flows",
    )


def _group(group: Group, stands_for: Mapping[str, str]) -> Group:
    boxes, every = (
        tuple(key for key in keys if stands_for.get(key, key) == key)
        for keys in (group.boxes, group.every)
    )
    return group._replace(boxes=boxes, every=every)
