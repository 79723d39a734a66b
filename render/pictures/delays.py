"""The strip of round-trip times along the foot of a picture."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from render.pictures.boxes import text
from render.pictures.lettering import Run, wrapped
from render.pictures.shapes import Group, circle, polyline
from render.words.quantities import milliseconds

if TYPE_CHECKING:
    from render.pictures.diagram import Diagram
    from render.pictures.layout import Layout
    from render.pictures.shapes import Path, Point, Text
    from render.pictures.sizes import Size

_TITLE: Final = "median RTT"
_DOT: Final = 1.8


def delays(drawn: Diagram, laid: Layout, size: Size, top: float) -> list[Group]:
    """A dot for each box under its hop, as high as its median round trip, and a line by hop.

    `top` is where the strip begins across; beside rows, times grow to the right. Nothing where no
    box has a time.
    """
    known = {
        hop: rtts
        for hop, column in enumerate(drawn.columns)
        if (rtts := sorted(rtt for box in column.boxes for rtt in box.rtts_s))
    }
    if not known:
        return []
    most = max(rtts[-1] for rtts in known.values()) or 1.0
    height = (size.strip - (_DOT if size.runs_down else size.faint)) / most

    def at(along: float, rtt_s: float) -> Point:
        if size.runs_down:
            return top + rtt_s * height, along
        return along, top + size.strip - rtt_s * height

    begin, end = laid.spans[0][0], laid.spans[-1][1]
    shapes: list[Path | Text] = [polyline("axis", [at(begin, 0), at(end, 0)])]
    line = []
    for hop, rtts in known.items():
        along = sum(laid.spans[hop]) / 2
        if len(rtts) > 1:
            shapes.append(polyline("delay", [at(along, rtts[0]), at(along, rtts[-1])]))
        shapes += [circle("dot", *at(along, rtt), _DOT) for rtt in rtts]
        line.append(at(along, median(rtts)))
    if len(line) > 1:
        shapes.append(polyline("delay", line))
    x, y = (top, begin) if size.runs_down else (begin, top)
    runs = [Run(_TITLE, size.faint), Run(f"to {milliseconds(most)} ms", size.faint)]
    if size.runs_down:
        runs = wrapped(Run(" ".join(run.text for run in runs), size.faint), size.strip)
    for run in runs:
        shapes.append(text("faint", run, x, y + run.baseline))
        y += run.height
    return [Group("delays", "", tuple(shapes))]
